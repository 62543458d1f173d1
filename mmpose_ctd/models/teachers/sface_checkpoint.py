"""Converts SFace's published ONNX file into a checkpoint of this package."""

import math
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.backbones.sface_net import SFaceNet
from mmpose_ctd.models.heads.sface_embedding import SFaceEmbedding
from mmpose_ctd.models.layers import PReLU, StridedDepthwiseConv2d

from .checkpoint_writer import WrongNetworkError, convert

PUBLISHED = dict(
    file='face_recognition_sface_2021dec.onnx, which '
    '`mmpose_ctd download sface` gets',
    sha256='0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79',
    source='SFace, 2021dec (OpenCV zoo)',
    license='Apache-2.0',
    converter='sface_to_mmpose',
    # Raised by one when the keys of the written file change.
    converter_version=1,
)

#: Layer -> ONNX's operator, and our weights in the order of its inputs.
_NORM = 'BatchNormalization', ('weight', 'bias', 'running_mean', 'running_var')
_OPS = {
    nn.Conv2d: ('Conv', ('weight', 'bias')),
    StridedDepthwiseConv2d: ('Conv', ('weight', 'bias')),
    nn.BatchNorm2d: _NORM,
    nn.BatchNorm1d: _NORM,
    PReLU: ('PRelu', ('weight',)),
    nn.Linear: ('Gemm', ('weight', 'bias')),
}
#: ONNX's defaults of the attributes that the shapes of weights do not show.
_DEFAULTS = dict(
    strides=[1, 1],
    pads=[0] * 4,
    dilations=[1, 1],
    group=1,
    epsilon=1e-5,
    transA=0,
    transB=0,
    alpha=1.0,
    beta=1.0,
)


def convert_sface(
    source: str | Path, target: str | Path, force: bool = False
) -> dict:
    """Convert the published ONNX file; see :func:`.convert`."""

    def read(path: Path) -> dict[str, Tensor]:
        return read_sface_onnx(path.read_bytes(), str(path))

    return convert(source, target, force, PUBLISHED, read, _networks)


def _networks() -> dict[str, nn.Module]:
    return {'backbone': SFaceNet(), 'head': SFaceEmbedding()}


def read_sface_onnx(data: bytes, where: str = '') -> dict[str, Tensor]:
    """Read the state dict of both networks from the published file's bytes.

    The graph is followed from input to output. Each node is compared with the
    expected layer: operator, stride, padding, groups, BatchNorm's epsilon,
    shape of each weight. Names in the file do not matter. Nothing outside the
    bytes is read.

    Raises:
        InputError: If the bytes are not an ONNX file, or another network.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load_model_from_string(data).graph
    except DecodeError:
        graph = None
    # Protobuf reads an empty file, and some text, as an empty message.
    if not graph or not graph.node:
        raise InputError(
            where=where,
            found=f'not an ONNX file with a network ({len(data)} bytes, '
            f'beginning {data[:16]!r})',
            expected='the published SFace of 38696353 bytes',
        )
    try:
        return _walk(graph)
    except WrongNetworkError as error:
        raise InputError(
            where=where,
            found=f'another network than SFace: {error}',
            expected='the published SFace',
        ) from error


def _walk(graph) -> dict[str, Tensor]:
    """The weights along the graph, by the names of our layers."""
    stored = {item.name: item for item in graph.initializer}
    state: dict[str, Tensor] = {}
    used: set[str] = set()
    nodes = _chain(graph, stored)
    for op, expected in (('Sub', SFaceNet.mean[0]), ('Mul', SFaceNet.std[0])):
        node = next(nodes, None)
        (value,) = _weights(node, op, 'the normalisation', stored)
        used.add(node.input[1])
        value = 1 / value if op == 'Mul' else value
        if value.numel() != 1 or not math.isclose(
            value.item(), expected, rel_tol=1e-6
        ):
            raise WrongNetworkError(
                f'its input normalisation says {value.flatten().tolist()}, '
                f'not {expected}'
            )
    for name, layer in _layers():
        op, keys = _OPS[type(layer)]
        keys = [key for key in keys if getattr(layer, key) is not None]
        node = next(nodes, None)
        values = _weights(node, op, name, stored)
        used.update(node.input[1:])
        if len(values) != len(keys):
            raise WrongNetworkError(
                f'{op} {node.name!r} has {len(values)} weights, {name} has '
                f'{len(keys)} ({", ".join(keys)})'
            )
        _compare_attributes(node, name, layer)
        for key, value, source in zip(keys, values, node.input[1:]):
            shape = getattr(layer, key).shape
            if op == 'PRelu':
                value = value.flatten()  # (C, 1, 1): one slope a channel
            if value.shape != shape:
                raise WrongNetworkError(
                    f'{source!r} has shape {tuple(value.shape)}, '
                    f'{name}.{key} has {tuple(shape)}'
                )
            state[f'{name}.{key}'] = value
    extra = next(nodes, None)
    if extra is not None:
        raise WrongNetworkError(
            f'it goes on with {extra.op_type} {extra.name!r} after {name}'
        )
    left_over = sorted(stored.keys() - used)
    if left_over:
        raise WrongNetworkError(
            f'it has weights that its graph does not use: {left_over[:8]}'
        )
    for name, layer in _layers():
        if hasattr(layer, 'num_batches_tracked'):
            # ONNX has no such counter; a strict load needs it.
            state[f'{name}.num_batches_tracked'] = torch.tensor(0)
    return state


def _layers() -> Iterator[tuple[str, nn.Module]]:
    """Key prefix and layer, from input to output."""
    with torch.device('meta'):
        parts = _networks()
    for part, module in parts.items():
        for name, layer in module.named_modules():
            if type(layer) in _OPS:
                yield f'{part}.{name}', layer


def _chain(graph, stored: dict) -> Iterator:
    """The nodes with weights from the image on, which must not branch."""
    readers: dict[str, list] = {}
    for node in graph.node:
        for source in node.input:
            if source not in stored:
                readers.setdefault(source, []).append(node)
    images = [item.name for item in graph.input if item.name not in stored]
    if len(images) != 1:
        raise WrongNetworkError(f'it has {len(images)} inputs, not 1')
    (current,) = images
    # A forged graph may have a cycle: limit the steps.
    for _ in graph.node:
        following = readers.get(current, [])
        if not following:
            return
        if len(following) > 1:
            raise WrongNetworkError(
                f'it branches after {current!r}, SFace is a chain'
            )
        # Dropout does nothing in inference.
        if following[0].op_type not in ('Dropout', 'Flatten'):
            yield following[0]
        if not following[0].output:
            return
        current = following[0].output[0]


def _weights(node, op: str, name: str, stored: dict) -> list[Tensor]:
    """The weights of a node of this operator, finite and in float32."""
    from onnx import TensorProto, numpy_helper

    if node is None or node.op_type != op:
        found = f'{node.op_type} {node.name!r} stands' if node else 'it ends'
        raise WrongNetworkError(f'{found} where {name} ({op}) should be')
    values = []
    for source in node.input[1:]:
        item = stored.get(source)
        if item is None:
            raise WrongNetworkError(f'{source!r} is not among its weights')
        if item.data_location == TensorProto.EXTERNAL:
            raise WrongNetworkError(f'{source!r} lies in another file')
        try:
            array = numpy_helper.to_array(item)
        except (ValueError, TypeError) as error:
            raise WrongNetworkError(
                f'{source!r} is damaged ({error})'
            ) from error
        if array.dtype != 'float32':
            raise WrongNetworkError(
                f'{source!r} is {array.dtype}, not float32'
            )
        values.append(torch.from_numpy(array.copy()))
        if not values[-1].isfinite().all():
            raise WrongNetworkError(
                f'{source!r} has values that are not finite'
            )
    if op in ('Sub', 'Mul') and len(values) != 1:
        raise WrongNetworkError(f'{op} {node.name!r} is malformed')
    return values


def _compare_attributes(node, name: str, layer: nn.Module) -> None:
    """Compare the settings that shapes of weights do not show."""
    from onnx.helper import get_attribute_value

    expected = {}
    if isinstance(layer, nn.Conv2d):
        expected = dict(
            strides=list(layer.stride),
            pads=list(layer.padding) * 2,
            dilations=list(layer.dilation),
            group=layer.groups,
        )
    elif isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
        expected = dict(epsilon=layer.eps)
    elif isinstance(layer, nn.Linear):
        expected = dict(transA=0, transB=1, alpha=1.0, beta=1.0)
    found = {item.name: get_attribute_value(item) for item in node.attribute}
    for key, value in expected.items():
        seen = found.get(key, _DEFAULTS[key])
        same = seen == value
        if isinstance(value, float):  # stored in float32
            same = math.isclose(seen, value, rel_tol=1e-5)
        if not same:
            raise WrongNetworkError(
                f'{node.op_type} {node.name!r} has {key} {seen}, {name} has '
                f'{value}'
            )
