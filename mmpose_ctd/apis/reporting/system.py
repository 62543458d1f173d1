"""What a report knows about one system, its data and its test."""

import copy
import os
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config
from mmpose.registry import DATASETS, METRICS
from torch.utils.data import Dataset

from mmpose_ctd.checkpoint_file import read_checkpoint
from mmpose_ctd.config_values import component_name
from mmpose_ctd.datasets.partly_labelled import labelled_part
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation import LandmarkErrorMetric
from mmpose_ctd.trained import refuse_framing_change
from mmpose_ctd.trained_people import compare_tested

from .prediction import predict, test_loader
from .tested_set import TestedSet
from .work_dir import RunLog, TrainedRun, open_work_dir, read_run_log


@dataclass
class ReportedRun:
    """One training and its test.

    Attributes:
        run (TrainedRun): Its files.
        dataset (Dataset): Its test set.
        tested (TestedSet): Predictions and truth of the test set.
        report (dict): ``LandmarkErrorMetric.report``.
        data (dict): ``'training'``, ``'validation'``, ``'test'`` ->
            :class:`DataSummary`; None if it cannot be read, absent if the
            config has none.
        log (RunLog): What it logged.
        people (list[str]): Warnings about people who train and test.
    """

    run: TrainedRun
    dataset: Dataset
    tested: TestedSet
    report: dict
    data: dict
    log: RunLog
    people: list

    @property
    def seed(self) -> str:
        """Seed of the training; empty if unknown."""
        seed = self.log.environment.get('seed')
        if seed is None:
            seed = (self.run.cfg.get('randomness') or {}).get('seed')
        return '' if seed is None else str(seed)


@dataclass
class ReportedSystem:
    """One or several trainings that differ only in their seed.

    Attributes:
        name (str): Its name in the report.
        runs (list[ReportedRun]): At least one.
        odd (str): Why it cannot be compared with the first system; empty if
            it can.
    """

    name: str
    runs: list = field(default_factory=list)
    odd: str = ''

    @property
    def reports(self) -> list[dict]:
        """The metric's report of each run."""
        return [run.report for run in self.runs]

    @property
    def first(self) -> ReportedRun:
        """The run that figures of a single run show."""
        return self.runs[0]


def read_run(
    folder: str | Path, options: dict | None = None, say=print
) -> ReportedRun:
    """Open a work dir, predict its test set and evaluate the predictions.

    ``options`` override its config; ``say`` is called with each message.

    Raises:
        InputError: If its files or data cannot be used, the crop differs
            from that of the training, or test people trained although the
            splits keep them apart.
    """
    run = open_work_dir(folder, options)
    loader = test_loader(run.cfg)
    path = str(run.checkpoint)
    content = read_checkpoint(path, 'checkpoint', 'Train again')
    content = content if isinstance(content, dict) else {}
    refuse_framing_change(path, content, run.cfg)
    people = compare_tested(path, content, run.cfg, loader.dataset)
    test = _summary(loader.dataset)
    say(f'{folder}: predicting {test.num_images} images')
    tested = predict(run, loader)
    return ReportedRun(
        run=run,
        dataset=loader.dataset,
        tested=tested,
        report=tested.evaluate(_metric(run.cfg, tested)).report,
        data=_data_sets(run.cfg, test),
        log=read_run_log(run.folder),
        people=people,
    )


def metric_settings(cfg: Config, name: str) -> dict | None:
    """Settings of the test's first metric of a class; None without one."""
    evaluators = cfg.get('test_evaluator') or []
    if not isinstance(evaluators, (list, tuple)):
        evaluators = [evaluators]
    return next((e for e in evaluators if component_name(e) == name), None)


def _metric(cfg: Config, tested: TestedSet) -> LandmarkErrorMetric:
    """The config's own landmark metric, else one of input pixels."""
    settings = metric_settings(cfg, LandmarkErrorMetric.__name__)
    if settings is not None:
        # No ids in a report.
        return METRICS.build(dict(settings, include_ids=False))
    fields = 'input_size', 'input_scale', 'input_center'
    framed = all(tested.field(key) is not None for key in fields)
    return LandmarkErrorMetric(unit='input' if framed else 'image')


# ------------------------------------------------------------------ the data


@dataclass
class DataSummary:
    """A dataset in numbers; never print ids of subjects or names of files."""

    num_images: int
    subjects: set = field(default_factory=set)
    files: set = field(default_factory=set)
    sites: set = field(default_factory=set)


def _summary(dataset) -> DataSummary:
    """Read the records of a built dataset, without loading an image."""
    found = DataSummary(len(dataset))
    get = getattr(dataset, 'get_data_info', None)
    for info in map(get, range(len(dataset))) if get else ():
        path = info.get('img_path')
        for kept, value in (
            (found.subjects, info.get('subject')),
            (found.sites, info.get('site')),
            (found.files, os.path.basename(path) if path else None),
        ):
            if value is not None:
                kept.add(str(value))
    return found


def _data_sets(
    cfg: Config, test: DataSummary
) -> dict[str, DataSummary | None]:
    """See ``ReportedRun.data``."""
    found = {
        name: _built(cfg[key].dataset)
        for name, key in (
            ('training', 'train_dataloader'),
            ('validation', 'val_dataloader'),
        )
        if cfg.get(key)
    }
    return {**found, 'test': test}


def _built(config) -> DataSummary | None:
    settings = labelled_part(copy.deepcopy(config))
    # Serialising collects garbage, slowly.
    settings.update(pipeline=[], serialize_data=False)
    try:
        return _summary(DATASETS.build(settings))
    except (InputError, OSError):
        return None
