"""What all runs cost, and where they were made."""

from collections import Counter
from collections.abc import Sequence

from mmpose_ctd.apis.reporting.tables import Table, number

from ..run_record import RunRecord
from .grouping import Arm, Comparison
from .parts import Section

__all__ = ['cost_section', 'dates', 'missing_runs', 'origin_warnings']


def cost_section(comparison: Comparison) -> Section:
    """Runs, hours, machines, commits and dates."""
    runs = [*comparison.used, *comparison.trials]
    section = Section('cost', 'Runs and cost')
    table = Table(
        'Runs and hours; times of runs that shared a machine with others are '
        'no measure of speed',
        ['study', 'runs', 'training (h)', 'testing (h)', 'configs', 'dates'],
    )
    studies = dict.fromkeys(run.study for run in comparison.used)
    for study in studies:
        ours = [run for run in comparison.used if run.study == study]
        table.rows.append(_row(study or 'all runs', ours))
    if comparison.trials:
        table.rows.append(_row('search', comparison.trials))
    table.rows.append(_row('sum', runs))
    section.add(table)
    where = Table(
        'Where the runs were made', ['what', 'value', 'runs'], words=True
    )
    counts = Counter(('commit', run.commit or 'unknown') for run in runs)
    for run in runs:
        counts.update(
            (str(key), str(value)) for key, value in run.environment.items()
        )
    for (key, value), count in sorted(counts.items()):
        where.rows.append([key, value, str(count)])
    section.add(where)
    return section


def dates(runs: Sequence[RunRecord]) -> str:
    """The first and last day on which a run began."""
    days = sorted(run.started[:10] for run in runs if run.started)
    if not days:
        return '–'
    return days[0] if days[0] == days[-1] else f'{days[0]} to {days[-1]}'


def origin_warnings(runs: Sequence[RunRecord]) -> list[str]:
    """What differs between runs that are compared."""
    told = []
    commits = Counter(run.commit for run in runs)
    if len(commits) > 1:
        listed = ', '.join(
            f'{commit or "unknown"} ({n})'
            for commit, n in sorted(commits.items())
        )
        told.append(
            f'The runs are of {len(commits)} commits of the program: '
            f'{listed}. Differences may be those of the program.'
        )
    changed = sum(n for commit, n in commits.items() if commit.endswith('+'))
    if changed:
        told.append(
            f'Runs made with a program that was changed after its commit: '
            f'{changed}. Nobody else can repeat them exactly.'
        )
    keys = sorted({key for run in runs for key in run.environment})
    for key in keys:
        values = {str(run.environment.get(key, 'unknown')) for run in runs}
        if len(values) > 1:
            told.append(
                f'The runs were made with different {key}: '
                f'{", ".join(sorted(values))}.'
            )
    return told


def missing_runs(arm: Arm) -> list[str]:
    """Systems without a budget that others of the arm have."""
    plain = [(system, n) for system, variant, n in arm.cells if not variant]
    budgets = sorted({n for _, n in plain})
    told = []
    for system in dict.fromkeys(system for system, _ in plain):
        lacks = [f'n = {n}' for n in budgets if (system, n) not in plain]
        if lacks:
            told.append(f'{system}: {", ".join(lacks)}')
    if not told:
        return []
    return [
        f'{arm.title}: some systems were not run with all numbers of labels. '
        f'Missing are {"; ".join(told)}.'
    ]


def _row(name: str, runs: Sequence[RunRecord]) -> list[str]:
    return [
        name,
        str(len(runs)),
        number(sum(run.seconds for run in runs) / 3600, 2),
        number(sum(run.test_seconds for run in runs) / 3600, 2),
        str(len({run.config_hash for run in runs})),
        dates(runs),
    ]
