"""Shows how far a plan is, and how long it will take."""

import datetime
import time
from collections.abc import Mapping, Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from .jobs import Job
from .workers import Worker

__all__ = ['PlanProgress', 'cost_of', 'name_of']

#: Seconds of a step for a system that never ran, until one did.
_GUESS = 1.0


def cost_of(job: Job, speeds: Mapping[tuple[str, int], float]) -> float:
    """Seconds that a job will take, by what such jobs took.

    Args:
        job (Job): The job.
        speeds (Mapping): Of :meth:`.ResultsTable.speeds`.
    """
    key = job.cell.system, job.cell.steps
    if key in speeds:
        return speeds[key]
    known = [s / n for (_, n), s in speeds.items() if n]
    rate = sum(known) / len(known) if known else _GUESS
    return rate * job.cell.steps


class PlanProgress:
    """One display for a whole plan.

    On a terminal it moves; in a log file it is a line a finished run.

    Args:
        places (int): Runs side by side.
        console (Console, optional): Where it is shown.
    """

    def __init__(self, places: int, console: Console | None = None) -> None:
        self.places = places
        self.console = console or Console()
        self.done = self.failed = self.total = 0
        self._left: float | None = None
        # Seconds of each ended job beside its training and its test.
        self._overheads: list[float] = []
        self._busy: Sequence[Worker] = ()
        self._begin = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> 'PlanProgress':
        if self.console.is_terminal:
            self._live = Live(
                get_renderable=self._shown,
                console=self.console,
                refresh_per_second=2,
            )
            self._live.start()
        return self

    def __exit__(self, *_) -> None:
        if self._live is not None:
            self._live.stop()

    def update(
        self,
        busy: Sequence[Worker],
        waiting: Sequence[Job],
        speeds: Mapping[tuple[str, int], float],
    ) -> None:
        """Tell what is at work and what waits."""
        self._busy = busy
        # What is at work tells its own speed before any is done.
        known = dict(speeds)
        at_work = []
        for worker in busy:
            cell = worker.job.cell
            step, seconds = worker.progress
            if step and seconds:
                known.setdefault(
                    (cell.system, cell.steps), seconds / step * cell.steps
                )
            rest = 1 - min(step / max(cell.steps, 1), 1)
            at_work.append((worker.job, rest))
        extra = sum(self._overheads) / max(len(self._overheads), 1)
        costs = [rest * cost_of(job, known) for job, rest in at_work]
        costs += [cost_of(job, known) + extra for job in waiting]
        # No sooner than the longest of them.
        left = max(sum(costs) / self.places, max(costs, default=0.0))
        self._left = left if known or not costs else None

    def note_overhead(self, seconds: float) -> None:
        """A job took so much longer than its training and its tests."""
        self._overheads.append(seconds)

    def say(self, line: str) -> None:
        """A line that stays."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def tell_end(self, job: Job, seconds: float, outcome: str) -> None:
        """A job ended."""
        self.say(
            f'[{self.done + self.failed}/{self.total}] {name_of(job)}: '
            f'{outcome}, {seconds:.0f} s; {self.time_left} left'
        )

    @property
    def time_left(self) -> str:
        """Such as ``'1:20:00'``; ``'?'`` while nothing is known."""
        if self._left is None:
            return '?'
        return str(datetime.timedelta(seconds=round(self._left)))

    def _shown(self) -> Group:
        spent = datetime.timedelta(
            seconds=round(time.monotonic() - self._begin)
        )
        head = Table.grid(padding=(0, 1))
        told = f'{self.done} of {self.total} runs'
        if self.failed:
            told += f', {self.failed} failed'
        head.add_row(
            told,
            ProgressBar(
                total=max(self.total, 1),
                completed=self.done + self.failed,
                width=30,
            ),
            f'{spent} spent, {self.time_left} left',
        )
        table = Table.grid(padding=(0, 1))
        for worker in self._busy:
            steps = max(worker.job.cell.steps, 1)
            step = min(worker.progress[0], steps)
            table.add_row(
                f'  {name_of(worker.job)}',
                ProgressBar(total=steps, completed=step, width=20),
                f'{step}/{steps}',
            )
        return Group(head, table)


def name_of(job: Job) -> str:
    """What people call a job."""
    cell = job.cell
    parts = [cell.study, cell.system, cell.variant.name]
    parts += [f'n={cell.budget}', f'seed {cell.seed}']
    if cell.held_out:
        parts.append(f'without {cell.held_out}')
    return ' '.join(part for part in parts if part)
