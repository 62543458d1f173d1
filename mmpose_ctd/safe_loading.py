"""Reads mmengine's checkpoints without running code from them."""

import os

import numpy as np
import torch

__all__ = ['require_safe_loading']


def _harmless_globals() -> list:
    """What mmengine puts into a checkpoint beside tensors.

    Numbers logged during training (``HistoryBuffer``) and numpy arrays of
    the dataset's metainfo; building one runs no code of the file's.
    """
    from mmengine.logging.history_buffer import HistoryBuffer

    multiarray = getattr(np, '_core', None) or np.core
    multiarray = multiarray.multiarray
    # A file of the same numpy spells them numpy._core, an older one's
    # numpy.core.
    pairs = [
        (getattr(multiarray, name), f'numpy.{core}.multiarray.{name}')
        for name in ('_reconstruct', 'scalar')
        for core in ('core', '_core')
    ]
    kinds = '? b B i q e f d'.split()
    dtypes = {type(np.dtype(kind)) for kind in kinds} | {np.dtype}
    return [HistoryBuffer, np.ndarray, *dtypes, *pairs]


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
