"""Carries out plans whose jobs are fake: without a network, at once."""

import sqlite3
import time
from pathlib import Path

from comparing_place import write_plan
from rich.console import Console

from mmpose_ctd.apis.comparing.carry_out import carry_out
from mmpose_ctd.apis.comparing.jobs import JobList
from mmpose_ctd.apis.comparing.plan_file import read_plan
from mmpose_ctd.apis.comparing.progress import PlanProgress
from mmpose_ctd.apis.comparing.results_table import ResultsTable


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
