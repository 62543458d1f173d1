"""Reads a source model's file, safely."""

import os
import pickle
import zipfile

import torch
from torch import Tensor

from mmpose_ctd.errors import InputError, MissingFileError

__all__ = ['load_source_state', 'load_strictly', 'read_checkpoint']

_PARTS = ('backbone', 'head')


def load_source_state(
    path: str, how_to_get: str = ''
) -> dict[str, dict[str, Tensor]]:
    """Read the two parts of a converted source model.

    The file is what the converters of ``tools/model_converters`` write: a
    ``state_dict`` whose keys start with ``backbone.`` (E_s) or ``head.``
    (C_s). It is read with ``weights_only=True``; nothing in it can run.

    Args:
        path (str): The file, a ``.pth``.
        how_to_get (str): What a user types to get the file, for the error.

    Returns:
        dict: ``{'backbone': state dict, 'head': state dict}``.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is not a source model's file.
    """
    if not os.path.isfile(path):
        cure = how_to_get or 'set model.teacher.checkpoint to the file'
        raise MissingFileError(
            f'model.teacher.checkpoint: the source model {path!r} does not '
            f'exist. To get it: {cure}'
        )
    content = read_checkpoint(
        path,
        'model.teacher.checkpoint',
        'Convert the source model with a tool of tools/model_converters',
    )
    state = content.get('state_dict') if isinstance(content, dict) else None
    if not isinstance(state, dict):
        raise InputError(
            f"model.teacher.checkpoint: {path!r} has no 'state_dict'. "
            'Convert it with a tool of tools/model_converters.'
        )
    parts: dict[str, dict[str, Tensor]] = {name: {} for name in _PARTS}
    for key, value in state.items():
        part, _, rest = key.partition('.')
        if part in parts:
            parts[part][rest] = value
    if not parts['backbone']:
        raise InputError(
            f'model.teacher.checkpoint: no key of {path!r} starts with '
            f"'backbone.' (first keys: {sorted(state)[:3]}). Convert it with "
            'a tool of tools/model_converters.'
        )
    return parts


def read_checkpoint(path: str, what: str, cure: str):
    """Read a file of weights without running code from it.

    Args:
        path (str): The file.
        what (str): What names it, for the error: a config key or argument.
        cure (str): What to do if the file needs code to load.

    Returns:
        What was saved, on the CPU.

    Raises:
        InputError: If it is damaged, no checkpoint, or needs code to load.
    """
    try:
        return torch.load(path, map_location='cpu', weights_only=True)
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        OSError,
        zipfile.BadZipFile,
    ) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(
            f'{what}: {path!r} cannot be read as a file of weights alone '
            f'({reason}). If it is cut off or damaged, copy or download it '
            f'again. If it holds code, it is refused. {cure}.'
        ) from error


def load_strictly(
    module: torch.nn.Module, state: dict[str, Tensor], what: str, cure: str
) -> None:
    """Load ``state`` into ``module``; every key must match, in shape too.

    Args:
        module (nn.Module): The module to fill.
        state (dict): Its weights.
        what (str): Names both in the error, "X into Y".
        cure (str): What the user can do.

    Raises:
        InputError: Lists the keys that are missing, left over or of another
            shape.
    """
    own = module.state_dict()
    # Counts batches for a cumulative average that nothing here uses; most
    # published files lack it.
    optional = {k for k in own if k.endswith('num_batches_tracked')}
    faults = {
        'missing': sorted(set(own) - set(state) - optional),
        'left over': sorted(set(state) - set(own)),
        'of another shape': sorted(
            f'{k} {tuple(state[k].shape)} -> {tuple(own[k].shape)}'
            for k in set(own) & set(state)
            if own[k].shape != state[k].shape
        ),
    }
    if any(faults.values()):
        told = '; '.join(
            f'{len(keys)} {name}: {", ".join(keys[:3])}'
            + (' ...' if len(keys) > 3 else '')
            for name, keys in faults.items()
            if keys
        )
        raise InputError(f'Loading {what}: keys {told}. {cure}')
    module.load_state_dict(state, strict=False)
