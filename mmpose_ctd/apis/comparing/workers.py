"""Processes that do jobs, as many at a time as the machine carries."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

import torch

from mmpose_ctd.apis.benchmark.fresh_process import environment

from .job_folder import JobFolder
from .jobs import Job

__all__ = ['Worker', 'Workers', 'default_places']


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

    @property
    def step(self) -> int:
        """How many steps are trained."""
        return (self.folder.read(self.folder.progress) or {}).get('step', 0)


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
        self, job: Job, folder: JobFolder, variables: Mapping[str, str]
    ) -> bool:
        """Start a job, unless another program is at it.

        Args:
            job (Job): The job.
            folder (JobFolder): Prepared.
            variables (dict[str, str]): Environment variables of the plan.

        Returns:
            bool: Whether it was started.
        """
        lock = open(folder.lock, 'w')  # noqa: SIM115  (held while it works)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            return False
        place = min({*range(self.places)} - {w.place for w in self.busy})
        threads = str(self.threads)
        own = dict(OMP_NUM_THREADS=threads, MKL_NUM_THREADS=threads)
        if torch.cuda.device_count():
            visible = os.environ.get('CUDA_VISIBLE_DEVICES')
            names = visible.split(',') if visible else None
            own['CUDA_VISIBLE_DEVICES'] = names[place] if names else str(place)
        module = 'mmpose_ctd.apis.comparing.run_job'
        folder.progress.unlink(missing_ok=True)
        with folder.log.open('a') as log:
            process = subprocess.Popen(
                [sys.executable, '-m', module, str(folder.path)],
                env=environment(**variables, **own),
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the plan, which then ends its jobs itself.
                start_new_session=True,
            )
        self.busy.append(Worker(job, folder, place, process, lock))
        return True

    def finished(self) -> list[Worker]:
        """Those that ended since the last call."""
        done = [w for w in self.busy if w.process.poll() is not None]
        self.busy = [w for w in self.busy if w not in done]
        for worker in done:
            worker.lock.close()
        return done

    def stop(self) -> None:
        """End all; a later start goes on from their last checkpoints."""
        for worker in self.busy:
            worker.process.terminate()
        for worker in self.busy:
            try:
                worker.process.wait(10)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            worker.lock.close()
        self.busy = []
