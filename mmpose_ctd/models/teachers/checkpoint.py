"""Reads the parts of a source model from a file, without running code."""

import os
import re
from collections import Counter
from collections.abc import Iterable

import torch
from mmengine.logging import print_log
from torch import Tensor

from mmpose_ctd.checkpoint_file import read_checkpoint
from mmpose_ctd.errors import InputError, MissingFileError, some_of

#: E_s, and the two halves of C_s.
PARTS = ('backbone', 'neck', 'head')

_WHERE = 'model.teacher.checkpoint'
# Entries with the weights: mmengine, Lightning and timm write state_dict;
# DeiT and MAE write model.
_USUAL = ('state_dict', 'model')
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
    prefix other keys are ignored; the longest matching one wins.

    Args:
        path (str): The file, a ``.pth``.
        how_to_get (str): Command that gets the file, for the error.
        prefix (str or dict, optional): A string: the prefix of the backbone's
            keys. A dictionary: part -> prefix, or part -> (prefix in the
            file, prefix in the module), if the file has ``classifier.weight``
            and the module ``fc.weight``. The final dot is optional; ``''``
            matches every key. Defaults to ``None``.
        state_key (str, optional): Entry of the file with the weights.
            Defaults to ``None``: a bare state dict, else ``state_dict``, else
            ``model``, else the only one.

    Returns:
        dict: ``{'backbone': state dict, 'neck': ..., 'head': ...}``; all but
        the first may be empty.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If the path is a URL, the file is of another kind, it
            holds several sets of weights without a usual name, or the
            prefixes do not match.
    """
    _check_path(path, how_to_get)
    content = read_checkpoint(
        path,
        _WHERE,
        'Convert the source model with a tool of tools/model_converters',
    )
    state = _find_state(content, path, state_key)
    prefixes = _part_prefixes(prefix)
    parts: dict[str, dict[str, Tensor]] = {part: {} for part in PARTS}
    left = []
    for key, value in state.items():
        matching = [p for p in prefixes if key.startswith(prefixes[p][0])]
        if not matching:
            left.append(key)
            continue
        part = max(matching, key=lambda p: len(prefixes[p][0]))
        start, own = prefixes[part]
        parts[part][own + key[len(start) :]] = value
    for part, (start, _) in prefixes.items():
        # Of the usual three only the encoder is always there.
        if not parts[part] and (prefix is not None or part == 'backbone'):
            raise InputError(
                where=f'{_WHERE}: {path!r}',
                found=f'keys that start with {_prefixes_in(state)}',
                expected=f'{start!r}, the prefix of the {part}',
                cure=f'Set the prefix of the {part} in model.teacher.prefix, '
                'or convert the file with a tool of tools/model_converters.',
            )
    if left and prefix is None:
        raise InputError(
            where=f'{_WHERE}: {path!r}',
            found=f'{len(left)} keys belong to no part, such as {left[:3]}; '
            f'prefixes: {_prefixes_in(state)}',
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
        get = f'To get it: {how_to_get}. '
        raise MissingFileError(
            where=f'{_WHERE}: {path!r}',
            found='the source model does not exist',
            cure=(get if how_to_get else f'Set {_WHERE} to the file. ')
            + 'To try a config without it: python tools/train.py CONFIG '
            '--stand-in',
        )


def _is_state(value) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(k, str) for k in value)
        and all(isinstance(v, Tensor) for v in value.values())
    )


def _find_state(
    content, path: str, state_key: str | None
) -> dict[str, Tensor]:
    """The state dict of a checkpoint; logged where it has others."""
    if state_key is None and _is_state(content):
        return content
    entries = content if isinstance(content, dict) else {}
    held = {str(k): v for k, v in entries.items() if _is_state(v)}
    if not held:
        found = sorted(map(str, entries))[:5] or type(content).__name__
        raise InputError(
            where=f'{_WHERE}: {path!r}',
            found=f"no 'state_dict' and no other weights ({found})",
            cure='Convert it with a tool of tools/model_converters, or save '
            'only the weights: torch.save(network.state_dict(), FILE).',
        )
    usual = [name for name in _USUAL if name in held]
    chosen = [state_key] if state_key else usual or [*held]
    others = sorted(held.keys() - chosen[:1])
    if chosen[0] not in held or (others and not usual and not state_key):
        raise InputError(
            where=f'{_WHERE}: {path!r}',
            found=f'weights under {sorted(held)}'
            + (f', none under {state_key!r}' if state_key else ''),
            cure='Choose one by model.teacher.state_key.',
        )
    if others and not state_key:
        print_log(
            f'{path}: using the weights of {chosen[0]!r}; there are others '
            f'under {others} (model.teacher.state_key)',
            'current',
        )
    return held[chosen[0]]


def _part_prefixes(prefix: str | dict | None) -> dict[str, tuple[str, str]]:
    """Part -> prefix of its keys in the file, and in the module."""
    if prefix is None:
        return {part: (f'{part}.', '') for part in PARTS}
    given = {'backbone': prefix} if isinstance(prefix, str) else prefix
    found = {}
    try:
        for part, value in given.items():
            if value is not None:
                pair = (value, '') if isinstance(value, str) else value
                start, own = (
                    f'{text.removesuffix(".")}.' if text else ''
                    for text in pair
                )
                found[part] = start, own
    except (AttributeError, TypeError, ValueError):
        found = {}
    starts = {start for start, _ in found.values()}
    strange = found.keys() - {*PARTS} or len(starts) < len(found)
    if 'backbone' not in found or strange:
        raise InputError(
            where='model.teacher.prefix',
            found=repr(prefix),
            expected="the backbone's, such as 'module.encoder.', or different "
            f'ones for {", ".join(PARTS)}, such as '
            "dict(backbone='module.encoder.', head='module.classifier.')",
        )
    return found


def _prefixes_in(state: dict[str, Tensor]) -> str:
    """``'module.encoder.' (318 keys), 'module.fc.' (2 keys)``."""
    shared = os.path.commonprefix([*state]).rpartition('.')[0]
    depth = shared.count('.') + 1 if shared else 0
    starts = Counter(
        ''.join(f'{part}.' for part in key.split('.')[:-1][: depth + 1])
        for key in state
    )
    return some_of(
        [f'{start!r} ({n} keys)' for start, n in starts.most_common()], 6
    )


def mismatches(
    own: dict[str, Tensor],
    state: dict[str, Tensor],
    optional: Iterable[str] = (),
    most: int = 3,
) -> str:
    """How keys and shapes of ``state`` differ from ``own``; '' if they fit.

    Keys in ``optional`` may be missing. Of each kind ``most`` are named.
    """
    ours, theirs = (
        {key: tuple(getattr(value, 'shape', ())) for key, value in one.items()}
        for one in (own, state)
    )
    faults = {
        'missing': sorted(ours.keys() - theirs.keys() - {*optional}),
        'left over': sorted(theirs.keys() - ours.keys()),
        'of another shape': [
            f'{key} {theirs[key]} -> {ours[key]}'
            for key in sorted(ours.keys() & theirs.keys())
            if ours[key] != theirs[key]
        ],
    }
    return '; '.join(
        f'{len(keys)} {name}: {some_of(keys, most)}'
        for name, keys in faults.items()
        if keys
    )


def load_strictly(
    module: torch.nn.Module, state: dict[str, Tensor], what: str, cure: str
) -> None:
    """Load ``state`` into ``module``; every key must match, in shape too.

    Raises:
        InputError: About loading ``what`` ("X into Y"), if keys are missing,
            left over or of another shape.
    """
    own = module.state_dict()
    # A counter that nothing here uses; most published files lack it.
    optional = {k for k in own if k.endswith('num_batches_tracked')}
    found = mismatches(own, state, optional)
    if found:
        raise InputError(
            where=f'Loading {what}', found=f'keys {found}', cure=cure
        )
    module.load_state_dict(state, strict=False)
