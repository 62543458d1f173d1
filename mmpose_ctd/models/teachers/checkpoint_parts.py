"""Finds the parts of a source model in the content of a checkpoint."""

from collections import Counter

from mmengine.logging import print_log
from torch import Tensor

from mmpose_ctd.errors import InputError

__all__ = ['PARTS', 'find_state', 'part_prefixes', 'prefixes_in', 'split']

#: E_s, and the two halves of C_s.
PARTS = ('backbone', 'neck', 'head')

# Entries with the weights: mmengine, Lightning and timm write state_dict;
# DeiT and MAE write model.
_USUAL = ('state_dict', 'model')


def _is_state(value) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(
            isinstance(k, str) and isinstance(v, Tensor)
            for k, v in value.items()
        )
    )


def find_state(
    content, path: str, state_key: str | None = None
) -> dict[str, Tensor]:
    """The state dict of a checkpoint.

    A bare state dict is returned as it is. Otherwise ``state_dict`` is
    preferred, then ``model``, then the only one. If there are several, such
    as averaged weights, a log line names the one used.

    Args:
        content: Result of ``torch.load``.
        path (str): The file, for the errors.
        state_key (str, optional): Entry to use. Defaults to ``None``: as
            above.

    Returns:
        dict[str, Tensor]: The weights.

    Raises:
        InputError: If there is no state dict, none under that name, or
            several without a usual name.
    """
    where = 'model.teacher.checkpoint'
    if state_key is None and _is_state(content):
        return content
    entries = content if isinstance(content, dict) else {}
    held = {str(k): v for k, v in entries.items() if _is_state(v)}
    if state_key is not None:
        if state_key not in held:
            raise InputError(
                where=f'model.teacher.state_key={state_key!r}',
                found=f'{path!r} has no weights under that name',
                expected=f'one of {sorted(held)}'
                if held
                else 'no state_key, as the file has no named weights',
            )
        return held[state_key]
    if not held:
        found = sorted(map(str, entries))[:5] or type(content).__name__
        raise InputError(
            where=f'{where}: {path!r}',
            found=f"no 'state_dict' and no other weights ({found})",
            cure='Convert it with a tool of tools/model_converters, or save '
            'only the weights: torch.save(network.state_dict(), FILE).',
        )
    names = [name for name in _USUAL if name in held] or sorted(held)
    if len(held) > 1:
        if names[0] not in _USUAL:
            raise InputError(
                where=f'{where}: {path!r}',
                found=f'weights under {names}',
                cure=f'Choose one: model.teacher.state_key={names[0]!r}.',
            )
        print_log(
            f'{path}: using the weights of {names[0]!r}; there are others '
            f'under {sorted(set(held) - {names[0]})} '
            '(model.teacher.state_key)',
            'current',
        )
    return held[names[0]]


def part_prefixes(
    prefix: str | dict | None,
) -> dict[str, tuple[str, str]]:
    """Prefixes of the keys of each part.

    Args:
        prefix (str or dict, optional): ``None``: ``backbone.``, ``neck.`` and
            ``head.``. A string: the backbone's only. A dictionary: part ->
            prefix, or part -> (prefix in the file, prefix in the module), if
            the file has ``classifier.weight`` and the module ``fc.weight``.
            The final dot is optional; ``''`` matches every key without a
            longer matching prefix.

    Returns:
        dict: Part -> (prefix in the file, prefix in the module).

    Raises:
        InputError: If it is something else.
    """
    if prefix is None:
        return {part: (f'{part}.', '') for part in PARTS}
    given = {'backbone': prefix} if isinstance(prefix, str) else prefix
    pairs = {
        part: (value, '') if isinstance(value, str) else value
        for part, value in (given.items() if isinstance(given, dict) else ())
        if value is not None
    }
    if not _are_prefixes(pairs):
        raise InputError(
            where='model.teacher.prefix',
            found=repr(prefix),
            expected="the backbone's, such as 'module.encoder.', or different "
            f'ones for {", ".join(PARTS)}, such as '
            "dict(backbone='module.encoder.', head='module.classifier.')",
        )
    return {
        part: tuple(_dotted(text) for text in pair)
        for part, pair in pairs.items()
    }


def _are_prefixes(pairs: dict) -> bool:
    if 'backbone' not in pairs or not set(pairs) <= set(PARTS):
        return False
    for pair in pairs.values():
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            return False
        if not all(isinstance(text, str) for text in pair):
            return False
    return len({_dotted(start) for start, _ in pairs.values()}) == len(pairs)


def _dotted(text: str) -> str:
    return text if not text or text.endswith('.') else f'{text}.'


def prefixes_in(state: dict[str, Tensor]) -> str:
    """List the prefixes of a state dict with their numbers of keys.

    A prefix of all keys is split further: ``module.encoder. (318 keys),
    module.fc. (2 keys)``, not ``module. (320 keys)``.
    """
    shared = ''
    while True:
        starts = Counter(
            shared + key[len(shared) :].partition('.')[0] + '.'
            for key in state
            if '.' in key[len(shared) :]
        )
        bare = len(state) - sum(starts.values())
        if bare or len(starts) != 1:
            break
        (shared,) = starts
    texts = [f'{start!r} ({n} keys)' for start, n in starts.most_common(6)]
    texts += ['others'] * (len(starts) > 6)
    texts += [f'{bare} keys without one'] * bool(bare)
    return ', '.join(texts)


def split(
    state: dict[str, Tensor], prefixes: dict[str, tuple[str, str]]
) -> tuple[dict[str, dict[str, Tensor]], list[str]]:
    """Split a state dict into parts; the longest matching prefix wins.

    Returns:
        tuple: Part -> its state dict, for all of :data:`PARTS`; and the keys
        that belong to no part.
    """
    parts: dict[str, dict[str, Tensor]] = {part: {} for part in PARTS}
    left = []
    ordered = sorted(prefixes.items(), key=lambda item: -len(item[1][0]))
    for key, value in state.items():
        for part, (start, own) in ordered:
            if key.startswith(start):
                parts[part][own + key[len(start) :]] = value
                break
        else:
            left.append(key)
    return parts, left
