"""Carrying a plan out: what is begun, stored, shared and ended, and when."""

import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from comparing_place import (
    PLAN,
    alive,
    make_place,
    surroundings,
    write_plan,
)
from rich.console import Console

from mmpose_ctd.apis.comparing import workers as workers_module
from mmpose_ctd.apis.comparing.carry_out import (
    Share,
    carry_out,
    collect,
    open_jobs,
)
from mmpose_ctd.apis.comparing.choice import Choice
from mmpose_ctd.apis.comparing.job_folder import JobFolder
from mmpose_ctd.apis.comparing.jobs import JobList
from mmpose_ctd.apis.comparing.plan_file import read_plan
from mmpose_ctd.apis.comparing.progress import PlanProgress
from mmpose_ctd.apis.comparing.results_table import ResultsTable
from mmpose_ctd.apis.comparing.slurm import write_slurm
from mmpose_ctd.apis.comparing.workers import Workers, default_places
from mmpose_ctd.errors import InputError

pytestmark = pytest.mark.slow

LR = 'optim_wrapper.optimizer.lr'


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    return make_place(tmp_path_factory.mktemp('place'))


@pytest.fixture
def place(made, tmp_path, monkeypatch):
    place = tmp_path / 'place'
    shutil.copytree(made, place)
    monkeypatch.chdir(place)
    monkeypatch.setattr(workers_module, 'JOB', 'fake_job')
    monkeypatch.setenv('PYTHONPATH', surroundings()['PYTHONPATH'])
    return place


def parts(place, **changes):
    plan = read_plan(write_plan(place, **changes))
    return plan, JobList(plan), ResultsTable(plan.table)


def run(place, share=None, changes=None, places=2, **more):
    """Carry a plan out; what it prints comes with the outcome."""
    plan, jobs, table = parts(place, **(changes or {}))
    console = Console(record=True, width=200)
    progress = PlanProgress(places, console)
    outcome = carry_out(
        plan, jobs, table, places, share, progress, **more
    )  # fmt: skip
    return outcome, console.export_text()


def starts():
    file = Path('starts.txt')
    return file.read_text().splitlines() if file.is_file() else []


def rows(table='work/results.sqlite'):
    if not Path(table).exists():
        return []
    with sqlite3.connect(table) as db:
        return sorted(db.execute('SELECT key, seed, mean_error FROM runs'))


def until(happened, seconds=60):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, 'it never happened'
        time.sleep(0.02)


def test_each_run_is_done_once(place):
    outcome, told = run(place)
    assert (outcome.done, outcome.waiting, outcome.failed) == (4, 0, {})
    assert len(starts()) == len(rows()) == 4
    assert '[1/4] main ' in told and '[4/4] main ' in told
    outcome, told = run(place)
    assert outcome.done == 0 and len(starts()) == 4 and told == ''
    # One more seed is two runs more.
    study = dict(PLAN['studies']['main'], seeds=[0, 1], budgets=[4])
    outcome, _ = run(place, changes=dict(studies=dict(main=study)))
    assert outcome.done == 2 and len(starts()) == 6


def test_a_failure_stops_nothing_and_is_tried_again(place, monkeypatch):
    monkeypatch.setenv('FAKE_FAIL', '4')
    outcome, told = run(place)
    assert outcome.done == 2 and len(outcome.failed) == 2
    line = next(iter(outcome.failed.values()))
    assert line.startswith('main plain n=4 seed 0: failed (it has no such key')
    assert 'log.txt' in line and 'chatter' not in line
    with sqlite3.connect('work/results.sqlite') as db:
        assert db.execute('SELECT count(*) FROM failures').fetchone() == (2,)
    # The older message in the log is not the reason this time.
    monkeypatch.delenv('FAKE_FAIL')
    monkeypatch.setenv('FAKE_DIE', '4')
    outcome, _ = run(place)
    line = next(iter(outcome.failed.values()))
    assert 'ended by SIGABRT' in line and 'no such key' not in line
    monkeypatch.delenv('FAKE_DIE')
    outcome, _ = run(place)
    assert outcome.done == 2 and not outcome.failed
    with sqlite3.connect('work/results.sqlite') as db:
        assert db.execute('SELECT count(*) FROM failures').fetchone() == (0,)


def test_the_search_decides_what_the_finals_are(place):
    search = dict(
        budget=4, seeds=[0, 1], pool='splits/pool.txt', subjects=3,
        common={LR: [1e-2, 1e-3]},
    )  # fmt: skip
    outcome, told = run(place, changes=dict(search=search))
    assert outcome.done == 8 + 4 and outcome.waiting == 0
    # What waited for the search was counted from the beginning.
    assert '[1/12] search ' in told and '[12/12] main ' in told
    plan, jobs, table = parts(place, search=search)
    chosen = jobs.chosen(table.errors())
    assert chosen == {name: {LR: 1e-3} for name in plan.systems}
    finals = list(table.records(jobs.finals(chosen)))
    # The fake's error is the learning rate that it was given.
    assert [r.mean_error for r in finals] == [1e-3] * 4
    assert {r.role for r in finals} == {'final'}


def test_a_choice_brings_the_trials_that_it_waits_for(place):
    rates = {LR: [1e-2, 1e-3]}
    search = dict(
        budget=4, seeds=[0], pool='splits/pool.txt', subjects=3,
        systems=dict(plain=rates, averaged=rates),
    )  # fmt: skip
    choice = Choice(studies=('main',), systems=('plain',), budgets=(6,))
    outcome, _ = run(place, changes=dict(search=search), choice=choice)
    # Two trials of n=4, then n=6; none of the other system.
    assert (outcome.done, outcome.waiting) == (3, 0)
    assert len(rows()) == 3
    # Those of a study without results to do are not begun.
    outcome, _ = run(place, changes=dict(search=search), choice=choice)
    assert outcome.done == 0


def test_finals_wait_for_a_trial_that_fails(place, monkeypatch):
    monkeypatch.setenv('FAKE_FAIL', '4')
    search = dict(
        budget=4, seeds=[0], pool='splits/pool.txt', subjects=3,
        systems={'averaged': {LR: [1e-2, 1e-3]}},
    )  # fmt: skip
    outcome, _ = run(place, changes=dict(search=search))
    # n=4 fails everywhere; of n=6, that of the system without a search is
    # done, and the other's two finals wait.
    assert outcome.done == 1 and len(outcome.failed) == 3
    assert outcome.waiting == 2


def test_shares_together_are_the_plan(place):
    count = 3
    for index in range(count):
        outcome, _ = run(place, Share(index, count))
        assert not outcome.failed
    assert rows() == [] and len(starts()) == 4
    # A task that is started again repeats nothing.
    run(place, Share(0, count))
    assert len(starts()) == 4
    plan, jobs, table = parts(place)
    assert collect(jobs, table, plan.keep_weights) == 4
    shared = rows()
    assert run(place)[0].done == 0 and len(starts()) == 4
    shutil.rmtree('work')
    run(place)
    assert rows() == shared and len(shared) == 4


def test_two_starts_do_not_repeat_each_others_runs(place, monkeypatch):
    monkeypatch.setenv('FAKE_SECONDS', '0.5')
    # Each its own, and none made while the other writes the plan's file.
    both = [parts(place), parts(place)]
    with ThreadPoolExecutor() as pool:
        found = [
            pool.submit(carry_out, *one, 1, None, PlanProgress(1, Console()))
            for one in both
        ]
        outcomes = [one.result(120) for one in found]
    assert len(rows()) == len(starts()) == 4
    assert sum(outcome.done for outcome in outcomes) == 4
    assert not any(outcome.failed for outcome in outcomes)
    # Reading configs silences mmengine for a moment, not for good.
    assert logging.root.manager.disable == logging.NOTSET


def test_a_run_at_work_elsewhere_is_waited_for(place):
    plan, jobs, table = parts(place)
    job = open_jobs(jobs, table)[0]
    lock = JobFolder.of(plan.work_dir, job).claim()

    def release():
        until(lambda: len(starts()) == 3)
        lock.close()

    thread = threading.Thread(target=release)
    thread.start()
    outcome, told = run(place, places=1)
    thread.join()
    assert outcome.done == 4
    assert told.count('main plain n=4 seed 0: at work elsewhere') == 1
    # The others did not wait.
    assert starts()[-1].startswith(job.key)


def test_a_folder_has_one_owner(tmp_path):
    folder = JobFolder(tmp_path / 'job')
    first = folder.claim()
    assert first is not None and folder.claim() is None
    # Who inherits it has it, too, until it ends.
    child = subprocess.Popen(['sleep', '1000'], pass_fds=(first.fileno(),))
    first.close()
    assert folder.claim() is None
    child.kill()
    child.wait()
    again = folder.claim()
    assert again is not None
    # Removed by its owner at the end, and made anew by the next.
    folder.clear(keep_weights=False)
    again.close()
    assert folder.claim() is not None


def test_nothing_is_begun_when_the_time_is_over(place):
    outcome, _ = run(place, minutes=0)
    assert (outcome.done, outcome.waiting) == (0, 4) and starts() == []


def test_a_part_of_the_plan(place):
    outcome, _ = run(place, choice=Choice(systems=('plain',), budgets=(6,)))
    assert outcome.done == 1 and len(starts()) == 1


@pytest.mark.parametrize(
    ('choice', 'words'),
    [
        (Choice(studies=('mian',)), "no study 'mian'; expected one of main"),
        (Choice(studies=('search',)), "no study 'search'"),
        (Choice(systems=('plane',)), "'plane'; expected one of plain, averag"),
        (Choice(budgets=(4, 5)), 'no budget 5; expected one of 4, 6'),
        (Choice(seeds=(7,)), 'no seed 7; expected one of 0'),
    ],
)
def test_a_part_that_the_plan_has_not(place, choice, words):
    with pytest.raises(InputError, match=words):
        choice.check(parts(place)[0])


def test_a_full_disk_loses_no_result(place, monkeypatch):
    plan, jobs, table = parts(place)

    def add(self, *_):
        with self._connect():
            raise sqlite3.OperationalError('database or disk is full')

    with monkeypatch.context() as patch:
        patch.setattr(ResultsTable, 'add', add)
        with pytest.raises(InputError, match='results.sqlite: database or'):
            carry_out(plan, jobs, table, 1)
    before = len(starts())
    assert collect(jobs, table, plan.keep_weights) == before >= 1
    carry_out(plan, jobs, table, 1)
    assert len(starts()) == 4


# --------------------------------------------------------------- processes


def test_a_job_does_not_outlive_its_plan(place, monkeypatch):
    """kill -9 of the plan ends the job, and what the job started."""
    monkeypatch.setenv('FAKE_WAIT', '1')
    monkeypatch.setenv('FAKE_CHILD', '1')
    plan, jobs, table = parts(place)
    job = open_jobs(jobs, table)[0]
    folder = JobFolder.of(plan.work_dir, job)
    folder.prepare(jobs, job)
    script = f"""if True:
        import os, subprocess, sys, time
        subprocess.Popen(
            [sys.executable, '-m', 'fake_job', {str(folder.path)!r},
             str(os.getpid())],
            start_new_session=True,
            env=dict(os.environ, OMP_NUM_THREADS='1'),
        )
        time.sleep(1000)
    """
    parent = subprocess.Popen([sys.executable, '-c', script])
    until(lambda: folder.progress.is_file())
    grandchild = int(Path('child.txt').read_text())
    assert alive(grandchild)
    parent.kill()
    parent.wait()
    until(lambda: not alive(grandchild), 20)
    assert not folder.result.exists()


def test_ctrl_c_ends_all_that_was_started(place, monkeypatch, interruptible):
    monkeypatch.setenv('FAKE_WAIT', '1')
    monkeypatch.setenv('FAKE_CHILD', '1')

    def interrupt():
        until(lambda: Path('child.txt').is_file())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run(place, places=1)
    thread.join()
    grandchild = int(Path('child.txt').read_text())
    until(lambda: not alive(grandchild), 20)
    # The next start goes on.
    Path('go').touch()
    monkeypatch.delenv('FAKE_CHILD')
    assert run(place)[0].done == 4


def test_places_share_the_gpus(monkeypatch):
    def visible(places):
        workers = Workers(places, threads=3)
        own = [workers._machine(place) for place in range(places)]
        assert {one['OMP_NUM_THREADS'] for one in own} == {'3'}
        return [one.get('CUDA_VISIBLE_DEVICES') for one in own]

    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 0)
    assert visible(2) == [None, None]
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    assert visible(4) == ['0', '1', '0', '1']
    assert default_places(threads=1) == 2
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '3,5')
    assert visible(3) == ['3', '5', '3']


def test_threads_are_the_plans_unless_its_environment_says(place):
    run(place, changes=dict(threads=2))
    assert {line.split()[1] for line in starts()} == {'2'}


def test_without_gpus_cores_are_shared_by_threads(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 0)
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: set(range(8)),
                        raising=False)  # fmt: skip
    assert [default_places(n) for n in (1, 3, 8, 16)] == [8, 2, 1, 1]


# ---------------------------------------------------------------- progress


class Busy:
    """A worker that is at half of its steps."""

    def __init__(self, job, step, seconds):
        self.job = job
        self.progress = step, seconds


def test_time_left_is_known_as_soon_as_something_runs(place):
    plan, jobs, table = parts(place, steps=10)
    found = open_jobs(jobs, table)
    progress = PlanProgress(2, Console(record=True))
    progress.update([], found, {})
    assert progress.time_left == '?'
    # 5 of 10 steps in 20 s: 20 s of it are left, the other three take 40
    # each; two at a time.
    progress.update([Busy(found[0], 5, 20.0)], found[1:], {})
    assert progress.time_left == '0:01:10'
    # A job alone is not shared by two places.
    progress.update([Busy(found[0], 5, 20.0)], [], {})
    assert progress.time_left == '0:00:20'
    # What is known of others of the system is better.
    progress.update([], found[:1], {(found[0].cell.system, 10): 90.0})
    assert progress.time_left == '0:01:30'
    # Imports and the like are part of it, too.
    progress.note_overhead(10.0)
    progress.update([], found[:1], {(found[0].cell.system, 10): 90.0})
    assert progress.time_left == '0:01:40'
    progress.update([], [], {})
    assert progress.time_left == '0:00:00'


# ------------------------------------------------------------------- slurm


def test_a_slurm_script_is_one(place, tmp_path):
    search = dict(
        budget=4, seeds=[0], pool='splits/pool.txt', subjects=3,
        common={LR: [1e-2]},
    )  # fmt: skip
    plan = read_plan(write_plan(place, search=search, title="it's one"))
    tool = Path('a folder/compare.py')
    write_slurm(plan, Path('go.sh'), 3, tool, ['--seeds', '0'])
    fake = tmp_path / 'bin' / 'sbatch'
    fake.parent.mkdir()
    fake.write_text(
        '#!/bin/sh\nfor a; do echo "$a"; done >>log.txt\necho >>log.txt\n'
        'echo "$(wc -l <log.txt);cluster"\n'
    )
    fake.chmod(0o755)
    env = dict(os.environ, PATH=f'{fake.parent}:{os.environ["PATH"]}')
    done = subprocess.run(
        ['bash', 'go.sh', '--gres=gpu:1'],
        env=env, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    calls = [c.splitlines() for c in Path('log.txt').read_text().split('\n\n')]
    calls = [call for call in calls if call]
    assert len(calls) == 4
    before = None
    lines = 0
    for call in calls:
        after = [word for word in call if word.startswith('--dependency')]
        assert after == ([f'--dependency=afterany:{before}'] if before else [])
        assert '--gres=gpu:1' in call
        lines += len(call) + 1
        before = lines
    wraps = [call[call.index('--wrap') + 1] for call in calls]
    for wrap in wraps:
        assert "'a folder/compare.py' " in wrap
    # The report tells of all.
    assert ['plan.yaml --seeds 0 --' in wrap for wrap in wraps] == [
        True, True, True, False,
    ]  # fmt: skip
    assert ['--share' in wrap for wrap in wraps] == [True, False, True, False]
    assert '$SLURM_ARRAY_TASK_ID/3' in wraps[0]
    assert ['--array=0-2' in call for call in calls] == [
        True, False, True, False,
    ]  # fmt: skip
    assert wraps[1].endswith('--dry-run') and wraps[3].endswith('--report')
    with pytest.raises(InputError, match='--tasks 0'):
        write_slurm(plan, Path('go.sh'), 0, tool)


def test_a_refused_submission_ends_the_script(place, tmp_path):
    write_slurm(read_plan(write_plan(place)), Path('go.sh'), 2, Path('a.py'))
    fake = tmp_path / 'bin' / 'sbatch'
    fake.parent.mkdir()
    fake.write_text(
        '#!/bin/sh\necho x >>log.txt\necho no partition >&2\nexit 1'
    )
    fake.chmod(0o755)
    done = subprocess.run(
        ['bash', 'go.sh'],
        env=dict(os.environ, PATH=f'{fake.parent}:{os.environ["PATH"]}'),
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0 and 'submitted' not in done.stdout
    assert 'no partition' in done.stderr and 'sbatch refused' in done.stderr
    assert Path('log.txt').read_text() == 'x\n'
