"""Prints the reports of the metrics as small tables.

A value has the ends of its 95 % interval below it: a terminal is narrow.
"""

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from .functional.measurements import digits_of


def report_table(report: dict) -> Table:
    """Landmark errors: overall with intervals, by site, by landmark.

    ``report`` is ``LandmarkErrorMetric.report``.
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
    also = _in_other_units(report.get('also') or {})
    if also:
        caption = '\n'.join(filter(None, (caption, also)))
    table = _table(f'Error in {report["unit_label"]}, over {per}', caption)
    table.add_column('', no_wrap=True, min_width=12)
    table.add_column('n', justify='right')
    for name in metrics:
        heading = f'{name} at {tau:g}' if name in ('AUC', 'FR') else name
        table.add_column(heading, justify='right', no_wrap=True)

    def add_row(name: str, number: int, found: dict, **style) -> None:
        cells = (_error(key, found.get(key)) for key in metrics)
        table.add_row(escape(name), str(number), *cells, **style)

    add_row('all', report['num_images'], metrics, style='bold')
    table.add_section()
    for site, entry in report['per_site'].items():
        add_row(site, entry['num_images'], entry['metrics'])
    table.add_section()
    for name, entry in report['per_landmark'].items():
        values = {key: {'value': entry.get(key)} for key in metrics}
        add_row(name, entry['n'], values)
    return table


def measurement_table(report: dict) -> Table:
    """Agreement of each measure: bias, limits of agreement, MAE, ICC, slope.

    ``report`` is ``MeasurementMetric.report``; only ``measures`` is read.
    """
    measures = report['measures']
    title = 'Measures: predicted - manual'
    if 'px' in {entry['unit'] for entry in measures.values()}:
        title += " (px: pixels of the set's pictures)"
    table = _table(title, _caption(measures))
    table.add_column('', min_width=12)
    table.add_column('', no_wrap=True)
    for name in ('n', 'bias', 'lower', 'upper', 'MAE', 'ICC', 'slope'):
        table.add_column(name, justify='right', no_wrap=True)
    for name, entry in measures.items():
        unit, digits = entry['unit'], digits_of(entry['unit'])
        table.add_row(
            escape(name),
            unit if unit != '1' else '',
            str(entry['n']),
            *(
                _estimate(entry[key], f'+.{digits}f')
                for key in ('bias', 'loa_low', 'loa_high')
            ),
            _number(entry['mae'], f'.{digits}f'),
            _estimate(entry['icc'], '.2f'),
            _estimate(entry['slope'], '+.2f'),
        )
    return table


def _in_other_units(also: dict) -> str:
    """ME in other units than the table's, in words."""
    texts = [
        f'{100 * value:.2f} % of the outer canthal distance'
        if 'canthal' in unit
        else f'{value:.2f} {unit}'
        for unit, value in also.items()
    ]
    text = f'ME in other units: {", ".join(texts)}' if texts else ''
    if 'image px' in also:
        text += " (image px: pixels of the set's pictures)"
    return text


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
    if name.startswith('FR'):
        text = _number(value, '.1%')
        return text if low is None else f'{text}\n{100 * low:.0f}-{high:.0%}'
    digits = '.3f' if name == 'AUC' else '.2f'
    text = _number(value, digits)
    return text if low is None else f'{text}\n{low:{digits}}-{high:{digits}}'


def _estimate(entry: dict, digits: str) -> str:
    text = f'[bold]{_number(entry["value"], digits)}[/bold]'
    if entry['low'] is None:
        return text
    return f'{text}\n{entry["low"]:{digits}}\n{entry["high"]:{digits}}'


def _number(value: float | None, digits: str) -> str:
    return '' if value is None else f'{value:{digits}}'
