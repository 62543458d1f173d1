"""Tables of errors: one or several systems, over their runs and faces.

A run's *report* is what ``LandmarkErrorMetric`` found and ``tools/test.py
--out`` writes; runs of one system differ in their seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rich.table
from rich.console import Console
from rich.markup import escape

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import bootstrap_interval
from mmpose_ctd.files import json_file

#: Keys of reports that must be equal for their errors to be compared.
_SAME = ('unit', 'threshold', 'per', 'num_images', 'test_set')


@dataclass
class Table:
    """A table of text; the first cell of a row names it.

    Attributes:
        caption (str): What the table shows.
        headings (list[str]): Of its columns.
        rows (list[list[str]]): A cell may hold line breaks.
        words (bool): Whether the cells are words, aligned left.
        folded (bool): Whether a report shows it on demand only.
    """

    caption: str
    headings: list
    rows: list = field(default_factory=list)
    words: bool = False
    folded: bool = False


def number(value: float | None, digits: int = 2, sign: bool = False) -> str:
    """A number with a typographic minus; a dash for None and NaN."""
    if value is None or not np.isfinite(value):
        return '–'
    text = f'{value:+.{digits}f}' if sign else f'{value:.{digits}f}'
    return text.replace('-', '−')


def interval(
    low: float | None, high: float | None, digits: int, sign: bool = False
) -> str:
    """``[low, high]``; empty if one of them is not known."""
    if low is None or high is None or not np.isfinite([low, high]).all():
        return ''
    ends = (number(end, digits, sign) for end in (low, high))
    return f'[{", ".join(ends)}]'


def with_interval(
    text: str, low, high, digits: int = 3, sign: bool = False
) -> str:
    """A text and, if it is known, the interval below it."""
    return f'{text}\n{interval(low, high, digits, sign)}'.rstrip('\n')


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
    across: tuple[float, float] | None = None,
) -> str:
    """A metric of one run with its interval, or of several with their SD.

    ``entries`` have value, low and high of each run, ``digits`` are decimals
    of ME, ``across`` is the interval of the mean of several runs.
    """
    scale = 100 if name.startswith('FR') else 1
    digits = {'ME': digits, 'AUC': 3}.get(name, 1)
    values = [entry['value'] for entry in entries]
    if any(value is None for value in values):
        return '–'
    values = scale * np.array(values, dtype=np.float64)
    text, ends = number(values.mean(), digits), across or (None, None)
    if len(values) > 1:
        text += f' ± {number(values.std(ddof=1), digits)}'
    elif entries[0].get('low') is not None:
        ends = scale * entries[0]['low'], scale * entries[0]['high']
    return with_interval(text, *ends, digits)


def read_report(path: str | Path) -> dict:
    """The report in a file that ``tools/test.py --out`` wrote.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is another kind of file.
    """
    writer = f'`python tools/test.py CONFIG CHECKPOINT --out {path}`'
    with json_file(path, f'the metrics that {writer} writes') as content:
        report = content['reports'][0]
        report['metrics']['ME']['value'], report['image_errors'][0] + 0.0
        report['groups'], report['test_set']
    return report


def check_alike(systems: Mapping[str, Sequence[dict]], first: dict) -> None:
    """Refuse to compare reports of other tests than the first.

    Raises:
        InputError: Names the first that does not, and the difference.
    """
    # A pixel of the input is another length if its size is another.
    keys = (*_SAME, *(('input_sizes',) if first['unit'] == 'input' else ()))
    for system, report in ((s, r) for s, rs in systems.items() for r in rs):
        for key in keys:
            if report[key] != first[key]:
                cure = 'Test all systems in the same way, on the same images'
                if key == 'input_sizes':
                    cure += ', or with test_evaluator.unit=image'
                raise InputError(
                    where=system,
                    found=f'tested with {key}={report[key]!r}',
                    expected=f'{first[key]!r} as of the first system',
                    cure=f'{cure}.',
                )
        if list(report['metrics']) != list(first['metrics']):
            raise InputError(
                where=system,
                found=f'metrics {list(report["metrics"])}',
                expected=f'{list(first["metrics"])} as of the first system',
            )


def mean_errors(reports: Sequence[dict]) -> np.ndarray:
    """Error of each image, (N,), averaged over the seeds."""
    return np.mean([report['image_errors'] for report in reports], axis=0)


def paired_change(
    reports: Sequence[dict], base: Sequence[dict]
) -> tuple[float, float, float]:
    """Difference of two systems' ME on the same images, a report per seed.

    Returns:
        tuple[float, float, float]: Mean difference and its 95 % bootstrap
        interval over subjects (over images if the data name no subject);
        negative if ``reports`` are better than ``base``.
    """
    change = mean_errors(reports) - mean_errors(base)
    ends = bootstrap_interval(change, base[0]['groups'])
    return float(change.mean()), *ends


def seed_table(
    systems: Mapping[str, Sequence[dict]], digits: int = 3
) -> Table:
    """Compare systems, one row each.

    A metric is its mean over the seeds with their standard deviation (n - 1),
    or the value of a single run with its interval. The last column, if there
    are several systems, is :func:`paired_change` to the first system: about
    other faces, not about other seeds. A system with more or fewer runs than
    the first has none. ``digits`` are decimals of ME.

    Raises:
        InputError: If the reports are of different tests.
    """
    base, first = next(iter(systems.items()))
    check_alike(systems, first[0])
    names = list(first[0]['metrics'])
    headings = ['system', 'seeds']
    headings += [metric_heading(name, first[0]) for name in names]
    if len(systems) > 1:
        headings.append(f'difference of ME to {base}')
    faces = 'subjects' if first[0].get('num_subjects', 1) else 'images'
    caption = f'{first[0]["num_images"]} test images'
    if any(len(reports) > 1 for reports in systems.values()):
        caption += '; ± is the standard deviation over seeds'
    caption += f'; in brackets 95 % intervals over {faces}'
    table = Table(caption, headings)
    for system, reports in systems.items():
        row = [system, str(len(reports))]
        row += [
            metric_cell(name, [r['metrics'][name] for r in reports], digits)
            for name in names
        ]
        if len(systems) > 1:
            text = ''
            if reports is not first and len(reports) == len(first):
                change, low, high = paired_change(reports, first)
                text = number(change, 3, sign=True)
                text = with_interval(text, low, high, sign=True)
            row.append(text)
        table.rows.append(row)
    return table


def markdown_table(table: Table, line: str = '<br>', clean=str) -> str:
    """Headings and rows as Markdown.

    ``line`` replaces line breaks; ``clean`` is applied to each cell first.
    """
    rows = [table.headings, ['---'] * len(table.headings), *table.rows]
    return '\n'.join(
        f'| {" | ".join(clean(c).replace(chr(10), line) for c in row)} |'
        for row in rows
    )


def terminal_table(table: Table) -> rich.table.Table:
    """The table for a rich console."""
    shown = rich.table.Table(title=escape(table.caption), title_justify='left')
    for i, heading in enumerate(table.headings):
        side = 'right' if i else 'left'
        # A narrow screen wraps headings, never numbers.
        lines = [line for row in table.rows for line in row[i].split('\n')]
        width = max(map(len, lines), default=0)
        shown.add_column(heading, justify=side, min_width=width)
    for row in table.rows:
        shown.add_row(*(escape(cell) for cell in row))
    return shown


def print_table(table: Table) -> None:
    """Print it whole: a narrow terminal breaks its lines, but cuts no cell."""
    shown, console = terminal_table(table), Console()
    wide = console.options.update(width=1000)
    needed = console.measure(shown, options=wide).maximum
    Console(width=max(console.width, needed)).print(shown)
