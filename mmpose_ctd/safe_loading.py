"""Makes torch and mmengine read checkpoints without running code."""

import logging
import os
import pickle
import re
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint

_logger = logging.getLogger('mmpose_ctd')
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


def _no_bytes() -> bytes:
    """Stands in for ``bytes``: numpy pickles an empty buffer as ``bytes()``.

    ``bytes(n)`` would allocate as much as the file asks for.
    """
    return b''


def harmless_globals() -> list:
    """The types in mmengine's checkpoints besides tensors.

    Logged numbers and numpy arrays of the dataset's metainfo. Building them
    runs no code from the file.
    """
    multiarray = (getattr(np, '_core', None) or np.core).multiarray
    # numpy 1 writes numpy.core, numpy 2 numpy._core.
    arrays = [
        (getattr(multiarray, name), f'numpy.{core}.multiarray.{name}')
        for name in ('_reconstruct', 'scalar')
        for core in ('core', '_core')
    ]
    # Not the dtype of objects.
    dtypes = {type(np.dtype(kind)) for kind in '?bBhHiIlLqQefdU'}
    arrays += [np.ndarray, np.dtype, *dtypes]
    return [
        HistoryBuffer,
        (_statistic, 'builtins.getattr'),
        (_no_bytes, 'builtins.bytes'),
        *arrays,
    ]


def refusal_reason(error: Exception) -> str:
    """Why torch did not read a file as weights alone, in one line.

    torch's own message also explains how to read it unsafely.
    """
    text = str(error) or type(error).__name__
    asks = re.search(r'GLOBAL (\S+)', text)
    if asks:
        return f'it asks for {asks[1]}'
    said = re.search(r'WeightsUnpickler error: (.+)', text)
    line = said[1] if said else text.splitlines()[0]
    return 'its pickle is damaged' if 'weights_only' in line else line


def _load_from_local(filename: str, map_location: Any = None) -> Any:
    """Replaces mmengine's loader of local files."""
    from mmpose_ctd.checkpoint_file import check_undamaged, read_checkpoint

    filename = os.path.expanduser(filename)
    if os.environ.get('CTD_TRUST_CHECKPOINTS') == '1':
        check_undamaged(filename, 'checkpoint')
        return checkpoint.load_from_local(filename, map_location)
    return read_checkpoint(
        filename, 'checkpoint', 'Name another', map_location
    )


# mmengine prints the name without its first ten letters.
_load_from_local.__name__ = 'load_from_local'


def require_safe_loading() -> None:
    """Let ``torch.load`` read only weights and numbers, in this process.

    Files that mmengine loads are also compared with their checksums.

    The maintained mmengine falls back to unsafe loading; here that is an
    error. mmengine's own checkpoints load with torch >= 2.6 and are refused
    with older versions. The environment variable ``CTD_TRUST_CHECKPOINTS=1``
    switches the restriction off, for users who trust every checkpoint.
    """
    checkpoint.CheckpointLoader.register_scheme(
        '', _load_from_local, force=True
    )
    if os.environ.get('CTD_TRUST_CHECKPOINTS') == '1':
        _logger.warning(
            'CTD_TRUST_CHECKPOINTS=1: a checkpoint may run code when read.'
        )
        return
    # Read by torch at each load.
    os.environ['TORCH_FORCE_WEIGHTS_ONLY_LOAD'] = '1'
    if torch.__version__ < (2, 6):
        _logger.warning(
            'torch %s cannot read the checkpoints of mmengine without '
            'running code from them, so they are refused; torch >= 2.6 can. '
            'If all your checkpoints are your own, set '
            'CTD_TRUST_CHECKPOINTS=1.',
            torch.__version__,
        )
        return
    torch.serialization.add_safe_globals(harmless_globals())
    # The maintained mmengine allows getattr while it loads. It gives a file
    # access to builtins.eval: getattr(getattr(getattr, '__self__'), 'eval')
    # called as the __setstate__ of a HistoryBuffer.
    if hasattr(checkpoint, 'get_torch_safe_globals'):
        checkpoint.get_torch_safe_globals = list
