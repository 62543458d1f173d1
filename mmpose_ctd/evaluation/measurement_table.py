"""Prints a report of :class:`MeasurementMetric` as one small table."""

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from .functional.measurements import digits_of


def measurement_table(report: dict, title: str | None = None) -> Table:
    """A line a measure: bias, limits of agreement, MAE, ICC.

    Args:
        report (dict): ``MeasurementMetric.report``; of it ``measures`` alone
            is read.
        title (str, optional): Heading. Defaults to one that says what is
            compared.

    Returns:
        rich.table.Table: To be printed by a :class:`rich.console.Console`.
    """
    measures = report['measures']
    table = Table(
        title='Measures: predicted - manual' if title is None else title,
        caption=_caption(measures),
        title_justify='left',
        caption_justify='left',
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column('', min_width=12)
    table.add_column('', no_wrap=True)
    headings = ('n', 'bias', 'lower', 'upper', 'MAE', 'ICC', 'slope')
    for heading in headings:
        table.add_column(heading, justify='right', no_wrap=True)
    for name, entry in measures.items():
        digits = digits_of(entry['unit'])
        table.add_row(
            escape(name),
            entry['unit'] if entry['unit'] != '1' else '',
            str(entry['n']),
            *(
                _estimate(entry[key], digits, sign='+')
                for key in ('bias', 'loa_low', 'loa_high')
            ),
            _number(entry['mae'], digits),
            _estimate(entry['icc'], 2),
            _estimate(entry['slope'], 2, sign='+'),
        )
    return table


def _caption(measures: dict) -> str:
    lines = ['95 % of single differences are expected from lower to upper']
    intervals = {entry['interval'] for entry in measures.values()} - {'none'}
    if intervals:
        how = ', '.join(sorted(intervals))
        lines.append(f'under a value: its 95 % interval ({how})')
    notes = {}
    for name, entry in measures.items():
        for note in entry['notes']:
            notes.setdefault(note, []).append(name)
    for note, names in notes.items():
        who = 'all' if len(names) == len(measures) else ', '.join(names)
        lines.append(f'{escape(who)}: {escape(note)}')
    return '\n'.join(lines)


def _estimate(entry: dict, digits: int, sign: str = '') -> str:
    """A value, the ends of its interval under it: a terminal is narrow."""
    text = f'[bold]{_number(entry["value"], digits, sign)}[/bold]'
    if entry['low'] is None:
        return text
    low, high = (_number(entry[end], digits, sign) for end in ('low', 'high'))
    return f'{text}\n{low}\n{high}'


def _number(value: float | None, digits: int, sign: str = '') -> str:
    return '' if value is None else f'{value:{sign}.{digits}f}'
