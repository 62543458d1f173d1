"""A trained checkpoint in the hands of MMPose's own inference API."""

import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from mmpose.apis import inference_topdown, init_model
from toy_models import ED, PIPELINE, model_config, runner_config, teacher_file


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """Config and checkpoint of a finished run whose teacher file is gone."""
    place = tmp_path_factory.mktemp('run')
    teacher = place / 'teacher.pth'
    model = model_config(teacher_file(teacher), regularizers=ED)
    cfg = runner_config(place, model)
    Runner.from_cfg(cfg).train()
    teacher.unlink()
    cfg.test_dataloader.dataset.pipeline = [
        step for step in PIPELINE if step['type'] != 'GenerateTarget'
    ]
    return cfg, str(place / 'epoch_2.pth')


def points(model, image):
    return inference_topdown(model, image)[0].pred_instances.keypoints


@pytest.mark.parametrize('shape', [(32, 32, 3), (90, 64, 3)])
def test_inference_needs_no_teacher_and_is_mmposes(run, shape):
    cfg, checkpoint = run
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    ours = init_model(cfg.copy(), checkpoint, device='cpu')
    assert ours.teacher is None
    assert list(ours.dataset_meta['keypoint_name2id'])[2] == 'subnasale'
    plain = cfg.copy()
    plain.model = {
        k: v
        for k, v in cfg.model.items()
        if k not in ('teacher', 'regularizers')
    } | dict(type='TopdownPoseEstimator')
    theirs = init_model(plain, checkpoint, device='cpu')
    state = torch.load(checkpoint, weights_only=False)['state_dict']
    theirs.load_state_dict(state, strict=True)
    found = points(ours, image)
    assert found.shape == (1, 3, 2)
    np.testing.assert_array_equal(found, points(theirs, image))
