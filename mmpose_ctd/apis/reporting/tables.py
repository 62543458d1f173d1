"""Numbers as the text of table cells."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

__all__ = [
    'Table',
    'interval',
    'metric_cell',
    'metric_heading',
    'number',
    'with_interval',
]


@dataclass
class Table:
    """Cells as text; the first cell of a row names it.

    Attributes:
        caption (str): What the table shows.
        headings (list[str]): Of its columns.
        rows (list[list[str]]): Of its rows; line breaks in a cell are kept.
        words (bool): Whether the cells are words, aligned left.
    """

    caption: str
    headings: list
    rows: list = field(default_factory=list)
    words: bool = False


def number(value: float | None, digits: int = 2, sign: bool = False) -> str:
    """A number, or a dash if it is unknown."""
    if value is None or not np.isfinite(value):
        return '–'
    text = f'{value:+.{digits}f}' if sign else f'{value:.{digits}f}'
    # A hyphen is too short for a minus.
    return text.replace('-', '−')


def interval(
    low: float | None, high: float | None, digits: int, sign: bool = False
) -> str:
    """An interval in brackets; empty if it is unknown."""
    if low is None or high is None or not np.isfinite([low, high]).all():
        return ''
    ends = (number(end, digits, sign) for end in (low, high))
    return f'[{", ".join(ends)}]'


def with_interval(
    value: float | None, ends: Sequence, digits: int, sign: bool = False
) -> str:
    """A number with its interval in a second line, if that is known."""
    below = interval(*ends, digits, sign) if ends else ''
    return number(value, digits, sign) + (f'\n{below}' if below else '')


def metric_heading(name: str, report: dict) -> str:
    """A column's heading: the metric with its threshold or unit."""
    if name == 'ME':
        return f'ME ({report["unit_label"]})'
    if name in ('AUC', 'FR'):
        name = f'{name}@{report["threshold"]:g}'
    name = name.replace('@', ' at ')
    return f'{name} (%)' if name.startswith('FR') else name


def metric_cell(
    name: str,
    entries: Sequence[dict],
    digits: int,
    across: Sequence[float] | None = None,
) -> str:
    """A metric of one run with its interval, or of several with their SD.

    Args:
        name (str): ``'ME'``, ``'AUC'``, ``'FR'`` or ``'FR@t'``.
        entries (Sequence[dict]): Of each run: value, low and high.
        digits (int): Decimals of ME.
        across (Sequence[float], optional): Interval of the mean of several
            runs.
    """
    scale = 100 if name.startswith('FR') else 1
    digits = {'ME': digits, 'AUC': 3}.get(name, 1)
    if any(entry['value'] is None for entry in entries):
        return '–'
    values = scale * np.array([entry['value'] for entry in entries])
    if len(values) == 1:
        ends = [entries[0].get(end) for end in ('low', 'high')]
        ends = [None if end is None else scale * end for end in ends]
        return with_interval(values[0], ends, digits)
    text = f'{number(values.mean(), digits)} ± '
    text += number(values.std(ddof=1), digits)
    return f'{text}\n{interval(*across, digits)}' if across else text
