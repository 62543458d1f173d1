"""What was tried on validation subjects before, and what it cost."""

from collections.abc import Sequence

import numpy as np

from mmpose_ctd.apis.reporting.tables import Table, number
from mmpose_ctd.evaluation.functional import image_errors

from ..run_record import RunRecord
from .parts import Fold, Section

__all__ = ['search_section', 'searches_of']


def searches_of(trials: Sequence[RunRecord]) -> list[dict]:
    """The search as its runs tell it.

    Args:
        trials (Sequence[RunRecord]): Runs of role ``'trial'``.

    Returns:
        list[dict]: As :func:`search_section` takes them; the chosen options
        are not known.
    """
    systems: dict = {}
    for run in trials:
        key = run.study, run.system
        systems.setdefault(key, {}).setdefault(_text(run.options), []).append(
            run
        )
    return [
        {
            'study': study,
            'system': system,
            'trials': [
                {
                    'options': runs[0].options,
                    'mean_error': sum(map(_error, runs)) / len(runs),
                    'seconds': sum(r.seconds + r.test_seconds for r in runs),
                    'runs': len(runs),
                }
                for runs in by_options.values()
            ],
        }
        for (study, system), by_options in systems.items()
    ]


def search_section(searches: Sequence[dict]) -> Section | None:
    """Trials of every system, and what they cost.

    Args:
        searches (Sequence[dict]): One a system: ``system`` (str), ``trials``
            (list of dicts with ``options`` (dict), ``mean_error`` (float,
            pixels, on validation subjects; None or NaN if the trial failed),
            ``seconds`` (float) and optionally ``runs`` (int)), and optionally
            ``chosen`` (the options that were taken) and ``study`` (str).
    """
    searches = [search for search in searches if search.get('trials')]
    if not searches:
        return None
    section = Section('search', 'Search')
    cost = Table(
        'What the search cost',
        ['system', 'settings tried', 'runs', 'hours', 'best ME', 'chosen'],
    )
    several = len({search.get('study', '') for search in searches}) > 1
    tables = []
    for search in searches:
        name = search['system']
        if several and search.get('study'):
            name = f'{name}, {search["study"]}'
        table, row = _system(name, search)
        tables.append(table)
        cost.rows.append(row)
    cost.rows.append(
        [
            'sum',
            str(sum(int(row[1]) for row in cost.rows)),
            str(sum(int(row[2]) for row in cost.rows)),
            number(
                sum(t['seconds'] for s in searches for t in s['trials'])
                / 3600,
                2,
            ),
            '',
            '',
        ]
    )
    section.add(
        'Settings were chosen by the mean error on validation subjects, who '
        'neither train nor test. The more settings are tried, the more the '
        'best one owes to luck: its validation error is no estimate of the '
        'error on new faces.',
        cost,
    )
    counts = {len(search['trials']) for search in searches}
    if len(counts) > 1:
        section.add(
            'Not all systems had the same number of settings to choose from: '
            'the others had less of a search.'
        )
    section.add(*(Fold(table.caption, [table]) for table in tables))
    return section


def _system(name: str, search: dict) -> tuple[Table, list[str]]:
    table = Table(
        f'{name}: what was tried',
        ['options', 'validation ME', 'seconds', 'chosen'],
    )
    chosen = search.get('chosen')
    trials = sorted(search['trials'], key=lambda t: _text(t['options']))
    for trial in trials:
        taken = chosen is not None and trial['options'] == chosen
        table.rows.append(
            [
                _text(trial['options']),
                number(trial['mean_error'], 3),
                number(trial['seconds'], 0),
                'chosen' if taken else '',
            ]
        )
    known = [
        t['mean_error']
        for t in trials
        if t['mean_error'] is not None and t['mean_error'] == t['mean_error']
    ]
    row = [
        name,
        str(len(trials)),
        str(sum(t.get('runs', 1) for t in trials)),
        number(sum(t['seconds'] for t in trials) / 3600, 2),
        number(min(known), 3) if known else '–',
        '–' if chosen is None else _text(chosen),
    ]
    return table, row


def _error(run: RunRecord) -> float:
    errors = image_errors(run.errors)
    known = errors[np.isfinite(errors)]
    return float(known.mean()) if len(known) else float('nan')


def _text(options: dict) -> str:
    """Options as they are typed, always in the same order."""
    pairs = (f'{key}={options[key]}' for key in sorted(options, key=str))
    return ' '.join(pairs) or 'as it is'
