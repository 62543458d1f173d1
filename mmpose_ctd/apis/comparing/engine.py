"""Carries a plan out with Snakemake: what is not done, nothing twice."""

import datetime
import hashlib
import importlib.util
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from rich.table import Table

from mmpose_ctd.cli import tools_folder
from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole
from mmpose_ctd.fresh_process import environment
from mmpose_ctd.machine import usable_cores

from .cells import Wanted
from .plan import SEARCH, Plan
from .runs import PlanCell, PlanRun, PlanRuns
from .step import die_with_parent

_HERE = Path(__file__).resolve().parent
_OPTIONS = (
    # A failed run stops no other.
    '--keep-going',
    # metrics.json is written whole, and the work dir has a lock of its own.
    *('--ignore-incomplete', '--nolock'),
    # A run's digest covers what decides it.
    *('--rerun-triggers', 'mtime', '--drop-metadata'),
    *('--scheduler', 'greedy', '--workflow-profile', 'none'),
)


class PlanWork:
    """What of a plan is wanted, done and left.

    ``wanted`` are some of its runs; the trials that they wait for follow.

    Attributes:
        runs (PlanRuns): All of the plan's.
        chosen (dict[str, dict]): System -> settings, where they are known.
        parts (dict[str, list]): The search and the studies: cells and runs.
            Those of systems that wait for the search are as without it.
    """

    def __init__(self, plan: Plan, wanted: Wanted | None = None) -> None:
        self.plan = plan
        self.wanted = wanted or Wanted()
        self.runs = PlanRuns(plan)
        self.look()

    def look(self) -> None:
        """Look again what is done."""
        self.runs.refresh()
        self.chosen = self.runs.chosen()
        finals = {
            name: [
                (cell, run)
                for cell, run in self.runs.finals(name, self.chosen)
                if cell in self.wanted
            ]
            for name in self.plan.studies
        }
        systems = {c.system for part in finals.values() for c, _ in part}
        trials = [
            (run.cell, run)
            for system, _, runs in self.runs.trials()
            for run in runs
            if run.cell in self.wanted
            or (system in systems and system not in self.chosen)
        ]
        search = {} if self.plan.search is None else {SEARCH: trials}
        self.parts: dict[str, list[tuple[PlanCell, PlanRun]]]
        self.parts = search | finals

    def cells(self) -> Iterator[tuple[PlanCell, PlanRun, dict | None]]:
        """All parts' cells with their runs, and the metrics of those done."""
        for part in self.parts.values():
            for cell, run in part:
                yield cell, run, self.runs.metrics_of(run)

    def records(self) -> list[dict]:
        """Metrics of what is done, once for each part that asks for it."""
        names = ('study', 'system', 'variant', 'budget', 'seed', 'held_out',
                 'role')  # fmt: skip
        return [
            {**metrics, **{name: getattr(cell, name) for name in names}}
            for cell, _, metrics in self.cells()
            if metrics is not None
        ]

    def left(self) -> list[PlanRun]:
        """Runs that are not done, each once."""
        runs = {run.key: run for _, run, metrics in self.cells()
                if metrics is None}  # fmt: skip
        return list(runs.values())

    def num_done(self) -> int:
        """How many runs are done."""
        return len({r.key for _, r, m in self.cells() if m is not None})

    def ready(self) -> dict[str, PlanRun]:
        """Runs, done or not, that do not wait for the search, by their key."""
        return {
            run.key: run
            for cell, run, _ in self.cells()
            if cell.role == 'trial' or cell.system in self.chosen
        }

    def overview(self, jobs: int) -> Table:
        """A row per part: its results, those done, runs and time left."""
        rates: dict[str, list[float]] = {}
        for cell, _, metrics in self.cells():
            if metrics is not None:
                seconds = metrics['seconds'] + metrics['test_seconds']
                rates.setdefault(cell.system, []).append(seconds / cell.steps)
        every = [rate for found in rates.values() for rate in found]

        def cost(run: PlanRun) -> float:
            known = rates.get(run.cell.system, every)
            return run.cell.steps * statistics.fmean(known or [0])

        table = Table(title=self.plan.title, title_justify='left')
        table.add_column('part')
        for heading in ('results', 'done', 'runs left', 'time left'):
            table.add_column(heading, justify='right')
        # A run that two parts share is left in the first only.
        left = {run.key: run for run in self.left()}
        total = 0.0
        for name, part in self.parts.items():
            mine = {run.key for _, run in part} & {*left}
            costs = [cost(left.pop(key)) for key in mine]
            seconds = max(sum(costs) / jobs, max(costs, default=0.0))
            total += seconds
            done = sum(self.runs.metrics_of(run) is not None
                       for _, run in part)  # fmt: skip
            time = _time(seconds) if every or not mine else '?'
            counts = map(str, (len(part), done, len(mine)))
            table.add_row(name, *counts, time)
        time = (
            f'{_time(total)} left' if every else 'time unknown, none is done'
        )
        table.caption = f'{jobs} runs at a time: {time}'
        return table


def _time(seconds: float) -> str:
    return str(datetime.timedelta(seconds=round(seconds)))


def default_jobs(threads: int) -> int:
    """Runs at a time: one per GPU, without GPUs one per ``threads`` cores."""
    gpus = torch.cuda.device_count()
    if gpus:
        return gpus
    return max(1, usable_cores() // threads)


def carry_out(
    work: PlanWork, jobs: int | None = None, options: Sequence[str] = ()
) -> int:
    """Start Snakemake on what is left, and wait for its end.

    ``jobs`` are runs at a time, by default :func:`default_jobs`; ``options``
    are Snakemake's. Returns its exit status, 0 if nothing was left.

    Raises:
        InputError: If Snakemake is not installed, or another process works
            on the plan.
        KeyboardInterrupt: When interrupted; all that was started has ended.
    """
    if importlib.util.find_spec('snakemake') is None:
        raise InputError(
            where='Snakemake',
            found='not installed',
            expected='version 9, which carries plans out',
            cure="To install it: python -m pip install 'snakemake>=9.15,<10'",
        )
    folder = Path(work.plan.work_dir)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / 'compare.lock')
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise InputError(
            where=str(folder),
            found='another mmpose_ctd compare is using it',
            expected='one at a time (--jobs: how many runs it does)',
        ) from None
    with lock:
        numbers, total = itertools.count(1), len(work.left())
        status, tried = 0, {}
        while True:
            # Finals follow when the trials have chosen their settings.
            failed = {*tried} & {run.key for run in work.left()}
            ready = {k: r for k, r in work.ready().items() if k not in failed}
            names = work.runs.prepare(ready.values())
            if not names:
                return status
            tried |= ready
            words = _command_line(work.plan, names, jobs, options)
            if {*options} & {'--quiet', '--verbose'}:
                heads = itertools.repeat('')
            else:
                heads = (f'[{number}/{total}] ' for number in numbers)
            status = _follow(words, heads, _is_remote(options)) or status
            work.look()


def _follow(words: list[str], heads: Iterator[str], is_remote: bool) -> int:
    """Start Snakemake, print its lines behind these heads; its status."""
    engine = subprocess.Popen(
        words,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    try:
        # A line a run.
        for line, head in zip(engine.stdout, heads):
            print(f'{head}{line}', end='', flush=True)
        return engine.wait()
    except BaseException:
        if is_remote:
            # It cancels what it has submitted.
            engine.send_signal(signal.SIGINT)
        else:
            # It would wait for the runs at work. They end when it does, and
            # with them its output.
            engine.kill()
        engine.stdout.read()
        engine.wait()
        raise


def _command_line(
    plan: Plan, names: list[str], jobs: int | None, options: Sequence[str]
) -> list[str]:
    """Of Snakemake; writes its configuration, which names the runs."""
    gpus: list[str] = []
    own: list[str] = []
    if _is_remote(options):
        own = ['--jobs', str(jobs)] if jobs else []
    else:
        own = ['--quiet', 'all']
        if jobs or not _given(options, '--cores', '-c'):
            cores = (jobs or default_jobs(plan.threads)) * plan.threads
            own += ['--cores', str(cores)]
        gpus = [*map(str, range(torch.cuda.device_count()))]
        if gpus and os.environ.get('CUDA_VISIBLE_DEVICES'):
            gpus = os.environ['CUDA_VISIBLE_DEVICES'].split(',')
    studies = plan.studies.values()
    lists = [n for study in studies for n in study.seeds.values()]
    seeds = dict.fromkeys(seed for one in lists for seed in one)
    # Trials first, then by seed.
    kinds = [r'trial\d+', *(f's{seed}' for seed in seeds)]
    content = json.dumps(
        dict(
            runs=names,
            order=[f'[^/]+_{kind}_[0-9a-f]{{12}}' for kind in kinds],
            threads=plan.threads,
            gpus=' '.join(gpus),
            python=sys.executable,
            step=str(_HERE / 'step.py'),
            tools=str(tools_folder()),
        )
    ).encode()
    # Jobs on a cluster read it later.
    digest = hashlib.sha256(content).hexdigest()[:12]
    file = Path(plan.work_dir, 'plans', f'{digest}.json').absolute()
    file.parent.mkdir(exist_ok=True)
    write_whole(file, content)
    return [
        *(sys.executable, '-m', 'snakemake'),
        *('--snakefile', str(_HERE / 'Snakefile')),
        *('--directory', plan.work_dir, '--configfile', str(file)),
        *(*_OPTIONS, *own, *options),
    ]


def _is_remote(options: Sequence[str]) -> bool:
    return _given(options, '--executor', '-e', '--profile')


def _given(options: Sequence[str], *names: str) -> bool:
    return any(
        option.split('=')[0] in names or option[:2] in names
        for option in options
    )
