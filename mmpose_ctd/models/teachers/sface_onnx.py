"""Reads SFace's published ONNX file as a state dict of this package."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.backbones.sface_net import SFaceNet
from mmpose_ctd.models.heads.sface_embedding import SFaceEmbedding
from mmpose_ctd.models.layers import PReLU, StridedDepthwiseConv2d

from .checkpoint_writer import listed

__all__ = ['read_sface_onnx']

_OPS = {
    nn.Conv2d: 'Conv',
    StridedDepthwiseConv2d: 'Conv',
    nn.BatchNorm2d: 'BatchNormalization',
    nn.BatchNorm1d: 'BatchNormalization',
    PReLU: 'PRelu',
    nn.Linear: 'Gemm',
}
# In the order of the ONNX operator's inputs after the first.
_TENSORS = {
    'Conv': ('weight', 'bias'),
    'BatchNormalization': ('weight', 'bias', 'running_mean', 'running_var'),
    'PRelu': ('weight',),
    'Gemm': ('weight', 'bias'),
}
# Without weights; dropout does nothing in inference.
_WEIGHTLESS = ('Dropout', 'Flatten')


class _WrongNetworkError(Exception):
    """The first difference of the graph from SFace."""


def read_sface_onnx(data: bytes, where: str = '') -> dict[str, Tensor]:
    """Read the published file as a state dict.

    The graph is followed from input to output. Each node is compared with the
    expected layer: operator, stride, padding, groups, BatchNorm's epsilon,
    shape of each weight. Names in the file do not matter. Nothing outside the
    bytes is read.

    Args:
        data (bytes): Contents of ``face_recognition_sface_2021dec.onnx``.
        where (str): The file, for the errors.

    Returns:
        dict[str, Tensor]: ``backbone.*`` for :class:`SFaceNet` and
        ``head.*`` for :class:`SFaceEmbedding`, every key of both.

    Raises:
        InputError: If the bytes are not an ONNX file, or another network.
    """
    graph = _parse(data, where)
    stored = {item.name: item for item in graph.initializer}
    layers = list(_layers())
    wanted = [
        f'{name}.{key}'
        for name, layer in layers
        for key in _TENSORS[_OPS[type(layer)]]
        if getattr(layer, key) is not None
    ]
    state: dict[str, Tensor] = {}
    used: set[str] = set()
    reason = ''
    try:
        _walk(graph, stored, layers, state, used)
    except _WrongNetworkError as error:
        reason = str(error)
    left_over = [name for name in stored if name not in used]
    unfilled = [key for key in wanted if key not in state]
    if reason or left_over or unfilled:
        reason = reason or 'it has more weights than its graph uses'
        raise InputError(
            where=where,
            found=f'another network than SFace: {reason}. Left over in the '
            f'file: {listed(left_over, 8) or "nothing"}. Unfilled: '
            f'{listed(unfilled, 8) or "nothing"}',
            expected='the published SFace',
        )
    for name, layer in layers:
        if hasattr(layer, 'num_batches_tracked'):
            # ONNX has no such counter; a strict load needs it.
            state[f'{name}.num_batches_tracked'] = torch.tensor(0)
    return state


def _parse(data: bytes, where: str):
    """The graph of an ONNX file."""
    import onnx
    from google.protobuf.message import DecodeError

    cause = None
    try:
        graph = onnx.load_model_from_string(data).graph
        # Protobuf reads an empty file, and some text, as an empty message.
        if graph.node:
            return graph
    except DecodeError as error:
        cause = error
    raise InputError(
        where=where,
        found=f'not an ONNX file with a network ({len(data)} bytes, beginning '
        f'{data[:16]!r})',
        expected='the published SFace of 38696353 bytes',
    ) from cause


def _layers() -> Iterator[tuple[str, nn.Module]]:
    """Key prefix and layer, from input to output."""
    with torch.device('meta'):
        parts = {'backbone': SFaceNet(), 'head': SFaceEmbedding()}
    for part, module in parts.items():
        for name, layer in module.named_modules():
            if type(layer) in _OPS:
                yield f'{part}.{name}', layer


def _walk(graph, stored, layers, state, used) -> None:
    """Fill ``state`` and ``used`` until the graph ends or differs."""
    chain = _chain(graph, stored)
    for op, expected in (('Sub', SFaceNet.mean), ('Mul', SFaceNet.std)):
        node = next(chain, None)
        _expect(node, op, 'the input normalisation')
        if len(node.input) != 2:
            raise _WrongNetworkError(f'{op} {node.name!r} is malformed')
        value = _tensor(stored, node.input[1])
        if op == 'Mul':
            value = 1 / value
        if value.numel() != 1 or not math.isclose(
            value.item(), expected[0], rel_tol=1e-6
        ):
            raise _WrongNetworkError(
                f'its input normalisation ({node.name}) says '
                f'{value.flatten().tolist()}, not {expected[0]}'
            )
        used.add(node.input[1])
    nodes = (node for node in chain if node.op_type not in _WEIGHTLESS)
    for name, layer in layers:
        node = next(nodes, None)
        _expect(node, _OPS[type(layer)], name)
        _compare_attributes(node, name, layer)
        keys = _TENSORS[node.op_type]
        keys = [key for key in keys if getattr(layer, key) is not None]
        if len(node.input) != len(keys) + 1:
            raise _WrongNetworkError(
                f'{node.op_type} {node.name!r} has {len(node.input) - 1} '
                f'weights, {name} has {len(keys)} ({", ".join(keys)})'
            )
        for key, source in zip(keys, node.input[1:]):
            value = _tensor(stored, source)
            shape = getattr(layer, key).shape
            if node.op_type == 'PRelu':
                value = value.flatten()  # (C, 1, 1): one slope a channel
            if value.shape != shape:
                raise _WrongNetworkError(
                    f'{source!r} has shape {tuple(value.shape)}, '
                    f'{name}.{key} has {tuple(shape)}'
                )
            state[f'{name}.{key}'] = value
            used.add(source)
    extra = next(nodes, None)
    if extra is not None:
        raise _WrongNetworkError(
            f'it goes on with {extra.op_type} {extra.name!r} after {name}'
        )


def _chain(graph, stored) -> Iterator:
    """The nodes from the image on, which must not branch."""
    readers: dict[str, list] = {}
    for node in graph.node:
        for source in node.input:
            if source not in stored:
                readers.setdefault(source, []).append(node)
    images = [item.name for item in graph.input if item.name not in stored]
    if len(images) != 1:
        raise _WrongNetworkError(f'it has {len(images)} inputs, not 1')
    (current,) = images
    # A forged graph may have a cycle: limit the steps.
    for _ in graph.node:
        following = readers.get(current, [])
        if not following:
            return
        if len(following) > 1:
            raise _WrongNetworkError(
                f'it branches after {current!r}, SFace is a chain'
            )
        yield following[0]
        if not following[0].output:
            return
        current = following[0].output[0]


def _expect(node, op: str, name: str) -> None:
    if node is None:
        raise _WrongNetworkError(f'it ends where {name} ({op}) should be')
    if node.op_type != op:
        raise _WrongNetworkError(
            f'{node.op_type} {node.name!r} stands where {name} ({op}) '
            'should be'
        )


def _compare_attributes(node, name: str, layer: nn.Module) -> None:
    """Compare the settings that shapes of weights do not show."""
    from onnx.helper import get_attribute_value

    found = {item.name: get_attribute_value(item) for item in node.attribute}
    if isinstance(layer, nn.Conv2d):
        expected = {
            'strides': list(layer.stride),
            'pads': list(layer.padding) * 2,
            'dilations': list(layer.dilation),
            'group': layer.groups,
        }
        default = {
            'strides': [1, 1],
            'pads': [0] * 4,
            'dilations': [1, 1],
            'group': 1,
        }
    elif isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
        expected, default = {'epsilon': layer.eps}, {'epsilon': 1e-5}
    elif isinstance(layer, nn.Linear):
        expected = {'transA': 0, 'transB': 1, 'alpha': 1.0, 'beta': 1.0}
        default = dict(expected, transB=0)
    else:
        return
    for key, value in expected.items():
        seen = found.get(key, default[key])
        same = seen == value
        if isinstance(value, float):  # stored in float32
            same = math.isclose(seen, value, rel_tol=1e-5)
        if not same:
            raise _WrongNetworkError(
                f'{node.op_type} {node.name!r} has {key} {seen}, {name} has '
                f'{value}'
            )


def _tensor(stored, name: str) -> Tensor:
    """A weight of the file, finite and in float32."""
    from onnx import TensorProto, numpy_helper

    item = stored.get(name)
    if item is None:
        raise _WrongNetworkError(f'{name!r} is not among its weights')
    if item.data_location == TensorProto.EXTERNAL:
        raise _WrongNetworkError(f'{name!r} lies in another file')
    try:
        array = numpy_helper.to_array(item)
    except (ValueError, TypeError) as error:
        raise _WrongNetworkError(f'{name!r} is damaged ({error})') from error
    if array.dtype != 'float32':
        raise _WrongNetworkError(f'{name!r} is {array.dtype}, not float32')
    value = torch.from_numpy(array.copy())
    if not value.isfinite().all():
        raise _WrongNetworkError(f'{name!r} has values that are not finite')
    return value
