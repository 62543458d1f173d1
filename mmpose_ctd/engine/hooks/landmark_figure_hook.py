"""Draws the figures of a test: CED, agreement, overlays."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from mmengine import fileio
from mmengine.dist import is_main_process
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS
from mmpose.structures import PoseDataSample

from mmpose_ctd.datasets.upright_image import read_upright
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import image_errors
from mmpose_ctd.evaluation.metrics.landmark_error_metric import (
    LandmarkErrorMetric,
)
from mmpose_ctd.evaluation.metrics.landmark_metric import LandmarkMetric
from mmpose_ctd.evaluation.metrics.measurement_metric import MeasurementMetric
from mmpose_ctd.evaluation.metrics.sample_errors import (
    sample_errors,
    sample_points,
    unit_label,
)
from mmpose_ctd.visualization import (
    draw_landmarks,
    plot_bland_altman,
    plot_ced,
)


@HOOKS.register_module()
class LandmarkFigureHook(Hook):
    """Draws the results of a test.

    ``ced.png`` shows the cumulative error distribution of
    :class:`LandmarkErrorMetric` (``ced_<prefix>.png`` for several metrics),
    ``bland_altman.png`` the agreement of :class:`MeasurementMetric`. Overlays
    show prediction and truth on the original photograph. Their file names are
    the image ids, never file names or subjects.

    It replaces MMPose's ``PoseVisualizationHook`` under
    ``default_hooks.visualization`` and accepts the arguments that MMPose's
    ``tools/test.py --show-dir --show --interval --wait-time`` sets.

    Args:
        out_dir (str, optional): Folder of the figures. A relative one lies in
            ``<work_dir>/<timestamp>``. Defaults to None: ``figures`` there.
        overlays (bool): Whether to draw each image. Defaults to False.
        interval (int): Draw every n-th image. Defaults to 1.
        ced (bool): Whether to draw the CED. Defaults to True.
        val (bool): Whether validations draw figures too, as ``ced_val.png``.
            Defaults to False.
        margin (float, optional): An overlay shows the square around the true
            points, enlarged by this share on each side; None shows the whole
            photograph. Defaults to 0.3.
        enable (bool): MMPose's name for ``overlays``. Defaults to False.
        show (bool): Whether to show overlays in a window too. Defaults to
            False.
        wait_time (float): Seconds that a window stays; 0 waits for a key.
            Defaults to 0.
        bland_altman (bool): Whether to draw the agreement of measures.
            Defaults to True.
    """

    def __init__(
        self,
        out_dir: str | None = None,
        overlays: bool = False,
        interval: int = 1,
        ced: bool = True,
        val: bool = False,
        margin: float | None = 0.3,
        enable: bool = False,
        show: bool = False,
        wait_time: float = 0.0,
        bland_altman: bool = True,
    ) -> None:
        if int(interval) != interval or interval < 1:
            raise InputError(
                where='LandmarkFigureHook: interval',
                found=repr(interval),
                expected='a whole number of at least 1',
            )
        self.out_dir = out_dir
        self.overlays = overlays or enable
        self.interval = int(interval)
        self.ced = ced
        self.bland_altman = bland_altman
        self.val = val
        self.margin = margin
        self.show = show
        self.wait_time = wait_time
        self._warned: set[str] = set()
        self._seen = 0
        self._written: set[str] = set()

    def before_test_epoch(self, runner: Runner) -> None:
        """Reset the counters."""
        self._seen = 0
        self._written = set()

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[PoseDataSample] | None = None,
    ) -> None:
        """Draw the images of a batch."""
        if not self.overlays:
            return
        for sample in outputs or ():
            if self._seen % self.interval == 0:
                self._draw(runner, sample.to_dict())
            self._seen += 1

    def after_test_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Draw CED and agreement of the test."""
        self._draw_ced(runner, runner.test_evaluator, 'ced')
        self._draw_agreement(runner, runner.test_evaluator, 'bland_altman')

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Draw CED and agreement of a validation if ``val`` is set."""
        if self.val:
            evaluator = runner.val_evaluator
            self._draw_ced(runner, evaluator, 'ced_val')
            self._draw_agreement(runner, evaluator, 'bland_altman_val')

    def _draw_ced(
        self, runner: Runner, evaluator: Evaluator, stem: str
    ) -> None:
        # Only the main process has the whole report.
        if not self.ced or not is_main_process():
            return
        metrics = [
            m for m in _metrics(evaluator, LandmarkErrorMetric) if m.report
        ]
        if not metrics:
            self._warn(
                runner,
                'no CED: the evaluator has no LandmarkErrorMetric with '
                'results.',
            )
        for metric in metrics:
            path = self._figure_path(runner, stem, metric, len(metrics))
            report = metric.report
            plot_ced(
                {_system_name(runner): _errors(report)},
                threshold=report['threshold'],
                unit=report['unit_label'],
                out_file=path,
                per=report['per'],
            )
            runner.logger.info(f'Error distribution drawn: {path}')

    def _draw_agreement(
        self, runner: Runner, evaluator: Evaluator, stem: str
    ) -> None:
        if not self.bland_altman or not is_main_process():
            return
        metrics = [
            m for m in _metrics(evaluator, MeasurementMetric) if m.report
        ]
        for metric in metrics:
            path = self._figure_path(runner, stem, metric, len(metrics))
            measures = metric.report['measures']
            plot_bland_altman(
                {
                    # None, as JSON wants it, becomes NaN.
                    name: tuple(
                        np.array(entry[who], dtype=np.float64)
                        for who in ('manual', 'predicted')
                    )
                    for name, entry in measures.items()
                },
                units={name: e['unit'] for name, e in measures.items()},
                agreements=metric.agreements,
                out_file=path,
                title=_system_name(runner),
            )
            runner.logger.info(f'Agreement of measures drawn: {path}')

    def _figure_path(
        self, runner: Runner, stem: str, metric: LandmarkMetric, num: int
    ) -> Path:
        """File of a metric's figure; ``num`` is the number of metrics."""
        name = stem if num == 1 else f'{stem}_{metric.prefix}'
        return self._folder(runner) / f'{name}.png'

    def _draw(self, runner: Runner, sample: dict) -> None:
        path = sample.get('img_path')
        if path is None:
            self._warn(
                runner,
                "no overlays: the samples have no 'img_path'. List it in "
                "PackPoseInputs' meta_keys.",
            )
            return
        image = read_upright(bytes(fileio.get(path)))
        points = sample_points(sample)
        metric = next(
            iter(_metrics(runner.test_evaluator, LandmarkErrorMetric)), None
        )
        unit = metric.unit if metric else 'image'
        names = metric.landmark_ids if metric else None
        errors = image_errors(sample_errors(sample, unit, names))
        for pred, gt, visible, error in zip(*points, errors):
            picture = draw_landmarks(
                image,
                pred,
                gt,
                visible,
                error=error,
                unit=unit_label(unit),
                margin=self.margin,
            )
            file = self._folder(runner) / self._file_name(sample)
            file.parent.mkdir(parents=True, exist_ok=True)
            # cv2.imwrite returns False if the disc is full.
            if not cv2.imwrite(str(file), picture):
                raise InputError(
                    where=f'LandmarkFigureHook: {file}',
                    found='it cannot be written',
                    cure='Make room, or name another folder by --show-dir.',
                )
            if self.show:
                self._show(runner, picture)

    def _file_name(self, sample: dict) -> str:
        """``<img_id>.png``, with a number for further faces of an image."""
        img_id = sample.get('img_id')
        # Ids may be file names, which may name patients.
        number = isinstance(img_id, (int, np.integer))
        stem = f'{img_id if number else self._seen:06d}'
        name, again = stem, 1
        while name in self._written:
            again += 1
            name = f'{stem}_{again}'
        self._written.add(name)
        return f'{name}.png'

    def _folder(self, runner: Runner) -> Path:
        return Path(runner.log_dir, self.out_dir or 'figures')

    def _show(self, runner: Runner, picture: np.ndarray) -> None:
        try:
            if not _has_screen():
                raise cv2.error('no display')
            cv2.imshow('prediction against truth', picture)
            cv2.waitKey(round(self.wait_time * 1000))
        except cv2.error:  # also if OpenCV has no windows
            self._warn(runner, 'show=True, but no window can be opened here.')

    def _warn(self, runner: Runner, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            runner.logger.warning(f'LandmarkFigureHook: {message}')


def _metrics(
    evaluator: Evaluator, kind: type[LandmarkMetric]
) -> list[LandmarkMetric]:
    return [m for m in evaluator.metrics if isinstance(m, kind)]


def _errors(report: dict) -> list[float]:
    """The errors that the report's AUC was computed from."""
    if report['per'] == 'landmark':
        return report['landmark_errors']
    return [
        entry['error'] if isinstance(entry, dict) else entry
        for entry in report['image_errors']
    ]


def _system_name(runner: Runner) -> str:
    """The name of the config's file."""
    filename = getattr(runner.cfg, 'filename', None)
    return Path(filename).stem if filename else runner.experiment_name


def _has_screen() -> bool:
    # Without X, Qt ends the process instead of raising.
    return sys.platform in ('darwin', 'win32') or any(
        os.environ.get(name) for name in ('DISPLAY', 'WAYLAND_DISPLAY')
    )
