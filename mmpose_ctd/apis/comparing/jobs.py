"""Trainings that are still to be done, each with its tests."""

import os.path as osp
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mmengine.config import Config

from mmpose_ctd.errors import InputError

from .cells import Cell, final_cells, trial_cells
from .config_texts import texts_of
from .keys import config_hash, run_key, train_key
from .plan import Plan, Variant
from .run_config import ConfigReader
from .subjects import Subjects, file_digest

__all__ = ['Job', 'JobList', 'Test']


@dataclass
class Test:
    """A test of a training; ``cfg`` is None for a command's."""

    # For pytest, which takes the name for a test's.
    __test__ = False

    key: str
    cell: Cell
    subjects: list[str]
    cfg: Config | None
    config_hash: str


@dataclass
class Job:
    """A training and its tests: what one process does.

    Attributes:
        key (str): By which the training is known.
        cell (Cell): One of its cells.
        subjects (list[str]): Who trains.
        tests (list[Test]): In the plan's order.
    """

    key: str
    cell: Cell
    subjects: list[str]
    tests: list[Test] = field(default_factory=list)


class JobList:
    """What a plan asks for, as jobs.

    Args:
        plan (Plan): The plan.

    Attributes:
        reader (ConfigReader): Reads the systems' configs.
        subjects (Subjects): The splits.
        data_root (str): Folder of the data set, as the baseline's config
            names it.
        ann_file (str): Its annotation file.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.reader = ConfigReader(plan)
        base = plan.systems[plan.baseline]
        if not base.config:
            raise InputError(
                f'{plan.path}: baseline={plan.baseline!r}: expected a system '
                'with a config, as that tells where the data are.'
            )
        data = self.base_config().test_dataloader.dataset
        self.data_root = data.get('data_root') or ''
        self.ann_file = data.ann_file
        self.subjects = Subjects(plan, self.data_root, self.ann_file)
        self._files: dict[str, str] = {}
        self._known: dict[str, Test] = {}
        self._trainings: dict[str, tuple[str, list[str]]] = {}

    def base_config(self) -> Config:
        """The baseline's config, for what is to be known of the data."""
        cell = Cell(
            study='',
            system=self.plan.baseline,
            variant=Variant(),
            budget=1,
            seed=0,
            held_out='',
            role='final',
            options={
                **self.plan.options,
                **self.plan.systems[self.plan.baseline].options,
            },
            steps=self.plan.steps,
            environment={
                **self.plan.environment,
                **self.plan.systems[self.plan.baseline].environment,
            },
        )
        return self.reader.of(cell)

    # ------------------------------------------------------------- search

    def trials(self) -> Iterator[tuple[str, dict, list[Test]]]:
        """All trials: system, settings, and its runs, one a seed."""
        for system in self.plan.systems:
            for settings, cells in trial_cells(self.plan, system):
                yield system, settings, [self.test_of(c) for c in cells]

    def chosen(self, errors: dict[str, float]) -> dict[str, dict]:
        """What the search chose, for systems whose trials are all done.

        Args:
            errors (dict[str, float]): Run key -> mean error.

        Returns:
            dict[str, dict]: System -> settings, those of the trial with the
            smallest mean error; of equal ones the first. A system without
            trials has none.
        """
        if self.plan.search is None:
            return {name: {} for name in self.plan.systems}
        best: dict[str, tuple[float, dict]] = {}
        waiting = set()
        for system, settings, tests in self.trials():
            values = [errors.get(test.key) for test in tests]
            if None in values:
                waiting.add(system)
                continue
            mean = sum(values) / len(values)
            if system not in best or mean < best[system][0]:
                best[system] = mean, settings
        return {
            name: best[name][1] if name in best else {}
            for name in self.plan.systems
            if name not in waiting
        }

    # --------------------------------------------------------------- runs

    def finals(
        self, chosen: dict[str, dict], study: str | None = None
    ) -> Iterator[Test]:
        """The tests of all studies, or of one, in the plan's order."""
        for name, one in self.plan.studies.items():
            if study in (None, name):
                for cell in final_cells(self.plan, one, chosen):
                    yield self.test_of(cell)

    def test_of(self, cell: Cell) -> Test:
        """A cell's test with the key of its result."""
        identity = cell.identity
        if identity not in self._known:
            self._known[identity] = self._resolve(cell, identity)
        return self._known[identity]

    def _resolve(self, cell: Cell, identity: str) -> Test:
        data = self.subjects
        train = data.train(cell.budget, cell.seed, cell.held_out)
        if cell.role == 'trial':
            test = data.validation()
        else:
            test = data.test(cell.held_out)
        data.check_apart(train, test)
        system = self.plan.systems[cell.system]
        if system.command:
            command: str | list = system.command
            words = shlex.split(system.command)
            if any('/' in word for word in words[2:]):
                # Behind the program's: of each path the name counts.
                command = words
            text = {'command': command, 'seed': cell.seed}
            cfg = Config({'model': text, 'randomness': {'seed': cell.seed}})
            training = train_key(cfg, train, data.digest)
            known, cfg = config_hash(cfg), None
            key = run_key(training, {}, test, data.digest)
        else:
            cfg = self.reader.of(cell)
            self._check_data(cfg, cell)
            self._check_files(cfg)
            training = train_key(cfg, train, self._training_data(cfg))
            key = run_key(training, cfg, test, data.digest)
            known = config_hash(cfg)
        self._trainings[identity] = training, train
        return Test(key, cell, test, cfg, known)

    def _check_data(self, cfg: Config, cell: Cell) -> None:
        """All systems are tested on the same faces."""
        ours = osp.normpath(self.data_root), self.ann_file
        theirs = _place(cfg.test_dataloader.dataset)
        if theirs != ours:
            raise InputError(
                f'{self.plan.path}: {cell.system} in {cell.study} is tested '
                f'on {theirs[1]!r} in {theirs[0]!r}, {self.plan.baseline} on '
                f'{ours[1]!r} in {ours[0]!r}; a comparison has one '
                'annotation file.'
            )

    def _training_data(self, cfg: Config) -> str:
        """Digest of the annotations that are learned from."""
        root, name = _place(cfg.train_dataloader.dataset)
        if (root, name) == (osp.normpath(self.data_root), self.ann_file):
            return self.subjects.digest
        return f'{self.subjects.digest} {file_digest(osp.join(root, name))}'

    def _check_files(self, cfg: Config) -> None:
        """A run is known by its files' names, so each must mean one file."""
        for text in texts_of([cfg.model, cfg.get('load_from')]):
            path = text.value
            if '/' not in path.rstrip('/') or not osp.splitext(path)[1]:
                continue
            name = osp.basename(path)
            other = self._files.setdefault(name, path)
            if osp.normpath(other) != osp.normpath(path):
                raise InputError(
                    f'{self.plan.path}: {other!r} and {path!r} have the same '
                    'name, by which runs are told apart. Rename one of them.'
                )

    def jobs(self, tests: list[Test]) -> list[Job]:
        """The trainings of these tests, in the order of their first test."""
        found: dict[str, Job] = {}
        for test in tests:
            key, train = self._trainings[test.cell.identity]
            job = found.setdefault(key, Job(key, test.cell, train))
            if all(test.key != other.key for other in job.tests):
                job.tests.append(test)
        return list(found.values())


def _place(dataset: Mapping) -> tuple[str, str]:
    return (
        osp.normpath(dataset.get('data_root') or ''),
        dataset.get('ann_file') or '',
    )
