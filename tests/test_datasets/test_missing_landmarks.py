"""A landmark missing in an image is in no loss, error, measure or picture.

A file may say anything of its place: two sets that differ in nothing else are
trained on, tested and drawn alike.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from landmark_set import landmark_content, logged, write_landmark_set
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner, set_random_seed
from toy_models import PIPELINE, build, model_config, runner_config

from mmpose_ctd.datasets import CIFASDDataset

ONE_SIDE = ['exocanthion_R', 'endocanthion_R', 'subnasale']
BOTH_SIDES = ['exocanthion_R', 'exocanthion_L', 'subnasale']
#: Of image number 2 the landmark number 1 is missing.
IMAGE, MISSING = 2, 1
FLIP = dict(type='RandomFlip', prob=1.0, direction='horizontal')
TRAIN = [*PIPELINE[:2], FLIP, *PIPELINE[2:]]
TEST = [step for step in PIPELINE if step['type'] != 'GenerateTarget']


def write(root, place=(0, 0), names=ONE_SIDE):
    content = landmark_content(names=names)
    values = content['annotations'][IMAGE]['keypoints']
    values[3 * MISSING : 3 * MISSING + 3] = [*place, 0]
    return write_landmark_set(root, content)


def read(root, pipeline, one_sided=True):
    return CIFASDDataset(
        data_root=str(root),
        ann_file='annotations/landmarks.json',
        pipeline=pipeline,
        one_sided=one_sided,
        test_mode=True,
    )


def batch(root, pipeline, one_sided=True):
    dataset = read(root, pipeline, one_sided)
    return pseudo_collate([dataset[i] for i in range(len(dataset))])


@pytest.fixture
def two_places(tmp_path):
    """The same set twice, with the missing landmark at two places."""
    return write(tmp_path / 'zero'), write(tmp_path / 'there', (33.5, 21.25))


@pytest.mark.parametrize('pipeline', [PIPELINE, TRAIN])
def test_it_is_in_no_loss_and_no_gradient(two_places, pipeline):
    found = []
    for root in two_places:
        set_random_seed(0)
        model = build(teacher=None)
        data = model.data_preprocessor(batch(root, pipeline), training=True)
        total = sum(model.loss(**data).values())
        total.backward()
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        found.append((total.item(), torch.cat([g.ravel() for g in gradients])))
    (loss, gradient), (other_loss, other_gradient) = found
    assert loss == other_loss > 0
    assert torch.equal(gradient, other_gradient)


def weights(root, pipeline, one_sided=True):
    samples = batch(root, pipeline, one_sided)['data_samples']
    return np.stack(
        [s.gt_instance_labels.keypoint_weights[0] for s in samples]
    )


@pytest.mark.parametrize('pipeline', [PIPELINE, TRAIN])
def test_of_one_side_the_missing_one_stays_missing_in_a_mirror(
    tmp_path, pipeline
):
    expected = np.ones((6, 3))
    expected[IMAGE, MISSING] = 0
    found = weights(write(tmp_path), pipeline)
    np.testing.assert_array_equal(found, expected)


def test_of_both_sides_its_partner_is_missing_in_a_mirror(tmp_path):
    """The missing left eye's corner is a mirrored face's right one."""
    root = write(tmp_path, names=BOTH_SIDES)
    straight, mirrored = (
        weights(root, pipeline, one_sided=False)
        for pipeline in (PIPELINE, TRAIN)
    )
    assert straight[IMAGE].tolist() == [1, 0, 1]
    assert mirrored[IMAGE].tolist() == [0, 1, 1]


def test_a_mirrored_landmark_of_one_side_keeps_its_name(tmp_path):
    root = write(tmp_path)

    def target(pipeline):
        sample = read(root, pipeline)[0]['data_samples']
        return sample.gt_fields.heatmaps

    # UDP puts a mirrored point on the mirrored pixel exactly.
    torch.testing.assert_close(
        target(TRAIN), target(PIPELINE).flip(-1), atol=1e-4, rtol=0
    )


@pytest.fixture
def tested(two_places, tmp_path):
    """Reports and pictures of the same random model on both sets."""
    results = []
    for root in two_places:
        cfg = runner_config(tmp_path / root.name, model_config(teacher=None))
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
            type='LandmarkFigureHook', overlays=True
        )
        set_random_seed(0)
        runner = Runner.from_cfg(cfg)
        runner.test()
        figures = Path(runner.log_dir, 'figures')
        results.append(
            (
                [metric.report for metric in runner.test_evaluator.metrics],
                {p.name: cv2.imread(str(p)) for p in figures.iterdir()},
            )
        )
    return results


def test_it_is_in_no_error_and_no_measure_and_no_picture(tested):
    (reports, pictures), (other_reports, other_pictures) = tested
    assert reports == other_reports
    errors, measures = reports
    assert errors['per_landmark']['endocanthion_R']['n'] == 5
    assert errors['per_landmark']['subnasale']['n'] == 6
    assert errors['num_images'] == 6
    fissure = measures['measures']['palpebral_fissure_length_R']
    assert fissure['n'] == 5
    assert fissure['manual'][IMAGE] is fissure['predicted'][IMAGE] is None
    assert list(measures['measures']) == ['palpebral_fissure_length_R']

    # Figures of all faces bear the run's name, those of one its number.
    assert {'ced.png', 'bland_altman.png'} < pictures.keys()
    pictures = {k: v for k, v in pictures.items() if k[0].isdigit()}
    assert len(pictures) == 6
    for name, picture in pictures.items():
        np.testing.assert_array_equal(picture, other_pictures[name])


# ------------------------------------------------- mirrored images in a test


def flip_test_says(root, one_sided=True):
    model = build(teacher=None, test_cfg=dict(flip_test=True))
    model.eval()
    data = model.data_preprocessor(batch(root, TEST, one_sided))
    with logged() as messages, torch.no_grad():
        for _ in range(2):
            model.predict(**data)
    return [m for m in messages if 'flip_test' in m]


def test_averaging_mirrored_images_of_one_side_is_warned_of_once(tmp_path):
    (message,) = flip_test_says(write(tmp_path))
    assert 'no landmark has a partner' in message
    assert 'whole faces' in message


def test_averaging_mirrored_images_of_both_sides_is_silent(tmp_path):
    root = write(tmp_path, names=BOTH_SIDES)
    assert not flip_test_says(root, one_sided=False)
