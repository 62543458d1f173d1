"""Draws the figures of a test: CED, agreement, overlays."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from mmengine import fileio
from mmengine.dist import is_main_process
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
        interval (int): Draw every n-th image. Defaults to 1.
        enable (bool): Whether to draw overlays. Defaults to False.
        show (bool): Whether to show overlays in a window too. Defaults to
            False.
        wait_time (float): Seconds that a window stays; 0 waits for a key.
            Defaults to 0.
        margin (float, optional): An overlay shows the square around the true
            points, enlarged by this share on each side; None shows the whole
            photograph. Defaults to 0.3.
    """

    def __init__(
        self,
        out_dir: str | None = None,
        interval: int = 1,
        enable: bool = False,
        show: bool = False,
        wait_time: float = 0.0,
        margin: float | None = 0.3,
    ) -> None:
        if int(interval) != interval or interval < 1:
            raise InputError(
                where='LandmarkFigureHook: interval',
                found=repr(interval),
                expected='a whole number of at least 1',
            )
        self.out_dir = out_dir
        self.interval = int(interval)
        self.enable = enable
        self.show = show
        self.wait_time = wait_time
        self.margin = margin
        self._warned: set[str] = set()

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
        if not self.enable:
            return
        for sample in outputs or ():
            if self._seen % self.interval == 0:
                self._draw(runner, sample.to_dict())
            self._seen += 1

    def after_test_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Draw CED and agreement of the test."""
        # Only the main process has the whole report.
        if not is_main_process():
            return
        filename = getattr(runner.cfg, 'filename', None)
        name = Path(filename).stem if filename else runner.experiment_name
        errors = [*self._figures(runner, LandmarkErrorMetric, 'ced')]
        if not errors:
            self._warn(
                runner,
                'no CED: the evaluator has no LandmarkErrorMetric with '
                'results.',
            )
        for metric, path in errors:
            report = metric.report
            plot_ced(
                {name: _errors(report)},
                threshold=report['threshold'],
                unit=report['unit_label'],
                out_file=path,
                per=report['per'],
            )
            runner.logger.info(f'Error distribution drawn: {path}')
        for metric, path in self._figures(
            runner, MeasurementMetric, 'bland_altman'
        ):
            measures = metric.report['measures']
            plot_bland_altman(
                {
                    # None, as JSON wants it, becomes NaN.
                    measure: tuple(
                        np.array(entry[who], dtype=np.float64)
                        for who in ('manual', 'predicted')
                    )
                    for measure, entry in measures.items()
                },
                units={m: entry['unit'] for m, entry in measures.items()},
                agreements=metric.agreements,
                out_file=path,
                title=name,
            )
            runner.logger.info(f'Agreement of measures drawn: {path}')

    def _figures(
        self, runner: Runner, kind: type[LandmarkMetric], stem: str
    ) -> Iterator[tuple[LandmarkMetric, Path]]:
        """Each metric of a kind with results, and the file of its figure."""
        found = [m for m in _metrics(runner, kind) if m.report]
        for metric in found:
            name = stem if len(found) == 1 else f'{stem}_{metric.prefix}'
            yield metric, self._folder(runner) / f'{name}.png'

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
        metric = next(iter(_metrics(runner, LandmarkErrorMetric)), None)
        unit = metric.unit if metric else 'image'
        names = metric.landmark_ids if metric else None
        errors = image_errors(sample_errors(sample, unit, names))
        for pred, gt, visible, error in zip(*sample_points(sample), errors):
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
        # Without X, Qt ends the process instead of raising.
        screen = sys.platform in ('darwin', 'win32') or any(
            os.environ.get(name) for name in ('DISPLAY', 'WAYLAND_DISPLAY')
        )
        try:
            if not screen:
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
    runner: Runner, kind: type[LandmarkMetric]
) -> list[LandmarkMetric]:
    return [m for m in runner.test_evaluator.metrics if isinstance(m, kind)]


def _errors(report: dict) -> list[float]:
    """The errors that the report's AUC was computed from."""
    if report['per'] == 'landmark':
        return report['landmark_errors']
    return [
        entry['error'] if isinstance(entry, dict) else entry
        for entry in report['image_errors']
    ]
