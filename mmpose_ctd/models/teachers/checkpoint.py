"""Reads the file of a source model without running code from it."""

import os
import re

import torch
from torch import Tensor

from mmpose_ctd.checkpoint_file import read_checkpoint
from mmpose_ctd.errors import InputError, MissingFileError

from .checkpoint_parts import find_state, part_prefixes, prefixes_in, split

_WHERE = 'model.teacher.checkpoint'
_VGGFACE2 = (
    "Convert VGGFace2's with: python tools/model_converters/"
    'vggface2_to_mmpose.py {path} OUT.pth'
)
_LANDMARKER = (
    "Convert MediaPipe's with: python tools/model_converters/"
    'face_landmarker_to_mmpose.py {path} OUT.pth'
)
#: File extension -> how to convert the file.
_FOREIGN = {
    '.onnx': (
        'Convert SFace with: python tools/model_converters/'
        'sface_to_mmpose.py {path} OUT.pth'
    ),
    '.task': _LANDMARKER,
    '.tflite': _LANDMARKER,
    '.pkl': _VGGFACE2,
    '.h5': _VGGFACE2,
    '.safetensors': (
        "Convert it: torch.save(safetensors.torch.load_file(...), 'OUT.pth')"
    ),
}


def load_source_state(
    path: str,
    how_to_get: str = '',
    prefix: str | dict | None = None,
    state_key: str | None = None,
) -> dict[str, dict[str, Tensor]]:
    """Read the parts of a source model.

    Without ``prefix`` every key must start with ``backbone.`` (E_s),
    ``neck.`` or ``head.`` (C_s), as the converters of
    ``tools/model_converters``, MMPose and mmpretrain write them. With a
    prefix other keys are ignored. The file is read with
    ``weights_only=True``; nothing in it can run.

    Args:
        path (str): The file, a ``.pth``.
        how_to_get (str): Command that gets the file, for the error.
        prefix (str or dict, optional): Prefixes of the parts' keys; see
            :func:`.checkpoint_parts.part_prefixes`. Defaults to ``None``.
        state_key (str, optional): Entry of the file with the weights; see
            :func:`.checkpoint_parts.find_state`. Defaults to ``None``.

    Returns:
        dict: ``{'backbone': state dict, 'neck': ..., 'head': ...}``; all but
        the first may be empty.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If the path is a URL, the file is of another kind, or the
            prefixes do not match.
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
                where=f'{_WHERE}: {path!r}',
                found=f'keys that start with {prefixes_in(state)}',
                expected=f'{start!r}, the prefix of the {part}',
                cure=f'Set the prefix of the {part} in model.teacher.prefix, '
                'or convert the file with a tool of tools/model_converters.',
            )
    if left and prefix is None:
        raise InputError(
            where=f'{_WHERE}: {path!r}',
            found=f'{len(left)} keys belong to no part, such as {left[:3]}; '
            f'prefixes: {prefixes_in(state)}',
            expected="only 'backbone.', 'neck.' and 'head.'",
            cure='To ignore them, set the prefixes to use: '
            "model.teacher.prefix=dict(backbone='backbone.').",
        )
    return parts


def _check_path(path: str, how_to_get: str) -> None:
    if re.match(r'[\w+.-]+://', path):
        raise InputError(
            where=_WHERE,
            found=f'{path!r}, a URL',
            expected='a file',
            cure='Download it first: curl -LO URL',
        )
    cure = _FOREIGN.get(os.path.splitext(path)[1].lower())
    if cure:
        raise InputError(
            where=_WHERE,
            found=repr(path),
            expected='a torch file of weights',
            cure=f'{cure.format(path=path)}, and set {_WHERE} to OUT.pth.',
        )
    if not os.path.isfile(path):
        raise MissingFileError(
            where=f'{_WHERE}: {path!r}',
            found='the source model does not exist',
            cure=(
                f'To get it: {how_to_get}. '
                if how_to_get
                else f'Set {_WHERE} to the file. '
            )
            + 'To try a config without it: python tools/train.py CONFIG '
            '--stand-in',
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
        InputError: If keys are missing, left over or of another shape.
    """
    own = module.state_dict()
    # A counter that nothing here uses; most published files lack it.
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
        found = '; '.join(
            f'{len(keys)} {name}: {", ".join(keys[:3])}'
            + (' ...' if len(keys) > 3 else '')
            for name, keys in faults.items()
            if keys
        )
        raise InputError(
            where=f'Loading {what}', found=f'keys {found}', cure=cure
        )
    module.load_state_dict(state, strict=False)
