"""Carrying a plan out: what is begun, stored and shared, and when."""

import logging
import shutil
import sqlite3
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from comparing_place import LR, PLAN
from faked_plan import parts, rows, run, starts, until
from rich.console import Console

from mmpose_ctd.apis.comparing.carry_out import (
    Share,
    carry_out,
    collect,
    open_jobs,
)
from mmpose_ctd.apis.comparing.choice import Choice
from mmpose_ctd.apis.comparing.job_folder import JobFolder
from mmpose_ctd.apis.comparing.progress import PlanProgress
from mmpose_ctd.apis.comparing.results_table import ResultsTable
from mmpose_ctd.errors import InputError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures('fake_jobs')]


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
