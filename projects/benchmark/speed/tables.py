"""The tables that a benchmark prints."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

__all__ = ['growth_table', 'profile_table', 'show', 'spread_table']


def spread_table(
    title: str,
    values: Mapping[str, Sequence[float]],
    denominators: Sequence[str] = (),
    missing: Mapping[str, str] | None = None,
    digits: int = 3,
) -> Table:
    """Median and spread of every row, and its ratio to some of them.

    Args:
        title (str): With the unit.
        values (Mapping): Row -> what each round measured.
        denominators (Sequence[str]): Rows that medians are divided by; one
            that was not measured is left out. Defaults to none.
        missing (Mapping, optional): Row -> why it was not measured.
        digits (int): After the point. Defaults to 3.
    """
    below = [name for name in denominators if name in values]
    headings = ['median', 'least', 'most', *(f'to {name}' for name in below)]
    table = _table(title, '', headings)
    for name, measured in values.items():
        median = np.median(measured)
        cells = median, np.min(measured), np.max(measured)
        ratios = [median / np.median(values[other]) for other in below]
        table.add_row(
            name,
            *(f'{cell:.{digits}f}' for cell in cells),
            *(f'{ratio:.3f}' for ratio in ratios),
        )
    for name in missing or {}:
        table.add_row(name, *['-'] * len(headings))
    if missing:
        # Below, as a long reason would squeeze the numbers.
        table.caption = '\n'.join(
            f'{name}: not measured: {why}' for name, why in missing.items()
        )
    return table


def profile_table(
    profiles: Mapping[str, Mapping[str, Sequence[float]]],
) -> Table:
    """Median seconds of every part of a step, and its share of them all.

    Args:
        profiles (Mapping): System -> part -> seconds of each round.
    """
    headings = [h for name in profiles for h in (name, 'share')]
    table = _table('Seconds of a training step by part', '', headings)
    medians = [
        {part: np.median(s) for part, s in parts.items()}
        for parts in profiles.values()
    ]
    for part in medians[0]:
        cells = []
        for system in medians:
            share = system[part] / sum(system.values())
            cells += [f'{system[part]:.3f}', f'{share:.1%}']
        table.add_row(part, *cells)
    return table


def growth_table(
    title: str,
    key: str,
    points: Mapping[int | str, Mapping[str, Sequence[float]]],
) -> Table:
    """Medians of every system as one setting grows.

    Args:
        title (str): With the unit.
        key (str): The setting.
        points (Mapping): Its value -> system -> rounds; a system that could
            not be measured there is left out of that one.
    """
    names = list(dict.fromkeys(n for of_it in points.values() for n in of_it))
    ratios = [
        (above, below)
        for above, below in (('ctd', 'ft'), ('ctd', 'mmpose_ft'))
        if above in names and below in names
    ]
    table = _table(title, key, [*names, *(f'{a} / {b}' for a, b in ratios)])
    for value, seconds in points.items():
        medians = {n: np.median(seconds.get(n, np.nan)) for n in names}
        cells = [
            *medians.values(),
            *(medians[a] / medians[b] for a, b in ratios),
        ]
        table.add_row(
            str(value),
            *('-' if np.isnan(cell) else f'{cell:.3f}' for cell in cells),
        )
    return table


def _table(title: str, first: str, others: Sequence[str]) -> Table:
    table = Table(title=title, title_justify='left', caption_justify='left')
    table.add_column(first)
    for heading in others:
        table.add_column(heading, justify='right')
    return table


def show(what: Table | str) -> None:
    """Print a table or a line, 100 columns wide where no terminal is."""
    Console(width=None if os.isatty(1) else 100).print(what, highlight=False)
