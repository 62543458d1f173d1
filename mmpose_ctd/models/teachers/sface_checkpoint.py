"""Converts SFace into a checkpoint of this package."""

from pathlib import Path

from mmpose_ctd.files import sha256_of
from mmpose_ctd.models.backbones.sface_net import SFaceNet
from mmpose_ctd.models.heads.sface_embedding import SFaceEmbedding

from .checkpoint_writer import check_paths, write_source
from .sface_onnx import read_sface_onnx

__all__ = ['convert_sface']

#: Raised by one when the keys of the written file change.
CONVERTER_VERSION = 1
PUBLISHED_SHA256 = (
    '0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79'
)
PUBLISHED_LICENSE = 'Apache-2.0'


def convert_sface(
    source: str | Path, target: str | Path, force: bool = False
) -> dict:
    """Convert the published ONNX file into a checkpoint.

    The checkpoint has ``state_dict`` and ``meta`` and loads with
    ``torch.load(weights_only=True)``. It is tested before it is written, see
    :func:`.write_source`.

    Args:
        source (str | Path): The published file.
        target (str | Path): The checkpoint to write.
        force (bool): Whether to replace an existing one. Defaults to False.

    Returns:
        dict: The checkpoint's ``meta``.

    Raises:
        MissingFileError: If ``source`` does not exist.
        InputError: If it is not the published network, or ``target`` exists.
    """
    source, target = check_paths(
        source,
        target,
        force,
        'face_recognition_sface_2021dec.onnx, which '
        '`mmpose_ctd download sface` gets',
    )
    state = read_sface_onnx(source.read_bytes(), str(source))
    meta = _meta(sha256_of(source))
    write_source(source, target, state, meta, _networks, SFaceNet.input_size)
    return meta


def _networks() -> dict:
    return {'backbone': SFaceNet(), 'head': SFaceEmbedding()}


def _meta(sha256: str) -> dict:
    published = sha256 == PUBLISHED_SHA256
    return {
        'source_sha256': sha256,
        'source': 'SFace, 2021dec (OpenCV zoo)' if published else 'unknown',
        'license': PUBLISHED_LICENSE if published else 'unknown',
        'mean': SFaceNet.mean,
        'std': SFaceNet.std,
        'channel_order': SFaceNet.channel_order,
        'input_size': SFaceNet.input_size,
        'converter': 'sface_to_mmpose',
        'converter_version': CONVERTER_VERSION,
    }
