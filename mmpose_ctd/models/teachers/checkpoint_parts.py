"""Finds the parts of a source model in what a file of weights holds."""

from collections import Counter

from mmengine.logging import print_log
from torch import Tensor

from mmpose_ctd.errors import InputError

__all__ = ['PARTS', 'find_state', 'part_prefixes', 'prefixes_in', 'split']

#: E_s, and the two halves of C_s.
PARTS = ('backbone', 'neck', 'head')

# Under what a file's weights lie: mmengine, Lightning and timm say
# state_dict; DeiT, MAE and their heirs say model.
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

    A bare one is taken as it is. Else ``state_dict`` is preferred, then
    ``model``, then the only one there is, whatever its name; a log line tells
    which one if there were others, such as averaged weights.

    Args:
        content: What ``torch.load`` gave.
        path (str): The file, for the errors.
        state_key (str, optional): Name of the one to take. Defaults to
            ``None``: as above.

    Returns:
        dict[str, Tensor]: The weights.

    Raises:
        InputError: If there is none, or none by that name, or several
            without a usual name.
    """
    where = 'model.teacher.checkpoint'
    if state_key is None and _is_state(content):
        return content
    entries = content if isinstance(content, dict) else {}
    held = {str(k): v for k, v in entries.items() if _is_state(v)}
    if state_key is not None:
        if state_key not in held:
            raise InputError(
                f'model.teacher.state_key={state_key!r}: {path!r} has no '
                'weights under that name; it has some under '
                f'{sorted(held) or "no name at all: leave state_key out"}.'
            )
        return held[state_key]
    if not held:
        found = sorted(map(str, entries))[:5] or type(content).__name__
        raise InputError(
            f"{where}: {path!r} has no 'state_dict', nor weights under "
            f'another name (found: {found}). Convert it with a tool of '
            'tools/model_converters, or save the weights alone: '
            'torch.save(network.state_dict(), FILE).'
        )
    names = [name for name in _USUAL if name in held] or sorted(held)
    if len(held) > 1:
        if names[0] not in _USUAL:
            raise InputError(
                f'{where}: {path!r} has weights under {names}. Say which: '
                f'model.teacher.state_key={names[0]!r}.'
            )
        print_log(
            f'{path}: weights of {names[0]!r} taken; there are others under '
            f'{sorted(set(held) - {names[0]})} (model.teacher.state_key)',
            'current',
        )
    return held[names[0]]


def part_prefixes(
    prefix: str | dict | None,
) -> dict[str, tuple[str, str]]:
    """What the keys of each part begin with.

    Args:
        prefix (str or dict, optional): ``None``: ``backbone.``, ``neck.`` and
            ``head.``. A string: the backbone's, and there are no others. A
            dictionary: part -> prefix, or part -> (prefix in the file, prefix
            in the part's own keys), the latter for a final layer whose file
            says ``classifier.weight`` where its module says ``fc.weight``. A
            dot at the end may be left out; ``''`` is every key that no longer
            prefix claims.

    Returns:
        dict: Part -> (prefix in the file, prefix in the part).

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
            f"model.teacher.prefix={prefix!r}; expected the backbone's, such "
            "as 'module.encoder.', or a different one for each of "
            f'{", ".join(PARTS)}, such as '
            "dict(backbone='module.encoder.', head='module.classifier.')."
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
    """The prefixes of a state dict, with their numbers of keys, in words.

    What all keys share is walked through: ``module.encoder. (318 keys),
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
    told = [f'{start!r} ({n} keys)' for start, n in starts.most_common(6)]
    told += ['others'] * (len(starts) > 6)
    told += [f'{bare} keys without one'] * bool(bare)
    return ', '.join(told)


def split(
    state: dict[str, Tensor], prefixes: dict[str, tuple[str, str]]
) -> tuple[dict[str, dict[str, Tensor]], list[str]]:
    """Share a state dict out among the parts; the longest prefix wins.

    Args:
        state (dict): The file's weights.
        prefixes (dict): Of :func:`part_prefixes`.

    Returns:
        tuple: Part -> its state dict, for all of :data:`PARTS`; and the keys
        that belong to none.
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
