"""Converts SFace's published ONNX file into a checkpoint of this package."""

from pathlib import Path

import torch
from torch import Tensor, nn

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.backbones.sface_net import SFaceNet
from mmpose_ctd.models.heads.sface_embedding import SFaceEmbedding

from .checkpoint_writer import convert, empty_state, fingerprint

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
#: Of the published graph, see :func:`_structure`.
_FINGERPRINT = (
    '257c0e1f89d3d46d80a98cd91a5796a1070405231828d57a46727c5da0cbb2ee'
)
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

    The graph must be the published one: operators and the order in which they
    follow each other, stride, padding, groups, BatchNorm's epsilon, shapes of
    weights. Names in the file do not matter. Nothing outside the bytes is
    read.

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
    stored = {item.name: item for item in graph.initializer}
    if fingerprint(_structure(graph, stored)) != _FINGERPRINT:
        raise InputError(
            where=where,
            found='another network than SFace',
            expected='the published SFace',
        )
    names = [name for node in graph.node for name in node.input[1:]]
    try:
        mean, scale, *values = (
            torch.from_numpy(onnx.numpy_helper.to_array(stored[name]).copy())
            for name in names
        )
    except (ValueError, TypeError) as error:
        raise InputError(
            where=where,
            found=f'damaged weights ({error})',
            expected='the published SFace',
        ) from error
    if (mean.item(), scale.item()) != (SFaceNet.mean[0], 1 / SFaceNet.std[0]):
        raise InputError(
            where=where,
            found=f'another input normalisation, (x - {mean.item():g}) * '
            f'{scale.item():g}',
            expected='the published SFace',
        )
    # ONNX has the layers and their weights in the same order, but no counter.
    found = iter(values)
    return {
        key: torch.tensor(0)
        if key.endswith('num_batches_tracked')
        else next(found).reshape(value.shape)
        for key, value in empty_state(_networks).items()
    }


def _structure(graph, stored: dict) -> list:
    """What decides a graph's results besides the values of its weights."""
    from onnx.helper import get_attribute_value

    makers = {
        name: i for i, node in enumerate(graph.node) for name in node.output
    }
    found = [len(stored), sum(i.name not in stored for i in graph.input)]
    for node in graph.node:
        given = {
            item.name: get_attribute_value(item) for item in node.attribute
        }
        settings = [given.get(key, value) for key, value in _DEFAULTS.items()]
        inputs = []
        for name in node.input:
            item = stored.get(name)
            inputs.append(
                [*item.dims, item.data_type, item.data_location]
                if item
                else makers.get(name)
            )
        found.append([node.op_type, settings, inputs])
    return found
