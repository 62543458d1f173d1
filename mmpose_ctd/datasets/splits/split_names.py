"""Which split files belong together, by their names."""

import re
from collections.abc import Iterable

_ROLE = re.compile(r'(train|val|test)(?:_|$)')
_BUDGET = re.compile(r'_n\d+(?=_|$)')
_SEED = re.compile(r'_seed(\d+)(?=_|$)')
_SITE = re.compile(r'_without_(?=.)')


def _parts(name: str) -> tuple[str, str, str, bool] | None:
    """Role, what is left of the name, seed, and whether a fold or site.

    The number of subjects is dropped: ``train_n020`` goes with ``test``.
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
    """Pairs of files that must not share a subject.

    Args:
        names (Iterable[str]): Stems of split files, as ``mmpose_ctd split``
            names them: ``train``, ``val_seed1``, ``train_n020_seed0``,
            ``test_fold1of5_seed0``, ``train_without_london`` ...

    Returns:
        list[tuple[str, str]]: Training with validation and test, validation
        with test. A plain ``test`` goes with all files that are not of a
        fold or site; files with other names go with nothing.
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
