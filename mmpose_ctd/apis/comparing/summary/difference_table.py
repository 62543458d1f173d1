"""Differences of systems to a baseline, and what tests say of them."""

from collections.abc import Sequence

from mmpose_ctd.apis.reporting.tables import Table, interval, number

from .pairing import Pair, corrected
from .parts import difference_cell, p_text

__all__ = [
    'difference_table',
    'is_clear',
    'other_tests',
    'pair_cell',
    'shared',
]


def difference_table(
    title: str, pairs: Sequence[Pair | None], base: str
) -> Table:
    """The primary test with all intervals, a row a system.

    Args:
        title (str): Begins the caption.
        pairs (Sequence[Pair | None]): One family: p-values are corrected for
            their number.
        base (str): Name of what they are compared with.
    """
    table = Table(
        f'{title}: ME less that of {base}, same faces and seeds, in pixels',
        [
            'system',
            'difference',
            '[faces]',
            '[faces and seeds]\nbootstrap',
            '[faces and seeds]\nt',
            'p (Holm)',
            'd_z',
            'better with',
        ],
    )
    for pair, p in zip(pairs, corrected(pairs)):
        if pair is None:
            continue
        random = pair.random_seeds
        table.rows.append(
            [
                pair.cell.name,
                difference_cell(pair.difference, relative=pair.relative),
                interval(*pair.interval, 3, sign=True) or '–',
                interval(*pair.crossed, 3, sign=True) or '–',
                interval(random.low, random.high, 3, sign=True) or '–',
                p_text(p),
                number(pair.effect_size, 2, sign=True),
                f'{(pair.by_training < 0).sum()} of {shared(pair)}',
            ]
        )
    return table


def other_tests(title: str, pairs: Sequence[Pair | None], base: str) -> Table:
    """What other tests say of the same differences."""
    table = Table(
        f'{title}: differences to {base}; p-values, Holm-corrected but for '
        'the first',
        [
            'system',
            'sign flips, not corrected',
            'sign flips',
            'paired t',
            'Wilcoxon',
            'faces and seeds, t',
            'difference with each seed (px)',
        ],
    )
    columns = [
        corrected(pairs, name)
        for name in ('p_value', 'p_t', 'p_wilcoxon', 'p_random')
    ]
    for pair, *p in zip(pairs, *columns):
        if pair is None:
            continue
        changes = (
            f'{seed}: {number(change, 3, sign=True)}'
            for seed, change in zip(pair.seeds, pair.by_seed)
        )
        table.rows.append(
            [
                pair.cell.name,
                p_text(pair.p_value),
                *map(p_text, p),
                ', '.join(changes),
            ]
        )
    return table


def pair_cell(pair: Pair | None) -> str:
    """A difference, its interval over faces, and over faces and seeds (t)."""
    if pair is None:
        return ''
    told = difference_cell(pair.difference, pair.interval, pair.relative)
    random = pair.random_seeds
    ends = interval(random.low, random.high, 3, sign=True)
    return f'{told}\n{ends}' if ends else told


def is_clear(pair: Pair, p_holm: float) -> bool:
    """Whether a difference stands over faces and over seeds."""
    random = pair.random_seeds
    return p_holm < 0.05 and (random.low > 0 or random.high < 0)


def shared(pair: Pair) -> str:
    """How many seeds were compared; told as such where not all were."""
    if pair.cell.blocks is not None:
        return f'{len(pair.by_training)} trainings'
    told = f'{len(pair.seeds)} seed' + ('s' if len(pair.seeds) != 1 else '')
    if set(pair.seeds) == set(pair.cell.seeds) == set(pair.base.seeds):
        return told
    return f'{len(pair.seeds)} shared'
