"""What is told of the time that is left."""

import pytest
from faked_plan import parts
from rich.console import Console

from mmpose_ctd.apis.comparing.carry_out import open_jobs
from mmpose_ctd.apis.comparing.progress import PlanProgress

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures('fake_jobs')]


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
