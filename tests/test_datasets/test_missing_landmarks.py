"""A missing landmark is in no loss, error, measure or picture.

Its place in the file is arbitrary: two sets that differ in it alone give
equal trainings, tests and figures.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from landmark_set import (
    build_set,
    landmark_content,
    logged,
    write_landmark_set,
)
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner, set_random_seed
from toy_models import PIPELINE, build, model_config, runner_config

ONE_SIDE = ['exocanthion_R', 'endocanthion_R', 'subnasale']
BOTH_SIDES = ['exocanthion_R', 'exocanthion_L', 'subnasale']
#: In image number 2 of 3, landmark number 1 is missing.
COUNT, IMAGE, MISSING = 3, 2, 1
FLIP = dict(type='RandomFlip', prob=1.0, direction='horizontal')
TRAIN = [*PIPELINE[:2], FLIP, *PIPELINE[2:]]
TEST = [step for step in PIPELINE if step['type'] != 'GenerateTarget']


def write(root, place=(0, 0), names=ONE_SIDE):
    content = landmark_content(COUNT, names=names)
    values = content['annotations'][IMAGE]['keypoints']
    values[3 * MISSING : 3 * MISSING + 3] = [*place, 0]
    return write_landmark_set(root, content)


def read(root, pipeline, one_sided=True):
    return build_set(
        root, pipeline=pipeline, one_sided=one_sided, test_mode=True
    )


def batch(*arguments):
    dataset = read(*arguments)
    return pseudo_collate([dataset[i] for i in range(len(dataset))])


def weights(samples):
    return [s.gt_instance_labels.keypoint_weights[0].tolist() for s in samples]


@pytest.fixture(scope='module')
def two_places(tmp_path_factory):
    """The same set twice, with the missing landmark at two places."""
    root = tmp_path_factory.mktemp('two')
    return write(root / 'zero'), write(root / 'there', (33.5, 21.25))


def test_it_is_in_no_loss_and_no_gradient(two_places):
    found = []
    for root in two_places:
        data = batch(root, TRAIN)
        expected = [[1, 1, 1]] * 2 + [[1, 0, 1]]
        assert weights(data['data_samples']) == expected
        set_random_seed(0)
        model = build(teacher=None)
        data = model.data_preprocessor(data, training=True)
        total = sum(model.loss(**data).values())
        total.backward()
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        found.append((total.item(), torch.cat([g.ravel() for g in gradients])))
    (loss, gradient), (other_loss, other_gradient) = found
    assert loss == other_loss > 0
    assert torch.equal(gradient, other_gradient)


def test_a_mirrored_landmark_of_one_side_keeps_its_name(two_places):
    def target(pipeline):
        sample = read(two_places[0], pipeline)[0]['data_samples']
        return sample.gt_fields.heatmaps

    # UDP puts a mirrored point on the mirrored pixel exactly.
    torch.testing.assert_close(
        target(TRAIN), target(PIPELINE).flip(-1), atol=1e-4, rtol=0
    )


def run_test(root, work_dir):
    """Reports and pictures of a random model."""
    cfg = runner_config(work_dir, model_config(teacher=None))
    cfg.experiment_name = f'missing_{root}'
    cfg.test_dataloader.dataset = dict(
        type='CIFASDDataset',
        data_root=str(root),
        ann_file='annotations/landmarks.json',
        pipeline=TEST,
        test_mode=True,
    )
    cfg.test_evaluator = [
        dict(type='LandmarkErrorMetric', num_bootstrap=20, unit='image'),
        dict(type='MeasurementMetric', num_bootstrap=20),
    ]
    cfg.default_hooks.visualization = dict(
        type='LandmarkFigureHook', enable=True
    )
    set_random_seed(0)
    runner = Runner.from_cfg(cfg)
    runner.test()
    figures = Path(runner.log_dir, 'figures')
    return (
        [metric.report for metric in runner.test_evaluator.metrics],
        {p.name: cv2.imread(str(p)) for p in figures.iterdir()},
    )


def test_it_is_in_no_error_and_no_measure_and_no_picture(two_places, tmp_path):
    (reports, pictures), (other_reports, other_pictures) = (
        run_test(root, tmp_path / root.name) for root in two_places
    )
    assert reports == other_reports
    errors, measures = reports
    assert errors['per_landmark']['endocanthion_R']['n'] == COUNT - 1
    assert errors['per_landmark']['subnasale']['n'] == COUNT
    assert errors['num_images'] == COUNT
    fissure = measures['measures']['palpebral_fissure_length_R']
    assert fissure['n'] == COUNT - 1
    assert fissure['manual'][IMAGE] is fissure['predicted'][IMAGE] is None
    assert list(measures['measures']) == ['palpebral_fissure_length_R']
    # Figures of all faces show the run's name; those of one, its number.
    pictures = {k: v for k, v in pictures.items() if k[0].isdigit()}
    assert len(pictures) == COUNT
    for name, picture in pictures.items():
        np.testing.assert_array_equal(picture, other_pictures[name])


@pytest.mark.parametrize('names', [ONE_SIDE, BOTH_SIDES])
def test_a_flip_test_of_one_side_is_warned_of_once(tmp_path, names):
    root = write(tmp_path, names=names)
    model = build(teacher=None, test_cfg=dict(flip_test=True))
    model.eval()
    data = batch(root, TEST, names == ONE_SIDE)
    data = model.data_preprocessor(data)
    with logged() as messages, torch.no_grad():
        for _ in range(2):
            model.predict(**data)
    found = [m for m in messages if 'flip_test' in m]
    assert len(found) == (names == ONE_SIDE)
