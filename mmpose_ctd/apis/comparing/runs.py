"""A plan's runs: which they are, what is done, and their folders.

A run is a training and its test, in a folder ``<work_dir>/runs/<name>``::

    run.json       what is to be done, for step.py
    config.py      the Runner's config; train.txt, test.txt: subjects
    log.txt        what the programs printed
    iter_<n>.pth   from which a killed training goes on
    metrics.json   when all is done
    failed.txt     why the last try failed
"""

import copy
import json
import os
import os.path as osp
import pprint
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mmengine.config import Config

from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole
from mmpose_ctd.privacy import redact

from .cells import PlanCell, final_cells, trial_cells
from .identity import FileNames, config_hash, run_key, train_key
from .plan import Plan
from .run_config import ConfigReader
from .subjects import PlanSubjects, annotation_digest

__all__ = ['PlanRun', 'PlanRuns', 'mean_error']


@dataclass(frozen=True)
class PlanRun:
    """A run; ``cfg`` is None for a command's.

    Attributes:
        key (str): Digest of all that decides the result.
        training (str): Digest of all that decides the training.
        cell (PlanCell): The first of the plan that asks for it.
        train, test (list[str]): Who trains and who is tested.
        cfg (Config, optional): Of the Runner.
        config_hash (str): Digest of the settings alone.
    """

    key: str
    training: str
    cell: PlanCell
    train: list[str]
    test: list[str]
    cfg: Config | None
    config_hash: str


def mean_error(metrics: Mapping) -> float:
    """ME of a run in pixels: the mean over images of their mean error.

    Args:
        metrics (Mapping): Of its ``metrics.json``.
    """
    rows = [[e for e in row if e is not None] for row in metrics['errors']]
    means = [sum(row) / len(row) for row in rows if row]
    return round(sum(means) / len(means), 6)


class PlanRuns:
    """What a plan asks for, and what of it is done.

    Args:
        plan (Plan): The plan; paths are relative to the current folder.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.folder = Path(plan.work_dir, 'runs')
        self.reader = ConfigReader(plan)
        data = self._base_config.test_dataloader.dataset
        self.data_root = data.get('data_root') or ''
        self.ann_file = data.ann_file
        self.subjects = PlanSubjects(plan, self.data_root, self.ann_file)
        self._files = FileNames()
        self._known: dict[str, PlanRun] = {}
        self._metrics: dict[str, dict] = {}
        self._folders: dict[str, str] = {}
        self.refresh()

    def refresh(self) -> None:
        """See again which folders there are."""
        if self.folder.is_dir():
            for name in sorted(os.listdir(self.folder)):
                self._folders[name.rsplit('_', 1)[-1]] = name

    @cached_property
    def _base_config(self) -> Config:
        """The baseline's config, which names the data."""
        own = self.plan.systems[self.plan.baseline]
        return self.reader.of(
            PlanCell(
                study='',
                system=self.plan.baseline,
                config=own.config,
                options={**self.plan.options, **own.options},
                steps=self.plan.steps,
            )
        )

    # ------------------------------------------------------------- search

    def trials(
        self, system: str | None = None
    ) -> Iterator[tuple[str, dict, list[PlanRun]]]:
        """All trials, or one system's: system, settings, a run a seed."""
        for name in self.plan.systems if system is None else [system]:
            for settings, cells in trial_cells(self.plan, name):
                yield name, settings, [self.run_of(cell) for cell in cells]

    def chosen(self, systems: Iterable[str] | None = None) -> dict[str, dict]:
        """What the search chose, for systems whose trials are all done.

        Args:
            systems (Iterable[str], optional): Only these.

        Returns:
            dict[str, dict]: System -> settings of the trial with the smallest
            mean error; of equal ones the first. A system without trials has
            no settings.
        """
        found = {}
        for system in self.plan.systems if systems is None else systems:
            best, waits = (float('inf'), {}), False
            for _, settings, runs in self.trials(system):
                metrics = [self.metrics_of(run) for run in runs]
                if None in metrics:
                    waits = True
                    continue
                error = sum(map(mean_error, metrics)) / len(metrics)
                if error < best[0]:
                    best = error, settings
            if not waits:
                found[system] = best[1]
        return found

    # --------------------------------------------------------------- runs

    def finals(
        self, chosen: Mapping[str, dict], study: str | None = None
    ) -> Iterator[tuple[PlanCell, PlanRun]]:
        """The cells of all studies, or of one, with their runs."""
        for name in self.plan.studies if study is None else [study]:
            for cell in final_cells(self.plan, name, chosen):
                yield cell, self.run_of(cell)

    def expected(
        self, chosen: Mapping[str, dict], study: str | None = None
    ) -> list[tuple[PlanCell, PlanRun]]:
        """The same, with systems that wait for the search as without it."""
        return list(
            self.finals(
                {name: chosen.get(name, {}) for name in self.plan.systems},
                study,
            )
        )

    def run_of(self, cell: PlanCell) -> PlanRun:
        """The run that a cell asks for."""
        identity = repr(cell)
        if identity not in self._known:
            self._known[identity] = self._resolve(cell)
        return self._known[identity]

    def _resolve(self, cell: PlanCell) -> PlanRun:
        data = self.subjects
        train = data.train(cell.budget, cell.seed, cell.held_out)
        if cell.role == 'trial':
            test = data.validation()
        else:
            test = data.test(cell.held_out)
        data.check_apart(train, test)
        command: str | list = self.plan.systems[cell.system].command
        if command:
            words = shlex.split(command)
            if any('/' in word for word in words[2:]):
                # Behind the program's: of each path the name counts.
                command = words
            text = {'command': command, 'seed': cell.seed}
            asked = Config({'model': text, 'randomness': {'seed': cell.seed}})
            training = train_key(asked, train, data.digest)
            key, cfg = run_key(training, {}, test, data.digest), None
        else:
            asked = cfg = self.reader.of(cell)
            self._check_data(cfg, cell)
            self._files.check(cfg)
            training = train_key(cfg, train, self._training_data(cfg))
            key = run_key(training, cfg, test, data.digest)
        return PlanRun(
            key, training, cell, train, test, cfg, config_hash(asked)
        )

    def _check_data(self, cfg: Config, cell: PlanCell) -> None:
        """All systems are tested on the same faces."""
        ours = osp.normpath(self.data_root), self.ann_file
        theirs = _place(cfg.test_dataloader.dataset)
        if theirs != ours:
            raise InputError(
                where=f'{cell.system} in {cell.study}',
                found=f'it is tested on {theirs[1]!r} in {theirs[0]!r}',
                expected=f'{ours[1]!r} in {ours[0]!r}, as {self.plan.baseline}'
                ': a comparison has one annotation file',
            )

    def _training_data(self, cfg: Config) -> str:
        """Digest of the annotations that are learned from."""
        root, name = _place(cfg.train_dataloader.dataset)
        if (root, name) == (osp.normpath(self.data_root), self.ann_file):
            return self.subjects.digest
        other = annotation_digest(osp.join(root, name))
        return f'{self.subjects.digest} {other}'

    # ------------------------------------------------------------ folders

    def name_of(self, run: PlanRun) -> str:
        """Name of a run's folder: for people, with its digest."""
        if run.key not in self._folders:
            cell = run.cell
            parts = [cell.system, cell.variant, cell.held_out]
            text = '_'.join(part for part in parts if part)
            text = re.sub(r'[^A-Za-z0-9.=]+', '-', text).strip('-.')[:60]
            kind = 's' if cell.role == 'final' else 'trial'
            self._folders[run.key] = (
                f'{text}_n{cell.budget:03d}_{kind}{cell.seed}_{run.key}'
            )
        return self._folders[run.key]

    def metrics_of(self, run: PlanRun) -> dict | None:
        """What a run found; None if it is not done."""
        if run.key not in self._metrics:
            file = self.folder / self.name_of(run) / 'metrics.json'
            if not file.is_file():
                return None
            text = file.read_text(encoding='utf-8')
            self._metrics[run.key] = json.loads(text)
        return self._metrics[run.key]

    def why_failed(self, run: PlanRun) -> str | None:
        """Why the last try of a run that is not done failed."""
        file = self.folder / self.name_of(run) / 'failed.txt'
        if self.metrics_of(run) is not None or not file.is_file():
            return None
        return file.read_text(encoding='utf-8')

    def prepare(self, runs: Iterable[PlanRun]) -> list[str]:
        """Write down what those runs are to do that are not done.

        Of runs that differ in their test alone the first trains, and the
        others test its weights.

        Returns:
            list[str]: Names of their folders, without repetitions, in the
            given order.
        """
        runs = {run.key: run for run in runs}
        first: dict[str, PlanRun] = {}
        shared = set()
        for run in runs.values():
            if first.setdefault(run.training, run) is not run:
                shared.add(run.training)
        left = [r for r in runs.values() if self.metrics_of(r) is None]
        for run in left:
            owner = first[run.training]
            self._write(
                run,
                trained_by=None if owner is run else self.name_of(owner),
                keep=self.plan.keep_weights or run.training in shared,
            )
        return [self.name_of(run) for run in left]

    def _write(self, run: PlanRun, trained_by: str | None, keep: bool) -> None:
        folder = Path(osp.abspath(self.folder / self.name_of(run)))
        folder.mkdir(parents=True, exist_ok=True)
        cell = run.cell
        splits = {}
        for name, subjects in (('train', run.train), ('test', run.test)):
            splits[name] = str(folder / f'{name}.txt')
            write_whole(splits[name], ('\n'.join(subjects) + '\n').encode())
        cfg = copy.deepcopy(run.cfg or self._base_config)
        cfg.work_dir = str(folder)
        cfg.train_dataloader.dataset.split = splits['train']
        cfg.test_dataloader.dataset.split = splits['test']
        cfg.custom_hooks = [
            *(cfg.get('custom_hooks') or []),
            dict(type='mmpose_ctd.apis.comparing.run_facts.RunFactsHook'),
        ]
        text = '\n'.join(
            f'{key} = {pprint.pformat(value, width=79, sort_dicts=False)}'
            for key, value in cfg.to_dict().items()
        )
        write_whole(folder / 'config.py', f'{text}\n'.encode())
        # No more than what may be handed on.
        facts = dict(
            key=run.key,
            system=cell.system,
            variant=cell.variant,
            budget=cell.budget,
            seed=cell.seed,
            held_out=cell.held_out,
            role=cell.role,
            options=redact({**cell.options}),
            steps=cell.steps,
            config_hash=run.config_hash,
        )
        job = dict(
            name=cell.name,
            facts=facts,
            here=os.getcwd(),
            command=self.plan.systems[cell.system].command,
            places=dict(
                **splits,
                data_root=osp.abspath(self.data_root),
                ann_file=self.ann_file,
                out=str(folder / 'predictions.json'),
                seed=cell.seed,
                budget=cell.budget,
            ),
            after=[trained_by] if trained_by else [],
            keep_weights=keep,
        )
        write_whole(folder / 'run.json', json.dumps(job, indent=1).encode())


def _place(dataset: Mapping) -> tuple[str, str]:
    return (
        osp.normpath(dataset.get('data_root') or ''),
        dataset.get('ann_file') or '',
    )
