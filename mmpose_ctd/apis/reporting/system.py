"""What a report knows of one system."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import METRICS

from mmpose_ctd.apis.error_tables import check_alike
from mmpose_ctd.apis.trained_framing import refuse_framing_change
from mmpose_ctd.apis.trained_people import compare_tested
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation import LandmarkErrorMetric
from mmpose_ctd.evaluation.functional import point_errors
from mmpose_ctd.models.teachers.checkpoint import read_checkpoint

from .config_difference import ConfigStory, tell_config
from .data_sets import describe, read_data_sets
from .prediction import Predictor, test_loader
from .result_cache import ResultCache, result_key
from .run_log import RunLog, read_run_log
from .tested_set import TestedSet
from .work_dir import TrainedRun, open_work_dir

__all__ = ['RunResult', 'System', 'check_comparable', 'read_run']


@dataclass
class RunResult:
    """One training, tested.

    Attributes:
        run (TrainedRun): Its files.
        loader (DataLoader): Of its test set.
        tested (TestedSet): What it predicted.
        report (dict): ``LandmarkErrorMetric.report``.
        data (dict): See :func:`read_data_sets`.
        log (RunLog): What it logged.
        story (ConfigStory): Where its settings come from.
        cache (ResultCache): What is kept for the next report.
        fresh (bool): Whether the predictions were made just now.
        people (list[str]): Warnings about people who train and test.
    """

    run: TrainedRun
    loader: object
    tested: TestedSet
    report: dict
    data: dict
    log: RunLog
    story: ConfigStory
    cache: ResultCache
    fresh: bool
    people: list = field(default_factory=list)

    @property
    def seed(self) -> str:
        """Seed of the training; empty where nobody knows."""
        told = self.log.environment.get('seed')
        if told is None:
            told = (self.run.cfg.get('randomness') or {}).get('seed')
        return '' if told is None else str(told)

    def heatmaps(self, indices: list[int]) -> np.ndarray | None:
        """Maps (n, h, w) of a few images; None if the head gives none."""
        kept = self.cache.heatmaps
        missing = [i for i in indices if i not in kept]
        if missing:
            found = Predictor(self.run, self.loader).heatmaps(missing)
            if found is None:
                return None
            kept.update(zip(missing, found))
            self.cache.save()
        return np.stack([kept[i] for i in indices])

    def landmark_pixels(self) -> np.ndarray | None:
        """Mean error of each landmark in input pixels, (K,)."""
        tested = self.tested
        pred, true = (
            tested.to_input(points) for points in (tested.pred, tested.true)
        )
        if pred is None:
            return None
        errors = point_errors(pred, true, tested.visible)
        known = tested.visible.any(axis=0)
        means = np.full(errors.shape[1], np.nan)
        means[known] = np.nanmean(errors[:, known], axis=0)
        return means


@dataclass
class System:
    """One or several trainings that differ in their seed.

    Attributes:
        name (str): What the report calls it.
        runs (list[RunResult]): At least one.
        odd (str): Why it cannot be compared with the first system; empty if
            it can.
    """

    name: str
    runs: list = field(default_factory=list)
    odd: str = ''

    @property
    def reports(self) -> list[dict]:
        """One a run."""
        return [result.report for result in self.runs]

    @property
    def first(self) -> RunResult:
        """The run that figures of a single one show."""
        return self.runs[0]

    def add(self, result: RunResult, folder: Path) -> None:
        """Take a further run in.

        Raises:
            InputError: If it was tested otherwise than the first.
        """
        if self.runs:
            check_alike({str(folder): [result.report]}, self.first.report)
        self.runs.append(result)


def read_run(
    folder: str | Path, options: dict | None = None, say=print
) -> RunResult:
    """Open a work dir, predict its test set, and judge it.

    Args:
        folder (str or Path): The work dir.
        options (dict, optional): Overrides of its config.
        say (Callable): Takes a line for the user.

    Raises:
        InputError: If its files or data cannot be used, faces are framed
            otherwise than in the training, or people trained whom the splits
            keep apart.
    """
    run = open_work_dir(folder, options)
    loader = test_loader(run.cfg)
    path = str(run.checkpoint)
    content = read_checkpoint(path, 'checkpoint', 'Train again')
    content = content if isinstance(content, dict) else {}
    refuse_framing_change(path, content, run.cfg)
    people = compare_tested(path, content, run.cfg, loader.dataset)
    test = describe(loader.dataset)
    cache = ResultCache(run, result_key(run, test.digest))
    if cache.stale:
        say(
            f'{folder}: checkpoint, config or data changed since the last '
            'report (or its stored predictions are damaged): testing anew.'
        )
    fresh = cache.tested is None
    if fresh:
        say(f'{folder}: predicting {test.num_images} images')
        cache.tested = Predictor(run, loader).predict(lambda done: None)
        if not cache.save():
            say(f'{folder}: cannot be written; the next report tests anew.')
    tested = cache.tested
    return RunResult(
        run=run,
        loader=loader,
        tested=tested,
        report=tested.evaluate(_metric(run.cfg, tested)).report,
        data=read_data_sets(run.cfg, test),
        log=read_run_log(run.folder),
        story=tell_config(run.config_name, run.cfg),
        cache=cache,
        fresh=fresh,
        people=people,
    )


def _metric(cfg: Config, tested: TestedSet) -> LandmarkErrorMetric:
    """The config's own landmark metric, else one of input pixels."""
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    evaluators = cfg.get('test_evaluator') or []
    if not isinstance(evaluators, (list, tuple)):
        evaluators = [evaluators]
    for settings in evaluators:
        kind = settings.get('type')
        kind = kind if isinstance(kind, str) else getattr(kind, '__name__', '')
        if kind.rpartition('.')[2] == LandmarkErrorMetric.__name__:
            # Ids have no place in a report.
            return METRICS.build(dict(settings, include_ids=False))
    if tested.to_input(tested.pred) is None:
        return LandmarkErrorMetric(unit='image')
    return LandmarkErrorMetric(unit='input')


def check_comparable(systems: list[System]) -> None:
    """Fill ``odd`` of the systems that the first cannot be compared with."""
    first = systems[0].first.report
    for system in systems[1:]:
        try:
            check_alike({system.name: system.reports}, first)
        except InputError as error:
            system.odd = str(error)
