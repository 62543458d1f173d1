"""Reads the published files of VGGFace2's networks: pickle, torch, Keras."""

import os
import re

import torch
from torch import Tensor

from mmpose_ctd.errors import InputError

from .array_pickle import load_array_pickle
from .checkpoint import read_checkpoint

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
# layer / [BatchNorm /] [scope, which repeats them /] weight
_WEIGHT = re.compile(
    r'(?P<layer>conv1/7x7_s2|conv\d_\d_\w+|classifier)(?P<bn>/bn)?/'
    r'(?:.*/)?(?P<weight>\w+)(?::0)?'
)
_TORCH_NAMES = {
    'kernel': 'weight',
    'bias': 'bias',
    'gamma': 'weight',
    'beta': 'bias',
    'moving_mean': 'running_mean',
    'moving_variance': 'running_var',
}


def read_published(path: str | os.PathLike) -> tuple[str, dict[str, Tensor]]:
    """Read a published file of any of the three kinds.

    The first bytes decide the kind, not the name. Nothing in the file can
    run: torch reads only weights, a pickle only arrays.

    Returns:
        tuple[str, dict[str, Tensor]]: ``'pickle'``, ``'torch'`` or
        ``'keras'``, and the weights in float32 under the file's own names.

    Raises:
        InputError: If the file is damaged, contains code, or is something
            else.
    """
    with open(path, 'rb') as file:
        head = file.read(32)
    if head.startswith(_HDF5):
        kind, state = 'keras', _read_keras(path)
    elif head.startswith(_ZIP) or _TORCH_LEGACY in head:
        kind, state = 'torch', _read_torch(path)
    elif not head or head.startswith((b'<', b'version https://git-lfs')):
        raise InputError(
            where=str(path),
            found='a text' if head else 'an empty file',
            expected=_EXPECTED,
        )
    elif head.startswith(_GZIP):
        raise InputError(
            where=str(path),
            found='a compressed file',
            expected=_EXPECTED,
            cure='Unpack it first: tar xzf FILE',
        )
    else:
        arrays = load_array_pickle(path)
        kind = 'pickle'
        state = {key: torch.from_numpy(a) for key, a in arrays.items()}
    if not state:
        raise InputError(
            where=str(path), found='no weights', expected=_EXPECTED
        )
    return kind, {key: _weight(path, key, v) for key, v in state.items()}


def _read_torch(path: str | os.PathLike) -> dict[str, Tensor]:
    content = read_checkpoint(
        path, 'The published file', f'Expected {_EXPECTED}'
    )
    if not isinstance(content, dict) or not all(
        isinstance(key, str) and isinstance(value, Tensor)
        for key, value in content.items()
    ):
        raise InputError(
            where=str(path),
            found='a torch file, but not a plain state dict of tensors',
            expected=_EXPECTED,
        )
    return content


def _weight(path, key: str, value: Tensor) -> Tensor:
    """The weight in float32; integers stay."""
    if not value.is_floating_point():
        return value
    if not value.isfinite().all():
        raise InputError(
            where=f'{path}: {key!r}', found='values that are not finite'
        )
    return value.detach().float()


def _read_keras(path: str | os.PathLike) -> dict[str, Tensor]:
    """Read the weights of ``rcmalli_vggface_tf_{resnet,senet}50.h5``.

    Keras stores a weight as ``<layer>/<scope>/<weight>:0``; the scope is
    ignored. Files of ``save_weights`` and of ``save`` are read.

    Returns:
        dict[str, Tensor]: ``<layer>.<weight>`` with torch's names and order
        of axes: kernels (out, in, h, w) or (out, in). A name of another form
        is kept.
    """
    import h5py

    state: dict[str, Tensor] = {}

    def add(name: str, item) -> None:
        if not isinstance(item, h5py.Dataset):
            return
        if item.external or item.is_virtual:
            raise InputError(
                where=f'{path}: {name!r}', found='it lies in another file'
            )
        if item.dtype.kind not in 'fiu':
            raise InputError(
                where=f'{path}: {name!r}',
                found=str(item.dtype),
                expected='numbers',
            )
        key, value = name, torch.from_numpy(item[()])
        match = _WEIGHT.fullmatch(name)
        if match and match['weight'] in _TORCH_NAMES:
            layer = match['layer'] + (match['bn'] or '')
            key = f'{layer}.{_TORCH_NAMES[match["weight"]]}'
            if value.ndim == 4:
                value = value.permute(3, 2, 0, 1).contiguous()
            elif value.ndim == 2:
                value = value.T.contiguous()
        if key in state:
            raise InputError(
                where=f'{path}: {key!r}', found='the weight is there twice'
            )
        state[key] = value

    try:
        # Links to other files are not followed.
        with h5py.File(path, 'r') as file:
            file.get('model_weights', file).visititems(add)
    except InputError:
        raise
    # A damaged file may raise anything.
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(
            where=str(path),
            found=f'it cannot be read as a Keras file ({reason})',
            cure='If it is cut off or damaged, get it again.',
        ) from error
    return state
