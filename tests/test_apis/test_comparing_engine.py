"""Plans on Snakemake: what is started, and when; the tools are fake."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from comparing_place import LR, PLAN, SEARCH, alive, study
from faked_plan import finish, metrics, run, starts, until, work_of
from rich.console import Console

from mmpose_ctd.apis.comparing import engine, report, step
from mmpose_ctd.apis.comparing.cells import Wanted
from mmpose_ctd.apis.comparing.engine import default_jobs
from mmpose_ctd.errors import InputError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures('fake_tools')]

#: Two trials of `averaged`, none of `plain`.
SMALL = dict(
    budget=4,
    seeds=[0],
    pool='splits/pool.txt',
    subjects=3,
    systems={'averaged': {LR: [1e-2, 1e-3]}},
)


def test_each_run_is_done_once(place, capsys):
    one = dict(PLAN['studies']['main'], systems=['plain'])
    # Two studies share all of them.
    studies = dict(main=one, again=one)
    work, status = run(place, studies=studies, threads=2)
    assert status == 0 and work.left() == []
    assert len(starts()) == len(metrics()) == 2
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(':')[-1][:5] for line in lines] == [' done'] * 2
    assert {line.split()[0] for line in lines} == {'[1/2]', '[2/2]'}
    # Each has the plan's threads.
    assert {line.split()[1] for line in starts()} == {'2'}
    # One more seed is one run more.
    run(place, **study(systems=['plain'], seeds=[0, 1], budgets=[4]))
    assert len(starts()) == 3
    work, status = run(place, studies=studies)
    assert status == 0 and len(starts()) == 3


def test_metrics_have_the_runs_facts(place, monkeypatch):
    monkeypatch.setattr(engine.torch.cuda, 'device_count', lambda: 2)
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '3,5')
    weights = {'load_from': '/home/jo_smith/w.pth'}
    changes = study(vary={LR: [0.5]}, plain=False, budgets=[4])
    run(place, Wanted(systems=['plain']), options=weights, **changes)
    (found,) = metrics()
    assert found.pop('started').endswith('+00:00')
    assert len(found.pop('key')) == len(found.pop('config_hash')) == 12
    assert found == dict(
        system='plain', variant='lr=0.5', budget=4, seed=0, held_out='',
        role='final', options={LR: 0.5, 'load_from': '<...>/w.pth'}, steps=4,
        commit='c', environment={}, seconds=4.0, test_seconds=1.0,
        test_set='abc', landmarks=['a', 'b'], subjects=[0, 1],
        sites=['north', ''], errors=[[0.5, None], [0.5, 0.5]],
    )  # fmt: skip
    # It had the first GPU, one thread.
    assert starts()[0].split()[1:] == ['1', '3']


def test_a_failure_stops_nothing_and_is_tried_again(
    place, monkeypatch, capsys
):
    monkeypatch.setenv('FAKE_FAIL', '4')
    monkeypatch.setenv('FAKE_DIE', '6')
    work, status = run(place)
    assert status == 1 and len(work.left()) == 4
    reasons = {work.runs.why_failed(one) for one in work.left()}
    told, died = sorted(reasons, key=len)
    assert told == 'status 2: it has no such key'
    assert died.startswith('ended by SIGABRT')
    assert 'main plain n=4 seed 0: failed (status' in capsys.readouterr().out
    monkeypatch.delenv('FAKE_FAIL')
    work, status = run(place, Wanted(budgets=[4]))
    assert status == 0 and work.left() == [] and len(starts()) == 6
    assert len(list(Path('work/runs').glob('*/failed.txt'))) == 2


def test_the_search_decides_what_the_finals_are(place):
    changes = dict(search=SMALL, **study(budgets=[6], seeds=[1, 0]))
    work, status = run(place, jobs=1, **changes)
    assert status == 0 and work.left() == []
    assert work.chosen == {'plain': {}, 'averaged': {LR: 1e-3}}
    found = {(m['system'], m['role'], m['seed']): m for m in metrics()
             if m['role'] == 'final'}  # fmt: skip
    # The fake's error is the learning rate that it was given.
    assert {m['errors'][0][0] for m in found.values()} == {1e-3}
    assert len(found) == 4 and len(metrics()) == 6
    # Trials go first, then the seeds in the plan's order.
    kinds = [line.split()[0].split('_')[-2] for line in starts()]
    assert kinds[:2] == ['trial0', 'trial0']
    plain = [k for k, line in zip(kinds, starts()) if line[:5] == 'plain']
    assert plain == ['s1', 's0']
    # One more trial repeats nothing, not even the finals of its system.
    more = dict(SMALL, systems={'averaged': {LR: [1e-2, 1e-3, 1]}})
    work = work_of(place, search=more, **study(budgets=[6], seeds=[1, 0]))
    (left,) = work.left()
    assert left.cell.options[LR] == 1


def test_a_part_of_a_plan_brings_the_trials_that_it_waits_for(place):
    rates = {LR: [1e-2, 1e-3]}
    search = dict(SMALL, systems=dict(plain=rates, averaged=rates))

    def asked(**wanted):
        work = work_of(place, Wanted(**wanted), search=search)
        cells = [cell for part in work.parts.values() for cell, _ in part]
        return [(c.role, c.system, c.budget) for c in cells]

    trials = {name: [('trial', name, 4)] * 2 for name in PLAN['systems']}
    assert asked(studies=['main'], systems=['plain'], budgets=[6]) == [
        *trials['plain'],
        ('final', 'plain', 6),
    ]
    assert asked(studies=['search']) == sum(trials.values(), [])


def test_the_overview_counts_what_is_left(place):
    work = work_of(place, search=SEARCH)

    def rows():
        console = Console(width=100, record=True)
        console.print(work.overview(2))
        lines = [line.split() for line in console.export_text().splitlines()]
        return {row[1]: row[3:10:2] for row in lines if len(row) > 8}

    # 2 + 4 settings, 2 seeds; 2 systems, 2 budgets.
    assert rows()['search'] == ['12', '0', '12', '?']
    assert rows()['main'] == ['4', '0', '4', '?']
    # 10 s for 4 steps: 11 trials at two a time take 55 s.
    finish(work.runs, work.left()[0], 1.0, seconds=8.0)
    assert rows()['search'] == ['12', '1', '11', '0:00:55']
    assert work.num_done() == 1


# -------------------------------------------------------------- its report


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
    report.report_plan(work, 'out')
    found = [(r['study'], r['variant'], r['errors'])
             for r in reported['records']]  # fmt: skip
    assert found == [
        ('main', '', [[2.0, None], [None, None]]),
        ('again', 'same', [[2.0, None], [None, None]]),
    ]
    assert reported['notes'] == []
    assert reported['baseline'] == 'plain'
    assert reported['studies'] == ('main', 'again')


def test_what_is_missing_is_named(place, reported):
    work = work_of(place)
    for one in work.left():
        if one.cell.system == 'plain':
            finish(work.runs, one, 1.0)
    (failed, *_) = (r for r in work.left() if r.cell.system == 'averaged')
    (name,) = work.runs.prepare([failed])
    Path('work/runs', name, 'failed.txt').write_text('status 2: jo_smith')
    report.report_plan(work, 'out')
    notes = '\n'.join(reported['notes'])
    assert "2 of the plan's 4 runs are not done yet." in notes
    assert 'Nothing is done yet of averaged.' in notes
    assert 'averaged: a run failed' in notes and 'jo_smith' not in notes


def test_only_complete_searches_are_reported(place, reported):
    rates = {LR: [1e-2, 1e-3]}
    search = dict(SMALL, systems=dict(averaged=rates, plain=rates))
    work = work_of(place, search=search)
    for system, settings, runs in work.runs.trials():
        if system == 'averaged' or settings[LR] == 1e-2:
            finish(work.runs, runs[0], 100 * settings[LR])
    work.look()
    assert work.chosen == {'averaged': {LR: 1e-3}}
    report.report_plan(work, 'out')
    # Neither are finals of a system that waits for its search.
    assert [(r['system'], r['role'], r['variant'])
            for r in reported['records']] == [
        ('averaged', 'trial', 'lr=0.01'),
        ('averaged', 'trial', 'lr=0.001'),
    ]  # fmt: skip


# ----------------------------------------------------------------- its end


def test_nothing_outlives_a_plan_that_is_interrupted(place, monkeypatch):
    """Neither the run, nor what the run started; the next start goes on."""
    monkeypatch.setenv('FAKE_WAIT', '1')
    monkeypatch.setenv('FAKE_CHILD', '1')
    child, refused = Path('child.txt').absolute(), []

    def interrupt():
        until(lambda: child.is_file() and ' ' in child.read_text())
        # Meanwhile no other start works there.
        try:
            run(place)
        except InputError as error:
            refused.append(error.found)
        os.kill(os.getpid(), signal.SIGINT)

    # A shell starts background jobs with SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run(place, jobs=1)
    finally:
        signal.signal(signal.SIGINT, before)
    thread.join()
    assert refused == ['another mmpose_ctd compare is using it']
    tool, grandchild = map(int, child.read_text().split())
    assert not alive(tool) and not alive(grandchild)
    assert metrics() == [] and len(starts()) == 1


def test_snakemake_that_is_missing_is_named(place, monkeypatch):
    monkeypatch.setattr(engine.importlib.util, 'find_spec', lambda _: None)
    with pytest.raises(InputError) as error:
        run(place)
    assert error.value.where == 'Snakemake'
    assert 'pip install' in error.value.cure


# --------------------------------------------------------------- machines


def test_runs_share_the_gpus(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    taken = [step.take_gpu(['3', '5']) for _ in range(3)]
    found = [variables['CUDA_VISIBLE_DEVICES'] for _, variables in taken]
    assert found == ['3', '5', '3']
    taken[1][0].release()
    assert step.take_gpu(['3', '5'])[1]['CUDA_VISIBLE_DEVICES'] == '5'
    assert step.take_gpu([]) == (None, {})
    cuda = engine.torch.cuda
    monkeypatch.setattr(cuda, 'device_count', lambda: 2)
    assert default_jobs(threads=1) == 2
    # Without GPUs the threads share the cores.
    monkeypatch.setattr(cuda, 'device_count', lambda: 0)
    monkeypatch.setattr(engine, 'usable_cores', lambda: 8)
    assert [default_jobs(n) for n in (1, 3, 16)] == [8, 2, 1]


def test_a_second_start_of_a_run_waits_for_the_first(place):
    """As Slurm's jobs outlive the command that submitted them."""
    work = work_of(place)
    (name, *_) = work.runs.prepare(work.left())
    lock = step.FileLock(Path('work/runs', name, 'run.lock'))
    words = [sys.executable, step.__file__, name]
    words.append(str(engine.tools_folder()))
    with lock:
        process = subprocess.Popen(words, cwd='work')
        time.sleep(1)
        assert process.poll() is None and starts() == []
        Path('work/runs', name, 'metrics.json').write_text('{}')
    assert process.wait(60) == 0 and starts() == []
