"""Processes of jobs: how they end, and the cores and GPUs they have."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from comparing_place import alive
from faked_plan import parts, run, starts, until

from mmpose_ctd.apis.comparing.carry_out import open_jobs
from mmpose_ctd.apis.comparing.job_folder import JobFolder
from mmpose_ctd.apis.comparing.workers import Workers, default_places

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures('fake_jobs')]


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
