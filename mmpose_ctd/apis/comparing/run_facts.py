"""What a run measures while it trains and tests."""

import contextlib
import io
import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.registry import DATASETS, METRICS

from mmpose_ctd.apis.config_file import parse_config
from mmpose_ctd.apis.keypoint_results import points_of_images
from mmpose_ctd.checkpoint_file import read_checkpoint
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation import LandmarkErrorMetric
from mmpose_ctd.evaluation.metrics.sample_errors import sample_errors
from mmpose_ctd.files import write_whole
from mmpose_ctd.machine import machine_class
from mmpose_ctd.version import __version__

_ROOT = Path(__file__).resolve().parents[3]
_SECONDS = 'training_seconds'


class RunFactsHook(Hook):
    """Writes ``training.json`` (seconds) and ``test.json`` (errors).

    The seconds travel in the checkpoint: a resumed training counts those up
    to its checkpoint, and not those that a kill lost.
    """

    def __init__(self) -> None:
        self._begin: float | None = None
        self._samples: list[dict] = []

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        # A resumed training first draws the batches that it has seen.
        if self._begin is None:
            hub = runner.message_hub
            known = _SECONDS in hub.runtime_info
            before = hub.get_info(_SECONDS) if known else 0.0
            self._begin = time.perf_counter() - before

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        seconds = time.perf_counter() - self._begin
        runner.message_hub.update_info(_SECONDS, seconds)
        if runner.iter + 1 == runner.max_iters:
            # It must be there when the last checkpoint is.
            self.after_train(runner)

    def after_train(self, runner) -> None:
        if self._begin is not None:
            seconds = time.perf_counter() - self._begin
            found = dict(seconds=seconds, **_program())
            _write(runner.work_dir, 'training.json', found)

    def before_test(self, runner) -> None:
        self._begin = time.perf_counter()

    def after_test_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        self._samples += [sample.to_dict() for sample in outputs]

    def after_test(self, runner) -> None:
        seconds = time.perf_counter() - self._begin
        metric = runner.test_evaluator.metrics[0]
        found = errors_by_image(self._samples, metric)
        _write(runner.work_dir, 'test.json', found | {'test_seconds': seconds})


def keep_weights(checkpoint: str | Path) -> None:
    """Write what a test needs of a checkpoint to ``weights.pth`` beside it."""
    content = read_checkpoint(str(checkpoint), 'the last checkpoint', '')
    kept = io.BytesIO()
    torch.save({key: content[key] for key in ('state_dict', 'meta')}, kept)
    path = Path(checkpoint).with_name('weights.pth')
    write_whole(path, kept.getvalue())


def score_predictions(config: str | Path, file: str | Path) -> None:
    """Judge what another program predicted, by the metric of our tests.

    Writes ``test.json`` and ``training.json`` (without seconds) next to the
    run's ``config``. The ``file`` has COCO's keypoint results, pixels of the
    image.

    Raises:
        InputError: If an image has no prediction or several, or one has
            another number of points.
    """
    cfg = parse_config(config)
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    metric = METRICS.build(cfg.test_evaluator)
    metric.dataset_meta = dataset.metainfo
    samples = [dataset[i]['data_samples'] for i in range(len(dataset))]
    predicted = points_of_images(
        file,
        [sample.img_id for sample in samples],
        [sample.gt_instances.keypoints.shape[1] for sample in samples],
    )
    for sample, points in zip(samples, predicted):
        sample.pred_instances = InstanceData(keypoints=points[None])
    samples = [sample.to_dict() for sample in samples]
    metric.process(None, samples)
    metric.evaluate(len(dataset))
    folder = Path(config).parent
    found = errors_by_image(samples, metric) | {'test_seconds': 0.0}
    _write(folder, 'test.json', found)
    _write(folder, 'training.json', _program())


def errors_by_image(
    samples: Sequence[Mapping], metric: LandmarkErrorMetric
) -> dict:
    """The errors of N samples of a test, evaluated by ``metric``, for JSON.

    Returns:
        dict: ``errors`` (N lists of K distances in image pixels, None where
        invisible), ``subjects`` (N numbers), ``sites`` (N names or ``''``),
        ``landmarks`` (K names), ``test_set``.

    Raises:
        InputError: If no image has a visible landmark.
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
    if not any(e is not None for row in errors for e in row):
        raise InputError(
            where='test_split',
            found='no image with a visible landmark',
            expected='one to judge the predictions by',
        )
    return dict(
        errors=errors,
        subjects=subjects,
        sites=sites,
        landmarks=metric.landmark_names(len(errors[0])),
        test_set=metric.report['test_set'],
    )


def _write(folder: str | Path, name: str, content: dict) -> None:
    write_whole(Path(folder, name), json.dumps(content).encode())


def _program() -> dict:
    """Commit of the program and class of the machine; no name, no path."""
    machine = machine_class()
    del machine['load']
    return dict(commit=_commit(), environment=machine)


def _commit() -> str:
    """The commit, ten characters, ``+`` behind it if files were changed.

    Outside of a clone it is the version, such as ``'v0.1.0'``.
    """
    # Installed inside of another project, the commit would be that project's.
    if (_ROOT / '.git').exists():
        words = ('--always', '--exclude=*', '--abbrev=10', '--dirty=+')
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            return subprocess.run(
                ['git', '-C', str(_ROOT), 'describe', *words],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
    return f'v{__version__}'
