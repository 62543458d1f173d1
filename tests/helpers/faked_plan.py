"""Carries out plans whose tools are fake: without a network, at once."""

import json
import time
from pathlib import Path

from comparing_place import write_plan

from mmpose_ctd.apis.comparing.cells import Wanted
from mmpose_ctd.apis.comparing.engine import PlanWork, carry_out
from mmpose_ctd.apis.comparing.plan import read_plan


def work_of(place, wanted=None, **changes) -> PlanWork:
    """The work of a changed PLAN."""
    return PlanWork(
        read_plan(write_plan(place, **changes)), wanted or Wanted()
    )


def run(place, wanted=None, jobs=2, engine=(), **changes):
    """Carry a changed PLAN out; its work as it is then, and the status.

    ``engine`` are Snakemake's options.
    """
    work = work_of(place, wanted, **changes)
    status = carry_out(work, jobs, engine) if work.left() else 0
    work.look()
    return work, status


def finish(runs, run, error, seconds=3.0) -> None:
    """Write what a run found: a face with an error, and one without."""
    (name,) = runs.prepare([run])
    folder = Path('work/runs', name)
    found = dict(
        json.loads((folder / 'run.json').read_text())['facts'],
        commit='c', environment={}, errors=[[error, None], [None, None]],
        seconds=seconds, test_seconds=2.0,
    )  # fmt: skip
    (folder / 'metrics.json').write_text(json.dumps(found))


def starts() -> list[str]:
    """A line for each start of a training: run, threads, GPU."""
    file = Path('starts.txt')
    return file.read_text().splitlines() if file.is_file() else []


def metrics() -> list[dict]:
    """Of all runs that are done."""
    files = sorted(Path('work/runs').glob('*/metrics.json'))
    return [json.loads(file.read_text()) for file in files]


def until(happened, seconds=120):
    """Wait for something."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, 'it never happened'
        time.sleep(0.02)
