"""Prints a report of :class:`LandmarkErrorMetric` as one small table."""

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table


def report_table(report: dict, title: str | None = None) -> Table:
    """Overall with intervals, then each site, then each landmark.

    Args:
        report (dict): ``LandmarkErrorMetric.report``.
        title (str, optional): Heading. Defaults to one that names the unit,
            the threshold and the interval.

    Returns:
        rich.table.Table: To be printed by a :class:`rich.console.Console`.
    """
    tau, metrics = report['threshold'], report['metrics']
    per = 'landmarks' if report['per'] == 'landmark' else 'images'
    if title is None:
        title = f'Error in {report["unit_label"]}, over {per}'
    table = Table(
        title=title,
        caption=_caption(report),
        title_justify='left',
        caption_justify='left',
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    table.add_column('', no_wrap=True, min_width=12)
    table.add_column('n', justify='right')
    for name in metrics:
        heading = f'{name} at {tau:g}' if name in ('AUC', 'FR') else name
        table.add_column(heading, justify='right', no_wrap=True)

    table.add_row(
        'all',
        str(report['num_images']),
        *(_cell(name, entry) for name, entry in metrics.items()),
        style='bold',
        end_section=True,
    )
    sites = report['per_site']
    for i, (site, entry) in enumerate(sites.items(), start=1):
        table.add_row(
            escape(site),
            str(entry['num_images']),
            *(_cell(name, m) for name, m in entry['metrics'].items()),
            end_section=i == len(sites),
        )
    for landmark, entry in report['per_landmark'].items():
        table.add_row(
            escape(landmark),
            str(entry['n']),
            *(_cell(name, {'value': entry.get(name)}) for name in metrics),
        )
    return table


def _caption(report: dict) -> str | None:
    if report['metrics']['ME']['low'] is None:
        return None
    subjects = report['num_subjects']
    over = f'{subjects} subjects' if subjects else 'images'
    return f'below a value: its 95 % bootstrap interval over {over}'


def _cell(name: str, entry: dict) -> str:
    """A value, its interval on a second line: side by side they are wider
    than a terminal."""
    value = entry['value']
    if value is None:
        return ''
    rate = name.startswith('FR')
    digits = 3 if name == 'AUC' else 2
    text = f'{value:.1%}' if rate else f'{value:.{digits}f}'
    low, high = entry.get('low'), entry.get('high')
    if low is None:
        return text
    if rate:
        return f'{text}\n{100 * low:.0f}-{high:.0%}'
    return f'{text}\n{low:.{digits}f}-{high:.{digits}f}'
