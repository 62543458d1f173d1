"""Writes SFace as a checkpoint that configs of this package can name."""

import contextlib
import hashlib
import os
from pathlib import Path

import torch

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.models.backbones.sface_net import SFaceNet
from mmpose_ctd.models.heads.sface_embedding import SFaceEmbedding

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

    The checkpoint holds ``state_dict`` and ``meta``, loads with
    ``torch.load(weights_only=True)`` and appears complete or not at all:
    before it gets its name it is read back, loaded strictly and run.

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
    source, target = Path(source), Path(target)
    if not source.is_file():
        raise MissingFileError(
            f'{source}: no such file; expected '
            'face_recognition_sface_2021dec.onnx, which '
            '`python tools/download.py sface` gets'
        )
    if target.is_dir():
        raise InputError(f'{target}: is a folder; name the file to write')
    if target.exists() and not force:
        raise InputError(f'{target}: exists already; --force replaces it')
    data = source.read_bytes()
    try:
        state = read_sface_onnx(data)
    except InputError as error:
        raise InputError(f'{source}: {error}') from error
    meta = _meta(hashlib.sha256(data).hexdigest())
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f'.{target.name}.{os.getpid()}.tmp')
    try:
        # Into an open file: given a name, torch writes it into the archive.
        with draft.open('wb') as file:
            torch.save({'state_dict': state, 'meta': meta}, file)
        if not _works(draft):
            raise InputError(
                f'{source}: its weights give an embedding that is not finite'
            )
        os.replace(draft, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
    return meta


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


def _works(path: Path) -> bool:
    """Whether the file alone gives both networks, in working order."""
    state = torch.load(path, weights_only=True)['state_dict']
    # Without storage: what the file does not fill, cannot run.
    with torch.device('meta'):
        networks = {'backbone': SFaceNet(), 'head': SFaceEmbedding()}
    for part, network in networks.items():
        start = f'{part}.'
        keys = {
            key[len(start) :]: value
            for key, value in state.items()
            if key.startswith(start)
        }
        network.load_state_dict(keys, strict=True, assign=True)
        network.eval()
    width, height = SFaceNet.input_size
    with torch.no_grad():
        maps = networks['backbone'](torch.zeros(1, 3, height, width))
        embedding = networks['head'](maps)
    return bool(embedding.isfinite().all())
