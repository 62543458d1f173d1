"""What a plan asks for, what is done, and how long the rest takes."""

import datetime

from rich.table import Table

from .carry_out import open_jobs, wanted
from .choice import Choice
from .jobs import JobList
from .plan import Plan
from .progress import cost_of
from .results_table import ResultsTable

__all__ = ['overview']


def overview(
    plan: Plan,
    jobs: JobList,
    table: ResultsTable,
    places: int,
    choice: Choice | None = None,
) -> Table:
    """A table of the plan's parts.

    Args:
        plan (Plan): The plan.
        jobs (JobList): Its jobs.
        table (ResultsTable): What is done.
        places (int): Runs side by side.
        choice (Choice, optional): Only these runs.
    """
    errors = table.errors()
    wants = wanted(jobs, errors, choice)
    speeds = table.speeds()
    chosen = jobs.chosen(errors)
    # What waits for the search is counted as it would be without.
    unsearched = {name: chosen.get(name, {}) for name in plan.systems}
    parts = {
        name: list(jobs.finals(unsearched, name)) for name in plan.studies
    }
    if plan.search is not None:
        trials = [test for _, _, tests in jobs.trials() for test in tests]
        parts = {'search': trials, **parts}
    shown = Table(title=plan.title, title_justify='left')
    shown.add_column('part')
    for heading in ('results', 'done', 'trainings left', 'time left'):
        shown.add_column(heading, justify='right')
    # A training that two parts share is left in the first only.
    seen: set[str] = set()
    total = 0.0
    for name, tests in parts.items():
        tests = [test for test in tests if wants(test)]
        done = sum(test.key in errors for test in tests)
        left = [
            job
            for job in jobs.jobs([t for t in tests if t.key not in errors])
            if job.key not in seen
        ]
        seen |= {job.key for job in left}
        costs = [cost_of(job, speeds) for job in left]
        seconds = max(sum(costs) / places, max(costs, default=0.0))
        total += seconds
        shown.add_row(
            name, str(len(tests)), str(done), str(len(left)), _time(seconds)
        )
    shown.caption = (
        f'{places} runs side by side: {_time(total)} left'
        + ('' if speeds else ', a guess as nothing ran yet')
        + f'; {len(open_jobs(jobs, table, choice))} trainings can begin now'
    )
    return shown


def _time(seconds: float) -> str:
    return str(datetime.timedelta(seconds=round(seconds)))
