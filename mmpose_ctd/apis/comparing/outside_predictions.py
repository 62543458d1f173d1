"""Judges what a program outside of this package predicted."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.registry import DATASETS, METRICS

from mmpose_ctd.errors import InputError

from .job_hooks import errors_by_image

__all__ = ['score_predictions']


def score_predictions(config: str, file: Path) -> dict:
    """Errors of predictions, by the same metric as a trained model's.

    Args:
        config (str): A Runner's config whose ``test_dataloader`` names the
            tested images.
        file (Path): ``{"keypoints": [{"image_id": ..., "keypoints": [x, y,
            score, ...]}, ...]}`` as COCO's results, in pixels of the image.

    Returns:
        dict: See :func:`errors_by_image`.

    Raises:
        InputError: If an image has no prediction or several, or one has
            another number of points.
    """
    cfg = Config.fromfile(config)
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    points = _read(file)
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    metric = METRICS.build(cfg.test_evaluator)
    metric.dataset_meta = dataset.metainfo
    samples = []
    for i in range(len(dataset)):
        sample = dataset[i]['data_samples']
        image, true = sample.img_id, sample.gt_instances.keypoints
        if image not in points:
            raise InputError(
                f'{file}: no prediction for the image id={image}; one for '
                'every tested image is expected.'
            )
        if points[image].shape != true.shape[1:]:
            raise InputError(
                f'{file}: image id={image} has {len(points[image])} points, '
                f'the dataset {true.shape[1]}.'
            )
        sample.pred_instances = InstanceData(keypoints=points[image][None])
        samples.append(sample.to_dict())
    metric.process(None, samples)
    metric.evaluate(len(dataset))
    return errors_by_image(samples, metric)


def _read(file: Path) -> dict[int, np.ndarray]:
    try:
        content = json.loads(file.read_text(encoding='utf-8'))
        entries = content['keypoints']
        found: dict[int, np.ndarray] = {}
        for entry in entries:
            image = entry['image_id']
            values = [float(v) for v in entry['keypoints']]
            if image in found:
                raise InputError(f'{file}: two predictions for id={image}.')
            if len(values) % 3 or not all(map(math.isfinite, values)):
                raise InputError(
                    f'{file}: image id={image}: expected x, y, score of each '
                    f'landmark, finite numbers; found {len(values)} values.'
                )
            found[image] = np.reshape(values, (-1, 3))[:, :2]
    except InputError:
        raise
    except (ValueError, LookupError, TypeError) as error:
        raise InputError(
            f'{file}: expected {{"keypoints": [{{"image_id", "keypoints"}}, '
            f'...]}} ({error!r}).'
        ) from error
    assert isinstance(content, Mapping)
    return found
