"""Converts MediaPipe's face landmarker into a checkpoint of this package."""

import io
import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.backbones.face_landmarker_v2 import FaceLandmarkerV2
from mmpose_ctd.models.heads.face_landmarker_v2_head import (
    FaceLandmarkerV2Head,
)

from .checkpoint_writer import convert, empty_state, fingerprint
from .tflite_graph import TfliteGraph, read_tflite

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
#: Of the published graph, see :func:`_structure`.
_FINGERPRINT = (
    '727ab1bcc6c0463dc6b9ab58282483004c349d084303646e130a08f824d98773'
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

    The graph must be the published one: operators, their settings, shapes of
    weights, and which results each reads. Names in the file do not matter.

    Raises:
        InputError: If it is another file or another network.
    """
    # The published archive begins with two zeros.
    if b'PK\x03\x04' in data[:16]:
        data = _unpacked(data, where)
    graph = read_tflite(data, where)
    reason = 'its operators differ'
    try:
        if fingerprint(_structure(graph)) == _FINGERPRINT:
            return _state(graph)
    except ValueError as error:
        reason = error
    raise InputError(
        where=where,
        found="another network than MediaPipe's second face landmarker "
        f'({reason})',
        expected=_EXPECTED,
    )


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


def _structure(graph: TfliteGraph) -> list:
    """What decides a graph's results besides the values of its weights."""
    makers = {n: i for i, o in enumerate(graph.operators) for n in o.outputs}
    makers |= dict.fromkeys(graph.inputs, 'image')
    found = [
        [graph.tensors[number].shape for number in graph.inputs],
        [makers.get(number) for number in graph.outputs],
    ]
    for operator in graph.operators:
        options, inputs = dict(operator.options), []
        for number in operator.inputs:
            value = None if number in makers else graph.constant(number)
            if value is None:
                inputs.append(makers.get(number))
            elif value.dtype.kind == 'i':
                inputs.append(value.tolist())
            else:
                inputs.append((value.dtype.str, value.shape))
                # A 1x1 kernel needs no padding, whatever the file says.
                if value.shape[1:3] == (1, 1):
                    options.pop('padding', None)
        found.append([operator.kind, sorted(options.items()), inputs])
    return found


def _state(graph: TfliteGraph) -> dict[str, Tensor]:
    """The weights under our names."""
    own = empty_state(_networks)
    # The graph has the layers in our order, except the last three; the score
    # of the tongue is left out.
    *body, _, presence, points = (
        operator
        for operator in graph.operators
        if operator.kind in ('CONV_2D', 'DEPTHWISE_CONV_2D', 'PRELU')
    )
    values = []
    for operator in (*body, points, presence):
        weight, *bias = (graph.constant(n) for n in operator.inputs[1:])
        if operator.kind == 'CONV_2D':
            weight = weight.transpose(0, 3, 1, 2)
        elif operator.kind == 'DEPTHWISE_CONV_2D':
            weight = weight.transpose(3, 0, 1, 2)
            if bias.pop().any():
                raise ValueError('a depthwise convolution has a bias')
        values += [weight, *bias]
    return {
        key: torch.from_numpy(np.ascontiguousarray(value)).view(wanted.shape)
        for (key, wanted), value in zip(own.items(), values, strict=True)
    }
