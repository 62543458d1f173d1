"""Reads a source model's file, safely."""

import os
import re

import torch
from torch import Tensor

from mmpose_ctd.checkpoint_file import read_checkpoint
from mmpose_ctd.errors import InputError, MissingFileError

from .checkpoint_parts import find_state, part_prefixes, prefixes_in, split

__all__ = ['load_source_state', 'load_strictly', 'read_checkpoint']

_WHERE = 'model.teacher.checkpoint'
_VGGFACE2 = (
    "convert VGGFace2's with: python tools/model_converters/"
    'vggface2_to_mmpose.py {path} OUT.pth'
)
#: End of a file's name -> how it becomes one that can be read.
_FOREIGN = {
    '.onnx': (
        'convert SFace with: python tools/model_converters/'
        'sface_to_mmpose.py {path} OUT.pth'
    ),
    '.pkl': _VGGFACE2,
    '.h5': _VGGFACE2,
    '.safetensors': (
        'write it anew: torch.save(safetensors.torch.load_file(...), '
        "'OUT.pth')"
    ),
}


def load_source_state(
    path: str,
    how_to_get: str = '',
    prefix: str | dict | None = None,
    state_key: str | None = None,
) -> dict[str, dict[str, Tensor]]:
    """Read the parts of a source model.

    Without ``prefix`` it is what the converters of
    ``tools/model_converters``, MMPose and mmpretrain write: keys start with
    ``backbone.`` (E_s), ``neck.`` or ``head.`` (C_s), and every other is an
    error. With a prefix other keys are passed over. The file is read with
    ``weights_only=True``; nothing in it can run.

    Args:
        path (str): The file, a ``.pth``.
        how_to_get (str): What a user types to get the file, for the error.
        prefix (str or dict, optional): What the parts' keys begin with; see
            :func:`.checkpoint_parts.part_prefixes`. Defaults to ``None``.
        state_key (str, optional): Under which name of the file the weights
            lie; see :func:`.checkpoint_parts.find_state`. Defaults to
            ``None``: the usual ones.

    Returns:
        dict: ``{'backbone': state dict, 'neck': ..., 'head': ...}``; all but
        the first may be empty.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is an address, or not a source model's file, or the
            prefixes do not fit it.
    """
    _check_path(path, how_to_get)
    content = read_checkpoint(
        path,
        _WHERE,
        'Convert the source model with a tool of tools/model_converters',
    )
    state = find_state(content, path, state_key)
    prefixes = part_prefixes(prefix)
    parts, left = split(state, prefixes)
    for part, (start, _) in prefixes.items():
        # Of the usual three only the encoder is always there.
        if not parts[part] and (prefix is not None or part == 'backbone'):
            raise InputError(
                f'{_WHERE}: no key of {path!r} starts with {start!r}, the '
                f'prefix of the {part}. Its keys start with '
                f'{prefixes_in(state)}. Name what the {part} has in '
                'model.teacher.prefix, or convert the file with a tool of '
                'tools/model_converters.'
            )
    if left and prefix is None:
        raise InputError(
            f'{_WHERE}: {len(left)} keys of {path!r} belong to no part, such '
            f"as {left[:3]}; expected 'backbone.', 'neck.' and 'head.' "
            f'alone, found {prefixes_in(state)}. If they are not needed, '
            "name what is: model.teacher.prefix=dict(backbone='backbone.')."
        )
    return parts


def _check_path(path: str, how_to_get: str) -> None:
    if re.match(r'[\w+.-]+://', path):
        raise InputError(
            f'{_WHERE}: {path!r} is an address. Download it first (curl -LO '
            'ADDRESS) and name the file.'
        )
    cure = _FOREIGN.get(os.path.splitext(path)[1].lower())
    if cure:
        raise InputError(
            f'{_WHERE}: {path!r} is not a torch file of weights; '
            f'{cure.format(path=path)}, and name OUT.pth here.'
        )
    if not os.path.isfile(path):
        cure = how_to_get or 'set model.teacher.checkpoint to the file'
        raise MissingFileError(
            where=f'{_WHERE}: {path!r}',
            found='the source model does not exist',
            cure=f'To get it: {cure}. To try a config without it: python '
            'tools/train.py CONFIG --stand-in',
        )


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
