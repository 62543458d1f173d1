"""Judges what a program outside of this package predicted."""

from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.registry import DATASETS, METRICS

from mmpose_ctd.apis.keypoint_results import points_of_images

from .job_hooks import errors_by_image

__all__ = ['score_predictions']


def score_predictions(config: str, file: Path) -> dict:
    """Errors of predictions, by the same metric as a trained model's.

    Args:
        config (str): A Runner's config whose ``test_dataloader`` names the
            tested images.
        file (Path): COCO's keypoint results, in pixels of the image; see
            :func:`~mmpose_ctd.apis.keypoint_results.read_keypoint_results`.

    Returns:
        dict: See :func:`errors_by_image`.

    Raises:
        InputError: If an image has no prediction or several, or one has
            another number of points.
    """
    cfg = Config.fromfile(config)
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
    return errors_by_image(samples, metric)
