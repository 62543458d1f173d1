"""What is noted while a job trains and tests."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.hooks import Hook

from mmpose_ctd.evaluation import LandmarkErrorMetric
from mmpose_ctd.evaluation.metrics.sample_errors import sample_errors

from .job_folder import write_json

__all__ = ['CollectPointsHook', 'JobProgressHook', 'errors_by_image']


class JobProgressHook(Hook):
    """Tells other processes how far a training is, and counts its seconds.

    A training that was killed counts the seconds up to the checkpoint that
    it went on from: what was lost with the kill is no cost of the system.

    Args:
        progress (Path): File of the step, for who watches.
        times (Path): File of the seconds at each checkpoint.
    """

    priority = 'VERY_LOW'

    def __init__(self, progress: Path, times: Path) -> None:
        self.progress = progress
        self.times = times
        self.resumed = 0
        self._marks: dict = {}
        self._before = 0.0
        self._begin: float | None = None
        self._told = 0.0

    @property
    def seconds(self) -> float:
        """Training time up to now, of all parts."""
        if self._begin is None:
            return self._before
        return self._before + time.perf_counter() - self._begin

    def before_train(self, runner) -> None:
        if runner.iter == 0:
            self._begin = time.perf_counter()
            return
        if self.times.is_file():
            self._marks = json.loads(self.times.read_text(encoding='utf-8'))
        self._before = self._marks.get(str(runner.iter), 0.0)
        self.resumed = self._marks.get('resumed', 0) + 1

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        # A resumed run first draws the batches that it has seen: no cost of
        # the system.
        if self._begin is None:
            self._begin = time.perf_counter()

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        now, step = time.perf_counter(), runner.iter + 1
        if now - self._told > 1 or step == runner.max_iters:
            self._told = now
            write_json(self.progress, dict(step=step, seconds=self.seconds))

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        # Marks of older checkpoints stay: it may be killed while it saves.
        self._marks[str(checkpoint['meta']['iter'])] = self.seconds
        self._marks['resumed'] = self.resumed
        write_json(self.times, self._marks)


class CollectPointsHook(Hook):
    """Keeps the errors of every image that is tested."""

    def __init__(self) -> None:
        self.samples: list[dict] = []

    def after_test_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        self.samples += [sample.to_dict() for sample in outputs]

    def result(self, metric: LandmarkErrorMetric) -> dict:
        """See :func:`errors_by_image`."""
        return errors_by_image(self.samples, metric)


def errors_by_image(
    samples: Sequence[Mapping], metric: LandmarkErrorMetric
) -> dict:
    """The errors of a test, as JSON can store them; nobody is named.

    Args:
        samples (Sequence[Mapping]): N samples with prediction and truth.
        metric (LandmarkErrorMetric): The same test's, evaluated.

    Returns:
        dict: ``errors`` (N lists of K distances in image pixels, None where
        invisible), ``subjects`` (N numbers), ``sites`` (N names or ``''``),
        ``landmarks`` (K names), ``test_set``.
    """
    # The same order in all runs, whatever loads the images.
    samples = sorted(samples, key=lambda s: (s.get('img_id'), s.get('id', 0)))
    numbers: dict = {}
    errors, subjects, sites = [], [], []
    for sample in samples:
        subject = sample.get('subject')
        name = object() if subject is None else subject
        for row in sample_errors(sample, 'image'):
            errors.append(
                [None if np.isnan(e) else round(float(e), 4) for e in row]
            )
            subjects.append(numbers.setdefault(name, len(numbers)))
            sites.append(str(sample.get('site') or ''))
    return dict(
        errors=errors,
        subjects=subjects,
        sites=sites,
        landmarks=metric.landmark_names(len(errors[0])),
        test_set=metric.report['test_set'],
    )
