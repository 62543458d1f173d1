"""Reads the containers that VGGFace2's networks are published in."""

import os

import torch
from torch import Tensor

from mmpose_ctd.errors import InputError

from .array_pickle import load_array_pickle
from .checkpoint import read_checkpoint
from .vggface2_keras import read_keras

__all__ = ['read_published']

_HDF5 = b'\x89HDF\r\n\x1a\n'
_ZIP = b'PK\x03\x04'
_GZIP = b'\x1f\x8b'
#: torch's older format: a pickle of this number comes first.
_TORCH_LEGACY = b'\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.'
_EXPECTED = (
    "one of VGGFace2's published files (resnet50_ft_weight.pkl, "
    'resnet50_ft_dag.pth, rcmalli_vggface_tf_resnet50.h5 or one of their '
    'siblings)'
)


def read_published(path: str | os.PathLike) -> tuple[str, dict[str, Tensor]]:
    """Read a published file, whichever of the three kinds it is.

    The kind is told by the first bytes, not by the name. Nothing in the file
    can run: torch reads weights only, a pickle arrays only.

    Args:
        path (str | PathLike): The file.

    Returns:
        tuple[str, dict[str, Tensor]]: ``'pickle'``, ``'torch'`` or
        ``'keras'``, and the weights in float32 under the file's own names.

    Raises:
        InputError: If the file is damaged, asks for code, or holds something
            else than weights.
    """
    with open(path, 'rb') as file:
        head = file.read(32)
    if head.startswith(_HDF5):
        kind, state = 'keras', read_keras(path)
    elif head.startswith(_ZIP) or _TORCH_LEGACY in head:
        kind, state = 'torch', _read_torch(path)
    elif not head or head.startswith((b'<', b'version https://git-lfs')):
        raise InputError(
            f'{path}: is {"empty" if not head else "a text"}, not {_EXPECTED}'
        )
    elif head.startswith(_GZIP):
        raise InputError(f'{path}: is compressed; unpack it (tar xzf) first')
    else:
        arrays = load_array_pickle(path)
        kind = 'pickle'
        state = {key: torch.from_numpy(a) for key, a in arrays.items()}
    if not state:
        raise InputError(f'{path}: holds no weights; expected {_EXPECTED}')
    return kind, {key: _weight(path, key, v) for key, v in state.items()}


def _read_torch(path: str | os.PathLike) -> dict[str, Tensor]:
    cure = f'Expected {_EXPECTED}'
    try:
        content = read_checkpoint(str(path), 'The published file', cure)
    except InputError:
        raise
    # A damaged file raises whatever its bytes happen to ask for.
    except Exception as error:
        raise InputError(
            f'{path}: cannot be read as a file of weights alone ({error!r}). '
            f'{cure}.'
        ) from error
    if not isinstance(content, dict) or not all(
        isinstance(key, str) and isinstance(value, Tensor)
        for key, value in content.items()
    ):
        raise InputError(
            f'{path}: is a torch file, but no plain state dict of tensors. '
            f'{cure}.'
        )
    return content


def _weight(path, key: str, value: Tensor) -> Tensor:
    """Finite, and in float32 unless it counts."""
    if not value.is_floating_point():
        return value
    if not value.isfinite().all():
        raise InputError(f'{path}: {key!r} has values that are not finite')
    return value.detach().float()
