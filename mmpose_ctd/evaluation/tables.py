"""Prints the reports of the metrics as small tables.

A value has the ends of its 95 % interval below it: a terminal is narrow.
"""

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from .functional.measurements import digits_of


def report_table(report: dict) -> Table:
    """Landmark errors: overall with intervals, by site, by landmark.

    Args:
        report (dict): ``LandmarkErrorMetric.report``.

    Returns:
        rich.table.Table: To be printed by a :class:`rich.console.Console`.
    """
    tau, metrics = report['threshold'], report['metrics']
    per = 'landmarks' if report['per'] == 'landmark' else 'images'
    caption = None
    if metrics['ME']['low'] is not None:
        people = report['num_subjects']
        over = f'{people} subjects' if people else 'images'
        caption = f'below a value: its 95 % interval over {over}, by bootstrap'
        rates = [m['value'] for n, m in metrics.items() if 'FR' in n]
        if {0, 1}.intersection(rates):
            caption += '; exact binomial for a rate of 0 or 100 %'
    table = _table(f'Error in {report["unit_label"]}, over {per}', caption)
    table.add_column('', no_wrap=True, min_width=12)
    table.add_column('n', justify='right')
    for name in metrics:
        heading = f'{name} at {tau:g}' if name in ('AUC', 'FR') else name
        table.add_column(heading, justify='right', no_wrap=True)
    table.add_row(
        'all',
        str(report['num_images']),
        *(_error(name, entry) for name, entry in metrics.items()),
        style='bold',
        end_section=True,
    )
    sites = report['per_site']
    for i, (site, entry) in enumerate(sites.items(), start=1):
        table.add_row(
            escape(site),
            str(entry['num_images']),
            *(_error(name, m) for name, m in entry['metrics'].items()),
            end_section=i == len(sites),
        )
    for landmark, entry in report['per_landmark'].items():
        table.add_row(
            escape(landmark),
            str(entry['n']),
            *(_error(name, {'value': entry.get(name)}) for name in metrics),
        )
    return table


def measurement_table(report: dict) -> Table:
    """Agreement of each measure: bias, limits of agreement, MAE, ICC, slope.

    Args:
        report (dict): ``MeasurementMetric.report``; only ``measures`` is
            read.

    Returns:
        rich.table.Table: To be printed by a :class:`rich.console.Console`.
    """
    measures = report['measures']
    title = 'Measures: predicted - manual'
    if 'px' in {entry['unit'] for entry in measures.values()}:
        title += ' (px: pixels of the photograph)'
    table = _table(title, _caption(measures))
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


def _table(title: str, caption: str | None) -> Table:
    return Table(
        title=title,
        caption=caption,
        title_justify='left',
        caption_justify='left',
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )


def _caption(measures: dict) -> str:
    lines = ['95 % of single differences are expected from lower to upper']
    intervals = {entry['interval'] for entry in measures.values()} - {'none'}
    if intervals:
        how = ', '.join(sorted(intervals))
        lines.append(f'under a value: its 95 % interval ({how})')
    notes: dict[str, list[str]] = {}
    for name, entry in measures.items():
        for note in entry['notes']:
            notes.setdefault(note, []).append(name)
    for note, names in notes.items():
        who = 'all' if len(names) == len(measures) else ', '.join(names)
        lines.append(f'{escape(who)}: {escape(note)}')
    return '\n'.join(lines)


def _error(name: str, entry: dict) -> str:
    value, low, high = entry['value'], entry.get('low'), entry.get('high')
    if value is None:
        return ''
    if name.startswith('FR'):
        below = low is not None and f'{100 * low:.0f}-{high:.0%}'
        return f'{value:.1%}\n{below}' if below else f'{value:.1%}'
    digits = 3 if name == 'AUC' else 2
    text = f'{value:.{digits}f}'
    if low is None:
        return text
    return f'{text}\n{low:.{digits}f}-{high:.{digits}f}'


def _estimate(entry: dict, digits: int, sign: str = '') -> str:
    text = f'[bold]{_number(entry["value"], digits, sign)}[/bold]'
    if entry['low'] is None:
        return text
    low, high = (_number(entry[end], digits, sign) for end in ('low', 'high'))
    return f'{text}\n{low}\n{high}'


def _number(value: float | None, digits: int, sign: str = '') -> str:
    return '' if value is None else f'{value:{sign}.{digits}f}'
