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
    extremes: tuple[str, str] = ('fastest', 'slowest'),
) -> Table:
    """Median and spread of every row, and its ratio to some of them.

    Args:
        title (str): With the unit.
        values (Mapping): Row -> what each round measured.
        denominators (Sequence[str]): Rows that medians are divided by; one
            that was not measured is left out. Defaults to none.
        missing (Mapping, optional): Row -> why it was not measured.
        digits (int): After the point. Defaults to 3.
        extremes (tuple[str, str]): Headings of least and most.
    """
    below = [name for name in denominators if name in values]
    table = _table(
        title, '', 'median', *extremes, *(f'to {name}' for name in below)
    )
    for name, measured in values.items():
        cells = (np.median(measured), np.min(measured), np.max(measured))
        ratios = [cells[0] / np.median(values[other]) for other in below]
        table.add_row(
            name,
            *(f'{cell:.{digits}f}' for cell in cells),
            *(f'{ratio:.3f}' for ratio in ratios),
        )
    for name in missing or {}:
        table.add_row(name, *['-'] * (3 + len(below)))
    if missing:
        # Below, as a long reason would squeeze the numbers.
        table.caption = '\n'.join(
            f'{name}: not measured: {why}' for name, why in missing.items()
        )
        table.caption_justify = 'left'
    return table


def profile_table(
    profiles: Mapping[str, Mapping[str, Sequence[float]]],
) -> Table:
    """Median seconds of every part of a step, and its share of them all.

    Args:
        profiles (Mapping): System -> part -> seconds of each round.
    """
    names = list(profiles)
    headings = [h for name in names for h in (name, 'share')]
    table = _table('Seconds of a training step by part', '', *headings)
    medians = {
        name: {part: float(np.median(s)) for part, s in parts.items()}
        for name, parts in profiles.items()
    }
    for part in next(iter(profiles.values())):
        cells = []
        for name in names:
            seconds, total = medians[name][part], sum(medians[name].values())
            cells += [f'{seconds:.3f}', f'{seconds / total:.1%}']
        table.add_row(part, *cells)
    return table


def growth_table(
    title: str,
    key: str,
    points: Sequence[tuple[int | str, Mapping[str, Sequence[float]]]],
    ratios: Sequence[tuple[str, str]] = (('ctd', 'ft'), ('ctd', 'mmpose_ft')),
) -> Table:
    """Medians of every system as one setting grows.

    Args:
        title (str): With the unit.
        key (str): The setting.
        points (Sequence): Its values, each with system -> rounds; a system
            that could not be measured there is left out of that one.
        ratios (Sequence[tuple[str, str]]): Columns of ratios, where both
            were measured.
    """
    names = list(dict.fromkeys(n for _, seconds in points for n in seconds))
    ratios = [r for r in ratios if set(r) <= set(names)]
    table = _table(title, key, *names, *(f'{a} / {b}' for a, b in ratios))
    for value, seconds in points:
        medians = {name: np.median(s) for name, s in seconds.items()}
        cells = [medians.get(name) for name in names]
        cells += [
            medians[a] / medians[b] if {a, b} <= set(medians) else None
            for a, b in ratios
        ]
        table.add_row(
            str(value),
            *('-' if cell is None else f'{cell:.3f}' for cell in cells),
        )
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify='left')
    table.add_column(first)
    for heading in others:
        table.add_column(heading, justify='right')
    return table


def show(what: Table | str) -> None:
    """Print a table or a line, 100 columns wide where no terminal is."""
    Console(width=None if os.isatty(1) else 100).print(what, highlight=False)
