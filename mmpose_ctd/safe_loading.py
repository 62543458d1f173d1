"""Reads mmengine's checkpoints without running code from them."""

import os
import pickle

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

__all__ = ['require_safe_loading']

_STATISTICS = ('min', 'max', 'mean', 'current')


def _statistic(owner: type, name: str):
    """Stands in for ``getattr`` in a checkpoint.

    A ``HistoryBuffer`` of logged numbers pickles its four statistics as
    ``getattr(HistoryBuffer, name)``; any other use is refused.
    """
    if owner is not HistoryBuffer or name not in _STATISTICS:
        raise pickle.UnpicklingError(
            f'the file asks for getattr({owner!r}, {name!r})'
        )
    return getattr(owner, name)


def _harmless_globals() -> list:
    """What mmengine puts into a checkpoint beside tensors.

    Logged numbers and numpy arrays of the dataset's metainfo; building one
    runs no code of the file's.
    """
    multiarray = (getattr(np, '_core', None) or np.core).multiarray
    # Files of numpy 1 say numpy.core, of numpy 2 numpy._core.
    arrays = [
        (getattr(multiarray, name), f'numpy.{core}.multiarray.{name}')
        for name in ('_reconstruct', 'scalar')
        for core in ('core', '_core')
    ]
    kinds = (bool, np.uint8, np.int32, np.int64, np.float32, np.float64)
    dtypes = {type(np.dtype(kind)) for kind in kinds} | {np.dtype}
    # numpy pickles an empty buffer as bytes().
    arrays += [np.ndarray, bytes, *dtypes]
    return [HistoryBuffer, (_statistic, 'builtins.getattr'), *arrays]


def require_safe_loading() -> None:
    """Let ``torch.load`` read weights and numbers only, in this process.

    The maintained mmengine tries the safe way and falls back to the unsafe
    one; here the fallback is an error. mmengine's own checkpoints still load.
    """
    # Read by torch at each load.
    os.environ.setdefault('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '1')
    add = getattr(torch.serialization, 'add_safe_globals', None)
    if add is not None:
        add(_harmless_globals())
