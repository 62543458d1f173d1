"""Prints a report of :class:`LandmarkErrorMetric` as one small table."""

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
    table = Table(title=title, caption=_caption(report), title_justify='left')
    table.add_column('')
    table.add_column('n', justify='right')
    # Rates that are only defined over all images have no column of their
    # own in the landmarks' rows.
    headings = [
        f'{name} at {tau:g}' if name in ('AUC', 'FR') else name
        for name in metrics
    ]
    for heading in headings:
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
            site,
            str(entry['num_images']),
            *(_cell(name, m) for name, m in entry['metrics'].items()),
            end_section=i == len(sites),
        )
    for landmark, entry in report['per_landmark'].items():
        table.add_row(
            landmark,
            str(entry['n']),
            *(_cell(name, {'value': entry.get(name)}) for name in metrics),
        )
    return table


def _caption(report: dict) -> str | None:
    if report['metrics']['ME']['low'] is None:
        return None
    subjects = report['num_subjects']
    over = f'{subjects} subjects' if subjects else 'images'
    return f'[low, high]: 95 % bootstrap interval over {over}'


def _cell(name: str, entry: dict) -> str:
    value = entry['value']
    if value is None:
        return ''
    if name.startswith('FR'):
        form = '{:.1%}'
    else:
        form = '{:.3f}' if name == 'AUC' else '{:.2f}'
    text = form.format(value)
    if entry.get('low') is not None:
        low, high = form.format(entry['low']), form.format(entry['high'])
        # Rich reads a bare [..] as markup.
        text += f' \\[{low}, {high}]'
    return text
