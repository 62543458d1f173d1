"""Carries a plan out: whatever is not done yet, and nothing twice."""

import time
from dataclasses import dataclass

from mmpose_ctd.errors import InputError

from .cells import SEARCH
from .job_folder import JobFolder
from .jobs import Job, JobList, Test
from .plan import Plan
from .progress import PlanProgress
from .results_table import ResultsTable
from .workers import Worker, Workers

__all__ = ['Choice', 'Outcome', 'Share', 'carry_out', 'collect', 'open_jobs']


@dataclass(frozen=True)
class Share:
    """A part of a plan's jobs, for one of several machines.

    Attributes:
        index (int): Which part, from 0 on.
        count (int): Of how many.
    """

    index: int = 0
    count: int = 1


@dataclass(frozen=True)
class Choice:
    """Which of a plan's runs are wanted; None means all.

    Attributes:
        studies (tuple[str, ...], optional): Names of studies, ``'search'``
            among them.
        systems (tuple[str, ...], optional): Names of systems.
        budgets (tuple[int, ...], optional): Numbers of labels.
        seeds (tuple[int, ...], optional): Seeds.
    """

    studies: tuple[str, ...] | None = None
    systems: tuple[str, ...] | None = None
    budgets: tuple[int, ...] | None = None
    seeds: tuple[int, ...] | None = None

    def wants(self, test: Test) -> bool:
        """Whether this one is; a trial whatever its seed and budget."""
        cell = test.cell
        pairs = [(self.studies, cell.study), (self.systems, cell.system)]
        if cell.role != 'trial':
            pairs += [(self.budgets, cell.budget), (self.seeds, cell.seed)]
        return all(wanted is None or own in wanted for wanted, own in pairs)

    def check(self, plan: Plan) -> None:
        """Refuse names that the plan does not have.

        Raises:
            InputError: Names the first.
        """
        known = {
            'study': (self.studies, {*plan.studies, SEARCH}),
            'system': (self.systems, {*plan.systems}),
        }
        for kind, (wanted, names) in known.items():
            for name in wanted or ():
                if name not in names:
                    raise InputError(
                        f'{plan.path} has no {kind} {name!r}; expected '
                        f'{", ".join(sorted(names))}.'
                    )


@dataclass
class Outcome:
    """How a plan went: numbers of jobs, and why some failed."""

    done: int = 0
    failed: dict[str, str] | None = None
    waiting: int = 0


def collect(jobs: JobList, table: ResultsTable, keep_weights: bool) -> int:
    """Store the results that other machines' processes left in the folder.

    Returns:
        int: Number of jobs.
    """
    number = 0
    # A search that is now complete brings new jobs.
    while True:
        found = 0
        for job in open_jobs(jobs, table):
            folder = JobFolder.of(jobs.plan.work_dir, job)
            result = folder.read(folder.result)
            if result is not None and _answers(result, job):
                table.add(job.key, result, job.tests)
                folder.clear(keep_weights)
                found += 1
        number += found
        if not found:
            return number


def open_jobs(
    jobs: JobList, table: ResultsTable, choice: Choice | None = None
) -> list[Job]:
    """What can be done now: trials first, then what the search allows."""
    wants = (choice or Choice()).wants
    errors = table.errors()
    trials = [test for _, _, tests in jobs.trials() for test in tests]
    finals = list(jobs.finals(jobs.chosen(errors)))
    return jobs.jobs(
        [t for t in (*trials, *finals) if t.key not in errors and wants(t)]
    )


def carry_out(
    plan: Plan,
    jobs: JobList,
    table: ResultsTable,
    places: int,
    share: Share | None = None,
    progress: PlanProgress | None = None,
    minutes: float | None = None,
    choice: Choice | None = None,
) -> Outcome:
    """Do a plan's jobs until none is left.

    Args:
        plan (Plan): The plan.
        jobs (JobList): Its jobs.
        table (ResultsTable): Where results go.
        places (int): Runs side by side.
        share (Share, optional): Only this part; results then stay in the job
            folders, for :func:`collect`.
        progress (PlanProgress, optional): Where it is shown.
        minutes (float, optional): No run is begun after so long.
        choice (Choice, optional): Only these runs.

    Returns:
        Outcome: Failed jobs are told and left; the others go on.
    """
    progress = progress or PlanProgress(places)
    outcome = Outcome(failed={})
    workers = Workers(places, plan.threads)
    begin = time.monotonic()
    begun: dict[str, float] = {}
    shared = share is not None
    # Of a share the queue is fixed: other machines finish jobs meanwhile.
    queue = _share(open_jobs(jobs, table, choice), share)
    stale = False
    try:
        with progress:
            while True:
                if stale and not shared:
                    queue = open_jobs(jobs, table, choice)
                    stale = False
                left = [
                    job
                    for job in queue
                    if job.key not in outcome.failed and job.key not in begun
                ]
                progress.total = (
                    outcome.done
                    + len(outcome.failed)
                    + len(workers.busy)
                    + len(left)
                )
                late = minutes and time.monotonic() - begin > 60 * minutes
                while left and workers.has_room and not late:
                    job = left.pop(0)
                    folder = JobFolder.of(plan.work_dir, job)
                    folder.prepare(jobs, job)
                    begun[job.key] = time.monotonic()
                    workers.start(job, folder, {**job.cell.environment})
                progress.update(workers.busy, left, table.speeds())
                if not workers.busy:
                    outcome.waiting = len(left)
                    return outcome
                time.sleep(0.3)
                for worker in workers.finished():
                    seconds = time.monotonic() - begun[worker.job.key]
                    told = _end(worker, table, plan, shared)
                    if told:
                        outcome.failed[worker.job.key] = told
                    else:
                        outcome.done += 1
                    begun.pop(worker.job.key)
                    if shared:
                        queue.remove(worker.job)
                    stale = True
                    progress.done = outcome.done
                    progress.failed = len(outcome.failed)
                    progress.tell_end(worker.job, seconds, told or 'done')
    finally:
        workers.stop()


def _share(queue: list[Job], share: Share | None) -> list[Job]:
    if share is None:
        return queue
    # By key, so that every machine cuts the list alike, whatever is done.
    return [j for j in queue if int(j.key, 16) % share.count == share.index]


def _answers(result: dict, job: Job) -> bool:
    return all(test.key in result['tests'] for test in job.tests)


def _end(
    worker: Worker,
    table: ResultsTable,
    plan: Plan,
    shared: bool,
) -> str:
    """Store what a process left; '' or why it failed."""
    folder, job = worker.folder, worker.job
    result = folder.read(folder.result)
    if worker.process.returncode or result is None:
        told = _last_line(folder) or f'status {worker.process.returncode}'
        table.fail(job.key, told)
        return f'failed ({told}; see {folder.log})'
    if not shared:
        table.add(job.key, result, job.tests)
        folder.clear(plan.keep_weights)
    return ''


def _last_line(folder: JobFolder) -> str:
    lines = folder.log.read_text(errors='replace').split('\n')
    lines = [line.strip() for line in lines if line.strip()]
    errors = [line for line in lines if line.startswith('error: ')]
    return (errors or lines or [''])[-1][:300]
