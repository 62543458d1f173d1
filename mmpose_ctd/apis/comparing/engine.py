"""Carries a plan out with Snakemake: whatever is not done, nothing twice."""

import dataclasses
import hashlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from mmpose_ctd.cli import tools_folder
from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole
from mmpose_ctd.fresh_process import environment

from .cells import Wanted
from .plan import SEARCH, Plan
from .runs import PlanCell, PlanRun, PlanRuns
from .step import die_with_parent

__all__ = ['PlanWork', 'carry_out', 'default_jobs']

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
    """What of a plan is wanted and left.

    Args:
        plan (Plan): The plan.
        wanted (Wanted): Only these of its runs, and the trials that they
            wait for.

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
        """See again what is done."""
        self.runs.refresh()
        self.chosen = self.runs.chosen()
        finals = {
            name: [
                (cell, run)
                for cell, run in self.runs.expected(self.chosen, name)
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
        self.parts: dict[str, list[tuple[PlanCell, PlanRun]]] = {}
        if self.plan.search is not None:
            self.parts[SEARCH] = trials
        self.parts |= finals

    def left(self) -> list[PlanRun]:
        """Runs that are not done, without repetitions."""
        every = [run for part in self.parts.values() for _, run in part]
        runs = {run.key: run for run in every}.values()
        return [run for run in runs if self.runs.metrics_of(run) is None]

    def waiting(self) -> list[str]:
        """Systems with wanted runs whose settings are still searched."""
        studies = [p for name, p in self.parts.items() if name != SEARCH]
        names = dict.fromkeys(c.system for part in studies for c, _ in part)
        return [name for name in names if name not in self.chosen]

    def _order(self) -> list[str]:
        """Patterns of the names of runs: trials first, then by seed."""
        studies = self.plan.studies.values()
        lists = [n for study in studies for n in study.seeds.values()]
        seeds = dict.fromkeys(seed for one in lists for seed in one)
        kinds = [r'trial\d+', *(f's{seed}' for seed in seeds)]
        return [f'[^/]+_{kind}_[0-9a-f]{{12}}' for kind in kinds]

    def prepare(self, gpus: Sequence[str] = ()) -> Path:
        """Prepare the folders of the runs that can begin.

        Args:
            gpus (Sequence[str]): Which the runs share, as CUDA numbers them.

        Returns:
            Path: A file for the Snakefile, which names them.
        """
        ready = [
            run
            for name, part in self.parts.items()
            for cell, run in part
            if name == SEARCH or cell.system in self.chosen
        ]
        content = dict(
            plan=self.plan.model_dump(mode='json'),
            wanted=dataclasses.asdict(self.wanted),
            here=os.getcwd(),
            runs=self.runs.prepare(ready),
            order=self._order(),
            threads=self.plan.threads,
            gpus=' '.join(gpus),
            python=sys.executable,
            step=str(_HERE / 'step.py'),
            tools=str(tools_folder()),
            choices={},
        )
        digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
        for number, system in enumerate(self.waiting()):
            trials = self.runs.trials(system)
            names = [
                self.runs.name_of(r) for _, _, runs in trials for r in runs
            ]
            text = re.sub(r'[^A-Za-z0-9.=]+', '-', system)
            content['choices'][f'{text}_{number}_{digest}'] = dict(
                system=system, trials=names
            )
        file = Path(self.plan.work_dir, 'plans', f'{digest}.json').absolute()
        content['file'] = str(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(content, indent=1).encode())
        return file


def choose(file: str | Path, out: str | Path) -> None:
    """Choose a system's settings and prepare its final runs.

    Args:
        file (str or Path): Of :meth:`PlanWork.prepare`.
        out (str or Path): Where to write the choice and the names of the
            runs; its name is that of the choice.
    """
    content = json.loads(Path(file).read_text('utf-8'))
    out = Path(out).absolute()
    system = content['choices'][out.stem]['system']
    os.chdir(content['here'])
    runs = PlanRuns(Plan.model_validate(content['plan']))
    chosen, wanted = runs.chosen([system]), Wanted(**content['wanted'])
    finals = [run for cell, run in runs.finals(chosen) if cell in wanted]
    found = dict(chosen=chosen[system], runs=runs.prepare(finals))
    write_whole(out, json.dumps(found).encode())


def default_jobs(threads: int) -> int:
    """Runs at a time: one a GPU, without GPUs one for each ``threads`` cores.

    Args:
        threads (int): CPU threads of a run.
    """
    gpus = torch.cuda.device_count()
    if gpus:
        return gpus
    if hasattr(os, 'sched_getaffinity'):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, cores // threads)


def carry_out(
    work: PlanWork, jobs: int | None = None, options: Sequence[str] = ()
) -> int:
    """Start Snakemake on what is left, and wait for its end.

    Args:
        work (PlanWork): What is to be done.
        jobs (int, optional): Runs at a time. Defaults to
            :func:`default_jobs`, or to Snakemake's options.
        options (Sequence[str]): Of Snakemake's command line.

    Returns:
        int: Its exit status; 0 if nothing was left.

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
            found='another mmpose_ctd compare that works in it',
            expected='one at a time; --jobs says how many runs it does',
        ) from None
    quiet = not {*options} & {'--dry-run', '--quiet', '--verbose'}
    with lock:
        total = len(work.left())
        engine = subprocess.Popen(
            _command_line(work, jobs, options),
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        try:
            # A line a run.
            for number, line in enumerate(engine.stdout, 1):
                head = f'[{number}/{total}] ' if quiet else ''
                print(f'{head}{line}', end='', flush=True)
            return engine.wait()
        except BaseException:
            if _is_remote(options):
                # It cancels what it has submitted.
                engine.send_signal(signal.SIGINT)
            else:
                # It would wait for the runs at work. They end when it does,
                # and with them its output.
                engine.kill()
            engine.stdout.read()
            engine.wait()
            raise


def _command_line(
    work: PlanWork, jobs: int | None, options: Sequence[str]
) -> list[str]:
    threads = work.plan.threads
    gpus: list[str] = []
    cores: list[str] = []
    if _is_remote(options):
        cores = ['--jobs', str(jobs)] if jobs else []
    else:
        if jobs or not _given(options, '--cores', '-c'):
            cores = ['--cores', str((jobs or default_jobs(threads)) * threads)]
        gpus = [*map(str, range(torch.cuda.device_count()))]
        if gpus and os.environ.get('CUDA_VISIBLE_DEVICES'):
            gpus = os.environ['CUDA_VISIBLE_DEVICES'].split(',')
    file = work.prepare(gpus)
    choices = json.loads(file.read_text('utf-8'))['choices']
    return [
        *(sys.executable, '-m', 'snakemake', 'known'),
        *(f'finals_{number}' for number in range(len(choices))),
        *('--snakefile', str(_HERE / 'Snakefile')),
        *('--directory', work.plan.work_dir, '--configfile', str(file)),
        *_OPTIONS,
        *cores,
        *([] if _is_remote(options) else ['--quiet', 'all']),
        *options,
    ]


def _is_remote(options: Sequence[str]) -> bool:
    return _given(options, '--executor', '-e', '--profile')


def _given(options: Sequence[str], *names: str) -> bool:
    return any(
        option.split('=')[0] in names or option[:2] in names
        for option in options
    )
