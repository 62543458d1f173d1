"""Sections of a comparison's report: search, cost, and how to read it."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mmpose_ctd.apis.error_tables import Table, number
from mmpose_ctd.apis.reporting.page_parts import template
from mmpose_ctd.evaluation.functional import image_errors

from .differences import NUM_RESAMPLES, StudyArm
from .report_parts import Fold, Section

#: Of fewer subjects, percentile intervals are noticeably too narrow.
_FEW_SUBJECTS = 30


def searches_of(trials: Sequence[Mapping]) -> list[dict]:
    """The trials as searches for :func:`search_section`."""
    systems: dict = {}
    for run in trials:
        found = systems.setdefault((run['study'], run['system']), {})
        found.setdefault(_text(run['options']), []).append(run)
    return [
        {
            'study': study,
            'system': system,
            'trials': [
                {
                    'options': runs[0]['options'],
                    'mean_error': sum(map(_error, runs)) / len(runs),
                    'seconds': sum(
                        run['seconds'] + run['test_seconds'] for run in runs
                    ),
                    'runs': len(runs),
                }
                for runs in by_options.values()
            ],
        }
        for (study, system), by_options in systems.items()
    ]


def _error(run: Mapping) -> float:
    errors = image_errors(run['errors'])
    known = errors[np.isfinite(errors)]
    return float(known.mean()) if len(known) else float('nan')


def _text(options: Mapping) -> str:
    """Options as they are typed, always in one order."""
    pairs = (f'{key}={options[key]}' for key in sorted(options, key=str))
    return ' '.join(pairs) or 'as it is'


def search_section(searches: Sequence[Mapping]) -> Section | None:
    """Trials of every system, and their cost.

    Args:
        searches (Sequence[Mapping]): One per system: ``system`` (str),
            ``trials`` (list of dicts with ``options`` (dict), ``mean_error``
            (float, pixels, on validation subjects; None or NaN if the trial
            failed), ``seconds`` (float) and optionally ``runs`` (int)), and
            optionally ``chosen`` (the options that were taken) and ``study``.
    """
    searches = [search for search in searches if search.get('trials')]
    if not searches:
        return None
    cost = Table(
        'Cost of the search',
        ['system', 'settings tried', 'runs', 'hours', 'best ME', 'chosen'],
    )
    several = len({search.get('study', '') for search in searches}) > 1
    folds, sums = [], np.zeros(3)
    for search in searches:
        name, chosen = search['system'], search.get('chosen')
        if several and search.get('study'):
            name = f'{name}, {search["study"]}'
        trials = sorted(search['trials'], key=lambda t: _text(t['options']))
        table = Table(
            f'{name}: settings tried',
            ['options', 'validation ME', 'seconds', 'chosen'],
            [
                [
                    _text(trial['options']),
                    number(trial['mean_error'], 3),
                    number(trial['seconds'], 0),
                    'chosen' if trial['options'] == chosen else '',
                ]
                for trial in trials
            ],
        )
        folds.append(Fold(table.caption, table))
        errors = [t['mean_error'] for t in trials]
        known = [e for e in errors if e is not None and e == e]
        counts = (
            len(trials),
            sum(trial.get('runs', 1) for trial in trials),
            sum(trial['seconds'] for trial in trials) / 3600,
        )
        sums += counts
        cost.rows.append(
            [
                name,
                *map(str, counts[:2]),
                number(counts[2], 2),
                number(min(known, default=None), 3),
                '–' if chosen is None else _text(chosen),
            ]
        )
    tried, runs, hours = sums
    cost.rows.append(
        ['sum', f'{tried:.0f}', f'{runs:.0f}', number(hours, 2), '', '']
    )
    parts = [
        'Settings were chosen by the mean error on validation subjects, who '
        'neither train nor test. The more settings are tried, the more the '
        'best one is a matter of chance: its validation error does not '
        'estimate the error on new faces.',
        cost,
    ]
    if len({len(search['trials']) for search in searches}) > 1:
        parts.append('The systems had unequal numbers of settings to try.')
    return Section(('search',), 'Search', [*parts, *folds])


def cost_section(finals: Sequence[Mapping], trials: Sequence[Mapping]):
    """Runs, hours, machines, commits and dates."""
    runs = [*finals, *trials]
    cost = Table(
        'Runs and hours; times of runs that shared a machine with others do '
        'not measure speed',
        ['study', 'runs', 'training (h)', 'testing (h)', 'configs', 'dates'],
    )
    groups: dict = {}
    for run in finals:
        groups.setdefault(run['study'] or 'all runs', []).append(run)
    groups |= {'search': trials, 'sum': runs} if trials else {'sum': runs}
    for name, ours in groups.items():
        cost.rows.append(
            [
                name,
                str(len(ours)),
                number(sum(run['seconds'] for run in ours) / 3600, 2),
                number(sum(run['test_seconds'] for run in ours) / 3600, 2),
                str(len({run['config_hash'] for run in ours})),
                dates(ours),
            ]
        )
    counts = Counter(
        (str(key), str(value))
        for run in runs
        for key, value in (
            ('commit', run['commit'] or 'unknown'),
            *run['environment'].items(),
        )
    )
    rows = [[*what, str(count)] for what, count in sorted(counts.items())]
    where = Table(
        'Where the runs were made', ['what', 'value', 'runs'], rows, words=True
    )
    return Section(('cost',), 'Runs and cost', [cost, where])


def dates(runs: Sequence[Mapping]) -> str:
    """The first and last day on which a run started."""
    days = sorted(run['started'][:10] for run in runs if run['started'])
    if not days:
        return '–'
    return days[0] if days[0] == days[-1] else f'{days[0]} to {days[-1]}'


def origin_warnings(runs: Sequence[Mapping]) -> list[str]:
    """Differences in program and machine between runs that are compared."""
    warnings = []
    commits = Counter(run['commit'] for run in runs)
    if len(commits) > 1:
        listed = ', '.join(
            f'{commit or "unknown"} ({n})'
            for commit, n in sorted(commits.items())
        )
        warnings.append(
            f'The runs are of {len(commits)} commits of the program: '
            f'{listed}. Differences may come from the program.'
        )
    changed = sum(n for commit, n in commits.items() if commit.endswith('+'))
    if changed:
        warnings.append(
            f'{changed} runs were made with a program that was changed after '
            'its commit. They cannot be repeated exactly.'
        )
    for key in sorted({key for run in runs for key in run['environment']}):
        values = {str(run['environment'].get(key, 'unknown')) for run in runs}
        if len(values) > 1:
            warnings.append(
                f'The runs were made with different {key}: '
                f'{", ".join(sorted(values))}.'
            )
    return warnings


def missing_runs(arm: StudyArm) -> list[str]:
    """A warning about systems without a budget that others of the arm have."""
    plain = pd.DataFrame(
        [(s, n) for s, variant, n in arm.cells if not variant],
        columns=['system', 'budget'],
    )
    budgets = sorted(set(plain.budget))
    missing = []
    for system, found in plain.groupby('system', sort=False).budget:
        lacks = [f'n = {n}' for n in budgets if n not in set(found)]
        if lacks:
            missing.append(f'{system}: {", ".join(lacks)}')
    if not missing:
        return []
    return [
        f'{arm.title}: some systems were not run with all numbers of labels. '
        f'Missing: {"; ".join(missing)}.'
    ]


def method_section(baseline: str, threshold: float, subjects: int) -> Section:
    """How to read the tables; ``subjects`` are the fewest of any table."""
    text = template('comparison_columns.txt').render(
        baseline=baseline, tau=f'{threshold:g}', b=NUM_RESAMPLES
    )
    rows = [line.split(' | ') for line in text.strip().splitlines()]
    parts = [Table('The columns', ['', 'meaning'], rows, words=True)]
    if subjects < _FEW_SUBJECTS:
        parts.append(
            f'A test set has {subjects} subjects. Bootstrap intervals of so '
            'few are too narrow.'
        )
    parts += [
        'Errors are against one annotation of each face. How far two '
        'annotators differ is not included; no system can be shown to be '
        'better than that.',
        'For research, not a medical device.',
    ]
    return Section(('method',), 'How to read the tables', parts)
