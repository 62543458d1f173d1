"""Processes that do jobs, as many at a time as the machine carries."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

import torch

from mmpose_ctd.fresh_process import environment

from .job_folder import JobFolder
from .jobs import Job

__all__ = ['Worker', 'Workers', 'default_places']

#: What a process of a job runs.
JOB = 'mmpose_ctd.apis.comparing.run_job'


@dataclass
class Worker:
    """A job at work.

    Attributes:
        job (Job): What it does.
        folder (JobFolder): Where.
        place (int): Number of the core or GPU that it has to itself.
    """

    job: Job
    folder: JobFolder
    place: int
    process: subprocess.Popen
    lock: IO
    log_begin: int

    @property
    def progress(self) -> tuple[int, float]:
        """Steps that are trained, and the seconds they took."""
        told = self.folder.read(self.folder.progress) or {}
        return told.get('step', 0), told.get('seconds', 0.0)

    def last_line(self) -> str:
        """Why it failed: its last error message, else what it said last."""
        with self.folder.log.open('rb') as file:
            file.seek(self.log_begin)
            text = file.read().decode(errors='replace')
        lines = [line.strip() for line in text.split('\n') if line.strip()]
        errors = [line for line in lines if line.startswith('error: ')]
        status = self.process.returncode
        if status < 0 and not errors:
            name = signal.Signals(-status).name
            return f'ended by {name}; was there too little memory?'
        return (errors or lines or [f'status {status}'])[-1][:300]


def default_places(threads: int) -> int:
    """How many runs side by side: one a GPU, else one for each core.

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


class Workers:
    """The jobs that are at work now.

    Args:
        places (int): How many at a time.
        threads (int): CPU threads of each.
    """

    def __init__(self, places: int, threads: int) -> None:
        self.places = places
        self.threads = threads
        self.busy: list[Worker] = []

    @property
    def has_room(self) -> bool:
        return len(self.busy) < self.places

    def start(
        self,
        job: Job,
        folder: JobFolder,
        lock: IO,
        variables: Mapping[str, str],
    ) -> None:
        """Start a job.

        Args:
            job (Job): The job.
            folder (JobFolder): Prepared.
            lock (IO): Of :meth:`JobFolder.claim`; the process has it, too.
            variables (dict[str, str]): Environment variables of the plan.
        """
        place = min({*range(self.places)} - {w.place for w in self.busy})
        own = {**variables, **self._machine(place)}
        with folder.log.open('a') as log:
            begin = log.seek(0, os.SEEK_END)
            process = subprocess.Popen(
                [
                    *(sys.executable, '-m', JOB),
                    *(str(folder.path), str(os.getpid())),
                ],
                env=environment(**own),
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the plan, which then ends its jobs itself.
                start_new_session=True,
                # A job that outlives the plan is still at work.
                pass_fds=() if os.name == 'nt' else (lock.fileno(),),
            )
        self.busy.append(Worker(job, folder, place, process, lock, begin))

    def _machine(self, place: int) -> dict[str, str]:
        """The share of cores and GPUs that a place has."""
        threads = str(self.threads)
        own = dict(OMP_NUM_THREADS=threads, MKL_NUM_THREADS=threads)
        gpus = torch.cuda.device_count()
        if gpus:
            visible = os.environ.get('CUDA_VISIBLE_DEVICES')
            names = visible.split(',') if visible else range(gpus)
            # More places than GPUs share them.
            own['CUDA_VISIBLE_DEVICES'] = str(names[place % gpus])
        return own

    def finished(self) -> list[Worker]:
        """Those that ended since the last call; their locks are still held."""
        done = [w for w in self.busy if w.process.poll() is not None]
        self.busy = [w for w in self.busy if w not in done]
        for worker in done:
            # What it started itself and left behind.
            _signal(worker.process, signal.SIGTERM)
        return done

    def stop(self) -> None:
        """End all; a later start goes on from their last checkpoints."""
        for worker in self.busy:
            _signal(worker.process, signal.SIGTERM)
        for worker in self.busy:
            try:
                worker.process.wait(10)
            except subprocess.TimeoutExpired:
                _signal(worker.process, signal.SIGKILL)
                worker.process.wait()
            worker.lock.close()
        self.busy = []


def _signal(process: subprocess.Popen, number: signal.Signals) -> None:
    """To a process and all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, 'killpg'):
            # It leads a group of its own.
            os.killpg(process.pid, number)
        elif process.poll() is None:
            process.terminate()
