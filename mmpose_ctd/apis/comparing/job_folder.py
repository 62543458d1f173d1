"""The folder in which a job works: what it is to do, and what it did.

::

    runs/<training>/
        job.json            what is to be done, for the process that does it
        train.py, test_<key>.py, *.txt     configs and subjects
        log.txt             what the process printed
        iter_<n>.pth        from which a killed training goes on
        weights.pth         when it is trained
        progress.json       how far it is
        result.json         when all is done
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from .jobs import Job, JobList

__all__ = ['JobFolder', 'write_json']


def write_json(path: Path, content) -> None:
    """Write a file that is either whole or not there."""
    part = path.with_name(f'{path.name}.{os.getpid()}.tmp')
    part.write_text(json.dumps(content), encoding='utf-8')
    os.replace(part, path)


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
        self.weights = path / 'weights.pth'
        self.lock = path / 'lock'

    @classmethod
    def of(cls, work_dir: Path, job: Job) -> 'JobFolder':
        """Where a plan's job works."""
        return cls(work_dir / 'runs' / job.key)

    def prepare(self, jobs: JobList, job: Job) -> None:
        """Write down what is to be done."""
        self.path.mkdir(parents=True, exist_ok=True)
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
            cfg = cfg.copy()
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
        for file in self.path.iterdir():
            checkpoint = file.name.startswith('iter_')
            used_up = file in (self.result, self.progress, self.lock)
            if (
                checkpoint
                or used_up
                or file.name == 'last_checkpoint'
                or (file == self.weights and not keep_weights)
            ):
                file.unlink()
