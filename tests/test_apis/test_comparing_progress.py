"""What of a plan gets into its report."""

import json
from pathlib import Path

import pytest
from comparing_place import LR, PLAN
from faked_plan import work_of

from mmpose_ctd.apis.comparing import progress, report
from mmpose_ctd.apis.comparing.runs import PlanRuns


def finish(runs: PlanRuns, run, error: float) -> None:
    (name,) = runs.prepare([run])
    found = dict(
        json.loads(Path('work/runs', name, 'run.json').read_text())['facts'],
        errors=[[error, None]],
        seconds=3.0,
    )
    Path('work/runs', name, 'metrics.json').write_text(json.dumps(found))


@pytest.fixture
def reported(monkeypatch):
    """What the report was given."""
    given = {}

    def compare_report(records, out, **settings):
        given.update(settings, records=records)
        return []

    monkeypatch.setattr(report, 'compare_report', compare_report)
    return given


def test_a_run_is_a_record_of_each_study_that_asks_for_it(place, reported):
    one = dict(systems=['plain'], budgets=[4], seeds=[0])
    same = dict(one, plain=False, variants={'same': {'options': {LR: 1e-3}}})
    work = work_of(place, studies=dict(main=one, again=same))
    finish(work.runs, work.left()[0], 2.0)
    work.look()
    progress.report_plan(work, 'out')
    found = [(r['study'], r['variant'], r['errors'])
             for r in reported['records']]  # fmt: skip
    assert found == [
        ('main', '', [[2.0, None]]),
        ('again', 'same', [[2.0, None]]),
    ]
    assert reported['notes'] == []
    assert reported['baseline'] == 'plain'
    assert reported['studies'] == ('main', 'again')


def test_what_is_missing_is_named(place, reported):
    studies = dict(
        main=PLAN['studies']['main'],
        length=dict(PLAN['studies']['main'], vary={'steps': [2]}),
    )
    work = work_of(place, studies=studies)
    for run in work.left():
        if run.cell.system == 'plain' and run.cell.steps == 4:
            finish(work.runs, run, 1.0)
    (failed, *_) = (r for r in work.left() if r.cell.system == 'averaged')
    (name,) = work.runs.prepare([failed])
    Path('work/runs', name, 'failed.txt').write_text('status 2: jo_smith')
    progress.report_plan(work, 'out')
    notes = '\n'.join(reported['notes'])
    assert "6 of the plan's 8 runs are not done yet." in notes
    assert 'Nothing is done yet of averaged.' in notes
    assert 'averaged: a run failed' in notes and 'jo_smith' not in notes
    # A study with none of its variants says nothing about them: it waits.
    assert 'length' in notes.splitlines()[-1]
    assert {r['study'] for r in reported['records']} == {'main'}


def test_a_complete_search_is_reported_with_its_costs(place, reported):
    search = dict(
        budget=4, seeds=[0, 1], pool='splits/pool.txt', subjects=3,
        systems={'averaged': {LR: [1e-2, 1e-3]},
                 'plain': {LR: [1e-2, 1e-3]}},
    )  # fmt: skip
    work = work_of(place, search=search)
    for _, settings, runs in work.runs.trials('averaged'):
        for seed, run in enumerate(runs):
            finish(work.runs, run, 100 * settings[LR] + seed)
    work.look()
    progress.report_plan(work, 'out')
    (found,) = reported['searches']
    assert found == dict(
        system='averaged',
        chosen={LR: 1e-3},
        trials=[
            dict(options={LR: 1e-2}, mean_error=1.5, seconds=6.0),
            dict(
                options={LR: 1e-3}, mean_error=pytest.approx(0.6), seconds=6.0
            ),
        ],
    )
    # Finals of a system that waits for its search are no results, even if a
    # run of these settings is done.
    assert {r['role'] for r in reported['records']} == {'trial'}
