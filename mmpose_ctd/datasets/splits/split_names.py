"""What the names of split files tell: which of them belong together."""

import re
from collections.abc import Iterable

__all__ = ['sides']

_ROLE = re.compile(r'(train|val|test)(?:_|$)')
_BUDGET = re.compile(r'_n\d+(?=_|$)')
_SEED = re.compile(r'_seed(\d+)(?=_|$)')
_SITE = re.compile(r'_without_(?=.)')


def _parts(name: str) -> tuple[str, str, str, bool] | None:
    """Role, what the split is of, seed, and whether it is of a fold or site.

    ``train_n020_seed0`` is of the same as ``test``; its number of subjects
    is left out.
    """
    role = _ROLE.match(name)
    if role is None:
        return None
    seed = _SEED.search(name)
    rest = _SEED.sub('', _BUDGET.sub('', name[len(role[1]) :]))
    bare = _SITE.sub('_', rest)
    own = bare != rest or re.match(r'_fold\d', rest) is not None
    return role[1], bare, seed[1] if seed else '', own


def sides(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of files that nobody should be in both of.

    Args:
        names (Iterable[str]): Stems of split files, as ``make_splits.py``
            names them: ``train``, ``val_seed1``, ``train_n020_seed0``,
            ``test_fold1of5_seed0``, ``train_without_london`` ...

    Returns:
        list[tuple[str, str]]: Training with validation and test, validation
        with test. A plain ``test`` belongs to all that are of no fold or
        site; names of other kinds belong to nothing.
    """
    known = {name: parts for name in names if (parts := _parts(name))}
    pairs = []
    for a, (role, of, seed, own) in known.items():
        for b, (other, of_b, seed_b, _) in known.items():
            if 'train val test'.find(role) >= 'train val test'.find(other):
                continue
            same = of == of_b or (not of_b and not own)
            if same and seed_b in ('', seed):
                pairs.append((a, b))
    return sorted(pairs)
