"""Tables of a report, as text."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

__all__ = ['Table', 'interval', 'metric_cell', 'metric_heading', 'number']


@dataclass
class Table:
    """Cells as text; the first of a row names it.

    Attributes:
        caption (str): What the table shows.
        headings (list[str]): Of its columns.
        rows (list[list[str]]): Of its rows; a line break within a cell is
            kept.
        words (bool): Whether the cells are words, aligned left.
    """

    caption: str
    headings: list
    rows: list = field(default_factory=list)
    words: bool = False


def number(value: float | None, digits: int = 2, sign: bool = False) -> str:
    """A number, or a dash where there is none."""
    if value is None or not np.isfinite(value):
        return '–'
    text = f'{value:+.{digits}f}' if sign else f'{value:.{digits}f}'
    # A hyphen is too short for a minus.
    return text.replace('-', '−')


def interval(
    low: float | None, high: float | None, digits: int, sign: bool = False
) -> str:
    """An interval in brackets; empty where it is not known."""
    if low is None or high is None or not np.isfinite([low, high]).all():
        return ''
    ends = (number(end, digits, sign) for end in (low, high))
    return f'[{", ".join(ends)}]'


def metric_heading(name: str, report: dict) -> str:
    """A column's heading: the metric with its threshold or unit."""
    tau = report['threshold']
    if name == 'ME':
        return f'ME ({report["unit_label"]})'
    if name in ('AUC', 'FR'):
        name = f'{name}@{tau:g}'
    name = name.replace('@', ' at ')
    return f'{name} (%)' if name.startswith('FR') else name


def metric_cell(
    name: str,
    entries: Sequence[dict],
    digits: int,
    across: tuple[float, float] | None = None,
) -> str:
    """A metric of one run with its interval, or of several with their SD.

    Args:
        name (str): ``'ME'``, ``'AUC'``, ``'FR'`` or ``'FR@t'``.
        entries (Sequence[dict]): Of each run: value, low and high.
        digits (int): Decimals of ME.
        across (tuple, optional): Interval of the mean of several runs, where
            it is known.
    """
    scale = 100 if name.startswith('FR') else 1
    digits = {'ME': digits, 'AUC': 3}.get(name, 1)
    values = [entry['value'] for entry in entries]
    if any(value is None for value in values):
        return '–'
    values = scale * np.array(values, dtype=np.float64)
    told = number(values.mean(), digits)
    ends = across
    if len(values) > 1:
        told += f' ± {number(values.std(ddof=1), digits)}'
    elif entries[0].get('low') is not None:
        ends = scale * entries[0]['low'], scale * entries[0]['high']
    below = interval(*ends, digits) if ends else ''
    return f'{told}\n{below}' if below else told
