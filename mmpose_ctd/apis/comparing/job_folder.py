"""The folder in which a job works: what it is to do, and what it did.

::

    runs/<training>/
        job.json            what is to be done, for the process that does it
        train.py, test_<key>.py, *.txt     configs and subjects
        log.txt             what the process printed
        iter_<n>.pth        from which a killed training goes on
        seconds.json        what each of them took
        weights.pth         when it is trained
        progress.json       how far it is
        lock                held by whoever works here
        result.json         when all is done
"""

import contextlib
import copy
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from .jobs import Job, JobList

try:
    import fcntl
except ImportError:  # Windows: a plan is started once there
    fcntl = None

__all__ = ['JobFolder', 'write_json']


def write_json(path: Path, content) -> None:
    """Write a file that is either whole or not there."""
    part = path.with_name(f'{path.name}.{os.getpid()}.tmp')
    try:
        part.write_text(json.dumps(content), encoding='utf-8')
        os.replace(part, path)
    except OSError:
        # A full disk: what is half written would fill it further.
        part.unlink(missing_ok=True)
        raise


class JobFolder:
    """A job's folder.

    Args:
        path (Path): The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.job = path / 'job.json'
        self.log = path / 'log.txt'
        self.progress = path / 'progress.json'
        self.result = path / 'result.json'
        self.seconds = path / 'seconds.json'
        self.weights = path / 'weights.pth'
        self.lock = path / 'lock'

    @classmethod
    def of(cls, work_dir: Path, job: Job) -> 'JobFolder':
        """Where a plan's job works."""
        return cls(work_dir / 'runs' / job.key)

    def claim(self) -> IO | None:
        """Have the folder to oneself, until the file is closed.

        A process that inherits the file has it, too: it stays claimed while
        one of them lives.

        Returns:
            IO: None if another process has it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        while True:
            lock = open(self.lock, 'a')  # noqa: SIM115
            if fcntl is None:
                return lock
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                return None
            except OSError:
                # A file system without locks.
                return lock
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(
                    os.fstat(lock.fileno()), os.stat(self.lock)
                ):
                    return lock
            # Whoever had it has removed it meanwhile.
            lock.close()

    def answers(self, job: Job) -> Mapping | None:
        """What the job left, if that is all that is asked of it now."""
        result = self.read(self.result)
        if result is not None and all(
            test.key in result.get('tests', ()) for test in job.tests
        ):
            return result
        return None

    def checkpoints(self) -> list[Path]:
        """Of a training that was killed, the newest first."""
        found = {}
        for file in self.path.glob('iter_*.pth'):
            number = file.stem[len('iter_') :]
            if number.isdigit():
                found[int(number)] = file
        return [found[number] for number in sorted(found, reverse=True)]

    def prepare(self, jobs: JobList, job: Job) -> None:
        """Write down what is to be done, and forget what was."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.progress.unlink(missing_ok=True)
        self.result.unlink(missing_ok=True)
        train = self._split('train.txt', job.subjects)
        told = dict(
            key=job.key,
            budget=job.cell.budget,
            seed=job.cell.seed,
            steps=job.cell.steps,
            train=train,
            data_root=os.path.abspath(jobs.data_root),
            ann_file=jobs.ann_file,
            command=jobs.plan.systems[job.cell.system].command,
            tests=[],
        )
        for test in job.tests:
            name = f'test_{test.key}'
            one = dict(
                key=test.key,
                config_hash=test.config_hash,
                subjects=self._split(f'{name}.txt', test.subjects),
            )
            cfg = test.cfg
            if cfg is None:
                cfg = jobs.base_config()
            cfg = copy.deepcopy(cfg)
            cfg.work_dir = os.path.abspath(self.path)
            cfg.train_dataloader.dataset.split = train
            cfg.test_dataloader.dataset.split = one['subjects']
            one['config'] = self._config(f'{name}.py', cfg)
            if test is job.tests[0] and not told['command']:
                told['config'] = self._config('train.py', cfg)
            told['tests'].append(one)
        write_json(self.job, told)

    def _split(self, name: str, subjects: Sequence[str]) -> str:
        path = self.path / name
        path.write_text('\n'.join(subjects) + '\n', encoding='utf-8')
        return os.path.abspath(path)

    def _config(self, name: str, cfg) -> str:
        path = os.path.abspath(self.path / name)
        cfg.dump(path)
        return path

    def read(self, file: Path) -> Mapping | None:
        """A JSON file of the folder; None if it is not there."""
        try:
            return json.loads(file.read_text(encoding='utf-8'))
        except (OSError, ValueError):
            return None

    def clear(self, keep_weights: bool) -> None:
        """Remove what a finished job does not need any more."""
        used_up = [self.result, self.progress, self.path / 'last_checkpoint']
        used_up += [*self.checkpoints(), *self.path.glob('*.tmp')]
        if not keep_weights:
            used_up.append(self.weights)
        # The lock at the end: until then nobody else is here.
        for file in (*used_up, self.lock):
            file.unlink(missing_ok=True)
