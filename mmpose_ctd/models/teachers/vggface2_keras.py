"""Reads the Keras files of VGGFace2's networks."""

import os
import re

import torch
from torch import Tensor

from mmpose_ctd.errors import InputError

__all__ = ['read_keras']

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


def read_keras(path: str | os.PathLike) -> dict[str, Tensor]:
    """Read the weights of ``rcmalli_vggface_tf_{resnet,senet}50.h5``.

    Keras stores a weight as ``<layer>/<scope>/<weight>:0``, the scope being
    the layer's name once more, or with a suffix; it is the layer that
    counts. Files of ``save_weights`` and of ``save`` are read.

    Args:
        path (str | PathLike): The HDF5 file.

    Returns:
        dict[str, Tensor]: ``<layer>.<weight>`` with torch's names of weights
        and torch's order of axes: kernels (out, in, h, w) or (out, in). A
        name of another form is kept as it is.

    Raises:
        InputError: If it is damaged, or refers to another file.
    """
    import h5py

    state: dict[str, Tensor] = {}

    def add(name: str, item) -> None:
        if not isinstance(item, h5py.Dataset):
            return
        if item.external or item.is_virtual:
            raise InputError(f'{path}: {name!r} lies in another file')
        if item.dtype.kind not in 'fiu':
            raise InputError(
                f'{path}: {name!r} holds {item.dtype}, not numbers'
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
            raise InputError(f'{path}: holds {key!r} twice')
        state[key] = value

    try:
        # Links to other files are not followed.
        with h5py.File(path, 'r') as file:
            file.get('model_weights', file).visititems(add)
    except InputError:
        raise
    # A damaged file raises whatever the library stumbles over.
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(
            f'{path}: cannot be read as a Keras file ({reason}). If it is '
            'cut off or damaged, get it again.'
        ) from error
    return state
