"""Converts MediaPipe's face landmarker into a checkpoint of this package."""

import io
import zipfile
from pathlib import Path

import numpy as np
import torch
from mmcv.cnn.bricks import Conv2dAdaptivePadding
from torch import Tensor, nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.backbones.face_landmarker_v2 import (
    Bottleneck,
    FaceLandmarkerV2,
)
from mmpose_ctd.models.heads.face_landmarker_v2_head import (
    FaceLandmarkerV2Head,
)
from mmpose_ctd.models.layers import PReLU

from .checkpoint_writer import WrongNetworkError, convert
from .tflite_graph import TfliteGraph, TfliteOperator, read_tflite

PUBLISHED = dict(
    file='face_landmarker.task, which `mmpose_ctd download face-landmarker` '
    'gets',
    sha256='64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff',
    source='MediaPipe face landmarker V2, float16, version 1',
    license='Apache-2.0',
    converter='face_landmarker_to_mmpose',
    # Raised by one when the keys of the written file change.
    converter_version=1,
)
#: The network in the published archive.
MEMBER = 'face_landmarks_detector.tflite'
#: Bytes; the published member has 2,553,590.
_LARGEST = 32_000_000
_EXPECTED = 'face_landmarker.task of MediaPipe (float16, version 1)'


def convert_face_landmarker(
    source: str | Path, target: str | Path, force: bool = False
) -> dict:
    """Convert the published file, or the ``.tflite`` in it.

    See :func:`.convert`.
    """

    def read(path: Path) -> dict[str, Tensor]:
        return read_face_landmarker(path.read_bytes(), str(path))

    return convert(source, target, force, PUBLISHED, read, _networks)


def _networks() -> dict[str, nn.Module]:
    return {'backbone': FaceLandmarkerV2(), 'head': FaceLandmarkerV2Head()}


def read_face_landmarker(data: bytes, where: str = '') -> dict[str, Tensor]:
    """Read the state dict of both networks from the published file's bytes.

    The graph is followed from the image to the results and compared with the
    network, operator by operator: settings, shapes of weights, and which
    results are added. Names in the file do not matter.

    Raises:
        InputError: If it is another file or another network.
    """
    # The published archive begins with two zeros.
    if b'PK\x03\x04' in data[:16]:
        data = _unpacked(data, where)
    graph = read_tflite(data, where)
    try:
        return _Walk(graph).state()
    except WrongNetworkError as error:
        raise InputError(
            where=where,
            found=f"another network than MediaPipe's second face landmarker: "
            f'{error}',
            expected=_EXPECTED,
        ) from None


def _unpacked(data: bytes, where: str) -> bytes:
    reason = f'a zip archive without {MEMBER}'
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            info = archive.NameToInfo.get(MEMBER)
            if info is not None and info.file_size > _LARGEST:
                reason = f'{MEMBER} of {info.file_size} bytes'
            elif info is not None:
                return archive.read(info)
    # A damaged archive may raise anything.
    except Exception as error:
        reason = f'a zip archive that cannot be unpacked ({error})'
    raise InputError(where=where, found=reason, expected=_EXPECTED)


class _Walk:
    """Follows a graph along the network and collects its weights."""

    def __init__(self, graph: TfliteGraph) -> None:
        self.graph = graph
        self.weights: dict[str, Tensor] = {}
        self.readers: dict[int, list[TfliteOperator]] = {}
        self.taken = 0
        for operator in graph.operators:
            for number in set(operator.inputs):
                self.readers.setdefault(number, []).append(operator)

    def state(self) -> dict[str, Tensor]:
        """Compare the whole graph; the weights of both networks."""
        with torch.device('meta'):
            networks = _networks()
        if len(self.graph.inputs) != 1 or len(self.graph.outputs) != 3:
            raise WrongNetworkError(
                f'it has {len(self.graph.inputs)} inputs and '
                f'{len(self.graph.outputs)} outputs, not 1 and 3'
            )
        (at,) = self.graph.inputs
        width, height = FaceLandmarkerV2.input_size
        shape = self.graph.tensors[at].shape
        if shape != (1, height, width, 3):
            raise WrongNetworkError(f'its input is {shape}')
        trunk, head = networks['backbone'], networks['head']
        for name, module in trunk.named_children():
            at = self.chain(f'backbone.{name}', module, at)
        at = self.chain('head.stage6', head.stage6, at)
        points, presence, tongue = self.graph.outputs
        self.layer('head.landmarks', head.landmarks, at, points)
        self.layer('head.presence', head.presence, at, presence)
        self.tongue(at, tongue)
        if self.taken != len(self.graph.operators):
            raise WrongNetworkError(
                f'{len(self.graph.operators) - self.taken} of its '
                f'{len(self.graph.operators)} operators are not part of it'
            )
        return self.weights

    def chain(self, name: str, modules: nn.Sequential, at: int) -> int:
        for key, module in modules.named_children():
            follow = (
                self.block if isinstance(module, Bottleneck) else self.layer
            )
            at = follow(f'{name}.{key}', module, at)
        return at

    def block(self, name: str, block: Bottleneck, at: int) -> int:
        own = at
        for key in ('reduce', 'act1', 'depthwise', 'expand'):
            own = self.layer(f'{name}.{key}', getattr(block, key), own)
        if block.down:
            pool = self.take(f'{name} (max-pool)', 'MAX_POOL_2D', at)
            self.compare(name, pool, 'VALID', stride=(2, 2), filter=(2, 2))
            at = pool.outputs[0]
        if block.new_channels:
            pad = self.take(f'{name} (zero channels)', 'PAD', at)
            found = self.constant(pad, 1)
            if found.tolist() != [[0, 0]] * 3 + [[0, block.new_channels]]:
                raise WrongNetworkError(f'{name} pads {found.tolist()}')
            at = pad.outputs[0]
        total = self.take(f'{name} (sum)', 'ADD', own)
        if sorted(total.inputs) != sorted((at, own)):
            raise WrongNetworkError(f'{name} adds another result')
        self.compare(name, total)
        return self.layer(f'{name}.act2', block.act2, total.outputs[0])

    def layer(
        self, name: str, layer: nn.Module, at: int, end: int | None = None
    ) -> int:
        """Compare a layer with weights; the number of its result."""
        if isinstance(layer, PReLU):
            slopes = self.take(name, 'PRELU', at)
            self.fill(f'{name}.weight', layer.weight, slopes, 1, flat=True)
            return slopes.outputs[0]
        depthwise = layer.groups > 1
        kind = 'DEPTHWISE_CONV_2D' if depthwise else 'CONV_2D'
        conv = self.take(name, kind, at, end)
        # A 3x3 kernel with padding 1 is "SAME" at stride 1.
        adapts = isinstance(layer, Conv2dAdaptivePadding)
        same = adapts or layer.padding == (1, 1)
        expected = dict(stride=layer.stride, dilation=(1, 1))
        # A 1x1 kernel needs no padding, whatever the file says.
        if layer.kernel_size != (1, 1):
            expected['padding'] = 'SAME' if same else 'VALID'
        if depthwise:
            expected['multiplier'] = 1
        self.compare(name, conv, **expected)
        # (out, h, w, in), or (1, h, w, out) of a depthwise kernel.
        axes = (3, 0, 1, 2) if depthwise else (0, 3, 1, 2)
        self.fill(f'{name}.weight', layer.weight, conv, 1, axes=axes)
        if layer.bias is not None:
            self.fill(f'{name}.bias', layer.bias, conv, 2)
        elif self.constant(conv, 2).any():
            raise WrongNetworkError(f'{name} has a bias that is not 0')
        return conv.outputs[0]

    def tongue(self, at: int, end: int) -> None:
        """The score of the tongue, which the head does not have."""
        made = {n: o for o in self.graph.operators for n in o.outputs}
        for kind in ('RESHAPE', 'LOGISTIC', 'CONV_2D'):
            operator = made.get(end)
            if operator is None or operator.kind != kind:
                raise WrongNetworkError(
                    f"its third result is not the tongue's score: no {kind}"
                )
            self.taken += 1
            end = operator.inputs[0]
        if end != at:
            raise WrongNetworkError('its third result has another source')

    def take(
        self, name: str, kind: str, at: int, end: int | None = None
    ) -> TfliteOperator:
        """The only operator of this kind that reads a result."""
        found = [
            o
            for o in self.readers.get(at, ())
            if o.kind == kind and end in (None, *o.outputs)
        ]
        if len(found) != 1 or len(found[0].outputs) != 1:
            others = [o.kind for o in self.readers.get(at, ())]
            raise WrongNetworkError(
                f'{len(found)} operators {kind} where {name} should be '
                f'(found {others or "nothing"})'
            )
        self.taken += 1
        return found[0]

    def compare(
        self, name: str, operator: TfliteOperator, padding='', **expected
    ) -> None:
        expected['activation'] = 0
        if padding:
            expected['padding'] = padding
        for key, value in expected.items():
            if operator.options[key] != value:
                raise WrongNetworkError(
                    f'{name} has {key} {operator.options[key]}, not {value}'
                )

    def constant(self, operator: TfliteOperator, index: int) -> np.ndarray:
        value = None
        if index < len(operator.inputs) and operator.inputs[index] >= 0:
            value = self.graph.constant(operator.inputs[index])
        if value is None:
            raise WrongNetworkError(
                f'input {index} of a {operator.kind} is not a constant'
            )
        return value

    def fill(self, key, own, operator, index, axes=None, flat=False) -> None:
        value = self.constant(operator, index)
        if flat:
            value = value.reshape(-1)
        elif axes and value.ndim == 4:
            value = value.transpose(axes)
        if value.dtype != np.float32 or value.shape != tuple(own.shape):
            raise WrongNetworkError(
                f'{key} is {value.dtype} {value.shape}, not float32 '
                f'{tuple(own.shape)}'
            )
        if not np.isfinite(value).all():
            raise WrongNetworkError(f'{key} has values that are not finite')
        self.weights[key] = torch.from_numpy(np.ascontiguousarray(value))
