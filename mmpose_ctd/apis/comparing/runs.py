"""A plan's runs: which they are, what is done, and their folders.

A run is a training and its test, in a folder ``<work_dir>/runs/<name>``:
``run.json`` (what step.py shall do), ``config.py``, ``train.txt``,
``test.txt`` (subjects), ``log.txt``, ``iter_<n>.pth``, ``metrics.json`` when
it is done, ``failed.txt`` if its last try failed.
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
from .plan import Plan
from .results_frame import mean_error
from .run_config import ConfigReader, check_file_names, run_keys
from .subjects import PlanSubjects, annotation_digest


@dataclass(frozen=True)
class PlanRun:
    """A run: digests of :func:`.run_keys`, the first cell that asks for it.

    ``cfg`` is None for a command's.
    """

    key: str
    training: str
    config_hash: str
    cell: PlanCell
    train: list[str]
    test: list[str]
    cfg: Config | None


class PlanRuns:
    """What a plan asks for, and what of it is done.

    Args:
        plan (Plan): The plan; paths are relative to the current folder.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.folder = Path(plan.work_dir, 'runs')
        self._reader = ConfigReader(plan)
        data = self._base_config.test_dataloader.dataset
        self.data_root = data.get('data_root') or ''
        self.ann_file = data.ann_file
        self.subjects = PlanSubjects(plan, self.data_root, self.ann_file)
        self._files: dict[str, str] = {}
        self._known: dict[str, PlanRun] = {}
        self._metrics: dict[str, dict] = {}
        self._folders: dict[str, str] = {}
        self.refresh()

    def refresh(self) -> None:
        """Look again which folders there are."""
        if self.folder.is_dir():
            for name in sorted(os.listdir(self.folder)):
                self._folders[name.rsplit('_', 1)[-1]] = name

    @cached_property
    def _base_config(self) -> Config:
        """The baseline's config, which names the data."""
        own = self.plan.systems[self.plan.baseline]
        return self._reader.of(
            PlanCell(
                study='',
                system=self.plan.baseline,
                config=own.config,
                options={**self.plan.options, **own.options},
                steps=self.plan.steps,
            )
        )

    def trials(
        self, system: str | None = None
    ) -> Iterator[tuple[str, dict, list[PlanRun]]]:
        """All trials, or one system's: system, settings, a run per seed."""
        for name in self.plan.systems if system is None else [system]:
            for settings, cells in trial_cells(self.plan, name):
                yield name, settings, [self.run_of(cell) for cell in cells]

    def chosen(self) -> dict[str, dict]:
        """What the search chose, for systems whose trials are all done.

        The settings of the trial with the smallest mean error, of equal ones
        the first; ``{}`` for a system without trials.
        """
        found = {}
        for system in self.plan.systems:
            trials = []
            for _, settings, runs in self.trials(system):
                metrics = [self.metrics_of(run) for run in runs]
                if None in metrics:
                    break
                error = sum(map(mean_error, metrics)) / len(metrics)
                trials.append((error, settings))
            else:
                best = min(trials, key=lambda t: t[0], default=(0, {}))
                found[system] = best[1]
        return found

    def finals(
        self, study: str, chosen: Mapping[str, dict]
    ) -> list[tuple[PlanCell, PlanRun]]:
        """The cells of a study, see :func:`.final_cells`, with their runs."""
        cells = final_cells(self.plan, study, chosen)
        return [(cell, self.run_of(cell)) for cell in cells]

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
        digests = [data.digest]
        command: str | list = self.plan.systems[cell.system].command
        if command:
            words = shlex.split(command)
            if any('/' in word for word in words[2:]):
                # Behind the program's: of each path the name counts.
                command = words
            text = {'command': command, 'seed': cell.seed}
            asked = Config({'model': text, 'randomness': {'seed': cell.seed}})
        else:
            asked = self._reader.of(cell)
            self._check_data(asked, cell)
            check_file_names(asked, self._files)
            learned = _place(asked.train_dataloader.dataset)
            if learned != (osp.normpath(self.data_root), self.ann_file):
                digests.append(annotation_digest(osp.join(*learned)))
        keys = run_keys(asked, train, test, *digests)
        return PlanRun(*keys, cell, train, test, None if command else asked)

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

    # ------------------------------------------------------------ folders

    def name_of(self, run: PlanRun) -> str:
        """Name of a run's folder: for people, with its digest."""
        if run.key not in self._folders:
            cell = run.cell
            text = '_'.join(
                filter(None, (cell.system, cell.variant, cell.held_out))
            )
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
        """Write the folders of those runs that are not done.

        Of runs that differ in their test alone the first trains, and the
        others test its weights. Returns the names of the folders, once each.
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
                after=[] if owner is run else [self.name_of(owner)],
                keep=self.plan.keep_weights or run.training in shared,
            )
        return [self.name_of(run) for run in left]

    def _write(self, run: PlanRun, after: list[str], keep: bool) -> None:
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
        names = 'system', 'variant', 'budget', 'seed', 'held_out', 'role'
        facts = dict(
            key=run.key,
            **{name: getattr(cell, name) for name in names},
            # Results may be handed on: no absolute path.
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
            after=after,
            keep_weights=keep,
        )
        write_whole(folder / 'run.json', json.dumps(job, indent=1).encode())


def _place(dataset: Mapping) -> tuple[str, str]:
    root = osp.normpath(dataset.get('data_root') or '')
    return root, dataset.get('ann_file') or ''
