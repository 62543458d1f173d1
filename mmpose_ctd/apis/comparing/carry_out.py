"""Carries a plan out: whatever is not done yet, and nothing twice."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .choice import Choice
from .job_folder import JobFolder
from .jobs import Job, JobList, Test
from .plan import Plan
from .progress import PlanProgress, name_of
from .results_table import ResultsTable
from .workers import Worker, Workers

__all__ = [
    *('Outcome', 'Share'),
    *('carry_out', 'collect', 'open_jobs', 'wanted'),
]

#: Seconds until a job that another process does is looked at again.
_AGAIN = 2.0


@dataclass(frozen=True)
class Share:
    """A part of a plan's jobs, for one of several machines.

    Attributes:
        index (int): Which part, from 0 on.
        count (int): Of how many.
    """

    index: int = 0
    count: int = 1


@dataclass
class Outcome:
    """How a plan went.

    Attributes:
        done (int): Trainings done by this call.
        failed (dict[str, str]): Key of a training -> its name and why.
        waiting (int): Trainings that are left.
    """

    done: int = 0
    failed: dict[str, str] = field(default_factory=dict)
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
            # Whoever works there stores it himself.
            lock = folder.claim() if folder.result.is_file() else None
            if lock is None:
                continue
            with lock:
                result = folder.answers(job)
                if result is not None:
                    table.add(job.key, result, job.tests)
                    folder.clear(keep_weights)
                    found += 1
        number += found
        if not found:
            return number


def wanted(
    jobs: JobList, errors: Mapping[str, float], choice: Choice | None = None
) -> Callable[[Test], bool]:
    """Which tests are to be done, with the trials that they wait for.

    Args:
        jobs (JobList): The plan's jobs.
        errors (dict[str, float]): Of the tests that are done.
        choice (Choice, optional): All, if there is none.
    """
    wants = (choice or Choice()).wants
    waiting = _waiting(jobs, errors)
    systems = {t.cell.system for t in jobs.finals(waiting) if wants(t)}
    return lambda test: (
        wants(test)
        or (test.cell.role == 'trial' and test.cell.system in systems)
    )


def _waiting(jobs: JobList, errors: Mapping[str, float]) -> dict[str, dict]:
    """Systems whose search is not complete, without settings."""
    chosen = jobs.chosen(errors)
    return {name: {} for name in jobs.plan.systems if name not in chosen}


def open_jobs(
    jobs: JobList, table: ResultsTable, choice: Choice | None = None
) -> list[Job]:
    """What can be done now: trials first, then what the search allows."""
    errors = table.errors()
    wants = wanted(jobs, errors, choice)
    trials = [test for _, _, tests in jobs.trials() for test in tests]
    finals = list(jobs.finals(jobs.chosen(errors)))
    return jobs.jobs(
        [t for t in (*trials, *finals) if t.key not in errors and wants(t)]
    )


def later_jobs(
    jobs: JobList, table: ResultsTable, choice: Choice | None = None
) -> list[Job]:
    """What waits for the search, as it would be without one."""
    wants = (choice or Choice()).wants
    waiting = _waiting(jobs, table.errors())
    return jobs.jobs([t for t in jobs.finals(waiting) if wants(t)])


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

    Several calls may do so at a time, on machines that share the folder and
    whose file system has locks: none does what another is at.

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
    work = _Work(plan, jobs, table, places, share, choice, progress)
    try:
        with progress:
            return work.until_done(minutes)
    finally:
        work.workers.stop()


class _Work:
    """One call's jobs: those that wait, and those at work."""

    def __init__(
        self, plan, jobs, table, places, share, choice, progress
    ) -> None:
        self.plan = plan
        self.jobs = jobs
        self.table = table
        self.share = share
        self.choice = choice
        self.progress = progress
        self.workers = Workers(places, plan.threads)
        self.outcome = Outcome()
        self.begun: dict[str, float] = {}
        #: Key -> when to look again at what another process is doing.
        self.elsewhere: dict[str, float] = {}
        self._look()

    def until_done(self, minutes: float | None) -> Outcome:
        end = None if minutes is None else time.monotonic() + 60 * minutes
        while True:
            late = end is not None and time.monotonic() > end
            if not late:
                self._begin_some()
            self._show()
            if not self.workers.busy and (late or not self.queue):
                self.outcome.waiting = len(self.queue) + len(self.later)
                return self.outcome
            time.sleep(0.2)
            ended = self.workers.finished()
            for worker in ended:
                self._end(worker)
            # Of a share the queue is fixed: other machines finish jobs, too.
            if ended and self.share is None:
                self._look()

    def _look(self) -> None:
        """See what there is to do, and how fast it goes."""
        busy = {worker.job.key for worker in self.workers.busy}
        self.queue = [
            job
            for job in _cut(
                open_jobs(self.jobs, self.table, self.choice), self.share
            )
            if job.key not in self.outcome.failed and job.key not in busy
        ]
        self.later = []
        if self.share is None:
            self.later = later_jobs(self.jobs, self.table, self.choice)
        self.speeds = self.table.speeds()

    def _begin_some(self) -> None:
        for job in list(self.queue):
            if not self.workers.has_room:
                return
            if time.monotonic() < self.elsewhere.get(job.key, 0):
                continue
            folder = JobFolder.of(self.plan.work_dir, job)
            lock = folder.claim()
            if lock is None:
                if job.key not in self.elsewhere:
                    self.progress.say(f'{name_of(job)}: at work elsewhere')
                self.elsewhere[job.key] = time.monotonic() + _AGAIN
                continue
            self.queue.remove(job)
            self.elsewhere.pop(job.key, None)
            if self._is_done(job, folder):
                lock.close()
                if self.share is None:
                    self._look()
                return
            folder.prepare(self.jobs, job)
            self.begun[job.key] = time.monotonic()
            self.workers.start(job, folder, lock, job.cell.environment)

    def _is_done(self, job: Job, folder: JobFolder) -> bool:
        """Whether another process has done it meanwhile."""
        result = folder.answers(job)
        if result is not None:
            self._store(job, folder, result)
            return True
        if self.share is not None:
            return False
        errors = self.table.errors()
        return all(test.key in errors for test in job.tests)

    def _store(self, job: Job, folder: JobFolder, result: Mapping) -> None:
        # Of a share it stays: only one machine writes the table.
        if self.share is None:
            self.table.add(job.key, result, job.tests)
            folder.clear(self.plan.keep_weights)

    def _end(self, worker: Worker) -> None:
        """Store what a process left, or tell why it failed."""
        job, folder = worker.job, worker.folder
        seconds = time.monotonic() - self.begun.pop(job.key)
        with worker.lock:
            result = folder.answers(job)
            status = worker.process.returncode
            if status or result is None:
                why = worker.last_line().removeprefix('error: ')
                told = f'failed ({why}; see {folder.log})'
                self.outcome.failed[job.key] = f'{name_of(job)}: {told}'
                if self.share is None:
                    self.table.fail(job.key, f'status {status}, see its log')
            else:
                told = 'done'
                self._store(job, folder, result)
                self.outcome.done += 1
                if not result['resumed']:
                    tests = result['tests'].values()
                    inside = result['seconds']
                    inside += sum(test['test_seconds'] for test in tests)
                    self.progress.note_overhead(max(seconds - inside, 0))
        self._count()
        self.progress.tell_end(job, seconds, told)

    def _count(self) -> None:
        progress, outcome = self.progress, self.outcome
        progress.done, progress.failed = outcome.done, len(outcome.failed)
        progress.total = (
            progress.done
            + progress.failed
            # At work, or ended and not yet stored.
            + len(self.begun)
            + len(self.queue)
            + len(self.later)
        )

    def _show(self) -> None:
        self._count()
        self.progress.update(
            self.workers.busy, [*self.queue, *self.later], self.speeds
        )


def _cut(queue: list[Job], share: Share | None) -> list[Job]:
    if share is None:
        return queue
    # By key, so that every machine cuts the list alike, whatever is done.
    return [j for j in queue if int(j.key, 16) % share.count == share.index]
