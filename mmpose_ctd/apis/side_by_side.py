"""The demo: train and test systems on the same faces, from the same seed."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from mmengine.hooks import Hook

from mmpose_ctd.datasets.upright_image import read_upright
from mmpose_ctd.evaluation.functional import image_errors, point_errors
from mmpose_ctd.evaluation.metrics.sample_errors import (
    SamplePoints,
    sample_points,
)
from mmpose_ctd.framing import merge_options
from mmpose_ctd.visualization import landmark_grid, plot_ced, select_faces

from .config_file import parse_config
from .config_writer import use_set
from .terse_runner import TerseRunner


class SystemResult(NamedTuple):
    """``LandmarkErrorMetric.report`` of a trained system's test, the N tested
    images, their points in image pixels, and the training's time.
    """

    report: dict
    files: list[str]
    points: SamplePoints
    seconds: float


class _CollectSamples(Hook):
    """Collects the predictions, for pictures."""

    def __init__(self) -> None:
        self.samples: list[dict] = []

    def after_test_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        self.samples += [sample.to_dict() for sample in outputs]


def train_and_test(
    config: str,
    name: str,
    data_root: Path,
    train_split: str,
    work_dir: Path,
    *,
    steps: int,
    seed: int,
    input_size: int,
) -> SystemResult:
    """Train a system on a prepared set, test it, and keep its predictions.

    The learning rate decays over the ``steps``; ``name`` is for the progress
    bar; ``input_size`` is the side of the network's input in pixels.
    """
    cfg = parse_config(config)
    # Nothing is chosen by validation.
    use_set(
        cfg, data_root, dict(train=train_split, test='splits/test.txt'), config
    )
    merge_options(cfg, {'framing.input_size': input_size})
    cfg.work_dir = str(work_dir)
    # The progress bar replaces mmengine's log.
    cfg.log_level = 'ERROR'
    cfg.randomness = dict(seed=seed)
    cfg.train_cfg.max_iters = cfg.train_cfg.val_interval = steps
    cfg.param_scheduler[-1].end = steps
    cfg.default_hooks.checkpoint.interval = steps
    # Each call trains from the start.
    cfg.default_hooks.work_dir.overwrite = True
    cfg.custom_hooks.append(dict(type='ProgressBarHook', title=name))
    runner = TerseRunner.from_cfg(cfg)
    collector = _CollectSamples()
    runner.register_hook(collector)
    begin = time.perf_counter()
    runner.train()
    seconds = time.perf_counter() - begin
    runner.test()
    for loader in (runner.train_dataloader, runner.test_dataloader):
        # The garbage collector waits five seconds for each worker.
        if loader.num_workers and loader.persistent_workers:
            loader._iterator._shutdown_workers()
    samples = collector.samples
    points = zip(*map(sample_points, samples))
    return SystemResult(
        runner.test_evaluator.metrics[0].report,
        [sample['img_path'] for sample in samples],
        SamplePoints(*map(np.concatenate, points)),
        seconds,
    )


def draw_comparison(results: Mapping[str, SystemResult], out: Path) -> None:
    """Write ``ced.png`` and ``faces.png``: best, median and worst faces.

    Faces are ranked by the first system's error.
    """
    first = next(iter(results.values()))
    plot_ced(
        {n: np.asarray(r.report['image_errors']) for n, r in results.items()},
        threshold=first.report['threshold'],
        unit=first.report['unit_label'],
        out_file=out / 'ced.png',
    )
    chosen = select_faces(image_errors(point_errors(*first.points)), 4)
    sheet = landmark_grid(
        [read_upright(first.files[i]) for i in chosen],
        {name: r.points.pred[chosen] for name, r in results.items()},
        first.points.gt[chosen],
        first.points.visible[chosen],
        names=('best', 'better third', 'worse third', 'worst')[: len(chosen)],
    )
    cv2.imwrite(str(out / 'faces.png'), sheet)
