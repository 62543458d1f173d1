"""Samples as MMPose's evaluator hands them to a metric."""

import numpy as np
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from mmpose_ctd.evaluation import LandmarkErrorMetric

NAMES = ['eye_R', 'eye_L', 'chin']
META = {
    'keypoint_name2id': {name: i for i, name in enumerate(NAMES)},
    'keypoint_id2name': dict(enumerate(NAMES)),
}
TRUTH = np.array([[[20.0, 10.0], [60.0, 10.0], [40.0, 70.0]]])


def make_sample(offset=(3.0, 4.0), visible=(1, 1, 1), truth=TRUTH, **meta):
    """A predicted sample; every landmark is off by ``offset`` pixels."""
    fields = dict(
        id=7,
        img_id=3,
        subject='ann',
        site='north',
        input_size=(256, 128),
        input_center=np.array([64.0, 64.0]),
        input_scale=np.array([128.0, 64.0]),
        ori_shape=(128, 128),
    )
    fields.update(meta)
    truth = np.asarray(truth, dtype=np.float64)
    sample = PoseDataSample(
        metainfo={k: v for k, v in fields.items() if v is not None}
    )
    visible = np.asarray(visible, dtype=np.float32)
    sample.gt_instances = InstanceData(
        keypoints=truth.astype(np.float32),
        keypoints_visible=np.broadcast_to(visible, truth.shape[:2]).copy(),
    )
    sample.pred_instances = InstanceData(keypoints=truth + np.asarray(offset))
    return sample


def evaluate(samples, **kwargs):
    metric = LandmarkErrorMetric(**{'num_bootstrap': 100, **kwargs})
    metric.dataset_meta = META
    evaluator = Evaluator(metric)
    evaluator.process(samples)
    return evaluator.evaluate(len(samples)), metric


def many_samples(num=12, seed=0):
    """Two images a person, two sites, errors of many sizes."""
    rng = np.random.default_rng(seed)
    return [
        make_sample(
            offset=rng.normal(0, 3, size=(1, 3, 2)),
            visible=rng.permutation([0, 1, 1]),
            id=100 + i,
            img_id=i,
            subject=f's{i // 2}',
            site='north' if i % 4 < 2 else 'south',
        )
        for i in range(num)
    ]


def by_hand(samples):
    """Errors of each image in input pixels, one landmark at a time."""
    errors = []
    for sample in samples:
        pred = sample.pred_instances.keypoints[0]
        gt = sample.gt_instances.keypoints[0]
        seen = sample.gt_instances.keypoints_visible[0]
        # From a crop of 128 x 64 to an input of 256 x 128.
        offsets = (2 * (p - g) for p, g, v in zip(pred, gt, seen) if v)
        errors.append([np.hypot(*offset) for offset in offsets])
    return errors
