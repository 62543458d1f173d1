"""Sections of a comparison's report: search, cost, and how to read it."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mmpose_ctd.apis.error_tables import Table, number
from mmpose_ctd.apis.reporting.page_parts import template
from mmpose_ctd.evaluation.functional import image_errors

from .arms import StudyArm
from .differences import NUM_RESAMPLES
from .report_tables import Section

#: Of fewer subjects, percentile intervals are noticeably too narrow.
_FEW_SUBJECTS = 30


def search_section(trials: Sequence[Mapping]) -> Section | None:
    """The settings that were tried, their errors and their cost.

    A trial's settings are its ``variant``, or else its ``options``; its error
    is the mean over its seeds.
    """
    if not trials:
        return None
    frame = pd.DataFrame(
        {
            'system': run['system'],
            'settings': run['variant'] or _text(run['options']),
            'error': _error(run),
            'seconds': run['seconds'] + run['test_seconds'],
        }
        for run in trials
    )
    cost = Table(
        'Cost of the search',
        ['system', 'settings tried', 'runs', 'hours', 'best ME', 'with'],
    )
    folds = []
    for system, runs in frame.groupby('system', sort=False):
        tried = runs.groupby('settings', sort=False)
        errors = tried.error.agg(lambda found: found.mean(skipna=False))
        rows = [
            [name, number(errors[name], 3), number(seconds, 0)]
            for name, seconds in tried.seconds.sum().items()
        ]
        headings = ['settings', 'validation ME', 'seconds']
        caption = f'{system}: settings tried'
        folds.append(Table(caption, headings, rows, folded=True))
        best = ' or '.join(errors.index[errors == errors.min()]) or '–'
        cost.rows.append([system, *_sums(runs), number(errors.min(), 3), best])
    cost.rows.append(['sum', *_sums(frame), '', ''])
    parts = [
        'Settings were chosen by the mean error on validation subjects, who '
        'neither train nor test. The more settings are tried, the more the '
        'best one is a matter of chance: its validation error does not '
        'estimate the error on new faces.',
        cost,
    ]
    if frame.groupby('system').settings.nunique().nunique() > 1:
        parts.append('The systems had unequal numbers of settings to try.')
    return Section(('search',), 'Search', [*parts, *folds])


def _error(run: Mapping) -> float:
    errors = image_errors(run['errors'])
    known = errors[np.isfinite(errors)]
    return float(known.mean()) if len(known) else float('nan')


def _text(options: Mapping) -> str:
    """Options as they are typed, always in one order."""
    pairs = (f'{key}={options[key]}' for key in sorted(options, key=str))
    return ' '.join(pairs) or 'as it is'


def _sums(runs: pd.DataFrame) -> list[str]:
    """Settings, runs and hours."""
    count = len(runs.drop_duplicates(['system', 'settings']))
    hours = number(runs.seconds.sum() / 3600, 2)
    return [str(count), str(len(runs)), hours]


def cost_section(
    finals: Sequence[Mapping], trials: Sequence[Mapping]
) -> Section:
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
        hours = (
            sum(run[key] for run in ours) / 3600
            for key in ('seconds', 'test_seconds')
        )
        configs = len({run['config_hash'] for run in ours})
        cost.rows.append(
            [
                *(name, str(len(ours)), *(number(h, 2) for h in hours)),
                *(str(configs), dates(ours)),
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
    plain = {(s, n) for s, variant, n in arm.cells if not variant}
    lacks: dict[str, list[str]] = {}
    for system in dict.fromkeys(s for s, v, _ in arm.cells if not v):
        for n in sorted({budget for _, budget in plain}):
            if (system, n) not in plain:
                lacks.setdefault(system, []).append(f'n = {n}')
    if not lacks:
        return []
    missing = '; '.join(f'{s}: {", ".join(ns)}' for s, ns in lacks.items())
    return [
        f'{arm.title}: some systems were not run with all numbers of labels. '
        f'Missing: {missing}.'
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
