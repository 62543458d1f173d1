"""MMPose's own inference refuses framings that a checkpoint has not seen."""

import copy

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import MMPoseInferencer, inference_topdown, init_model
from people_set import people_config, train_people, write_people
from refusals import refused
from toy_models import SIZE, build

FACE = dict(type='FindFaceBox', side=1.5)


@pytest.fixture(scope='module', params=['whole', 'face'])
def trained(request, tmp_path_factory):
    """Config and checkpoint, of whole images or of faces cut out."""
    place = tmp_path_factory.mktemp(request.param)
    cfg = people_config(place / 'run', write_people(place / 'data'))
    if request.param == 'face':
        for loader in ('train', 'val', 'test'):
            with_face(cfg[f'{loader}_dataloader'].dataset.pipeline)
    cfg, checkpoint = train_people(place / 'run', place / 'data', **cfg)
    steps = cfg.test_dataloader.dataset.pipeline
    cfg.test_dataloader.dataset.pipeline = [
        step for step in steps if step['type'] != 'GenerateTarget'
    ]
    assert has_face(cfg) == (request.param == 'face')
    cfg.data_mode = 'topdown'
    cfg.dataset_type = 'CIFASDDataset'
    return cfg, str(checkpoint)


def with_face(steps):
    steps.insert(1, dict(FACE))


def without_face(steps):
    steps[:] = [step for step in steps if step['type'] != 'FindFaceBox']


def has_face(cfg):
    steps = cfg.test_dataloader.dataset.pipeline
    return any(step['type'] == 'FindFaceBox' for step in steps)


def changed(cfg, change):
    cfg = Config(copy.deepcopy(cfg.to_dict()))
    steps = cfg.test_dataloader.dataset.pipeline
    if change == 'face':
        (without_face if has_face(cfg) else with_face)(steps)
    for step in steps:
        if change == 'padding' and step['type'] == 'GetBBoxCenterScale':
            step['padding'] = 1.25
    return cfg


@pytest.fixture
def image(tmp_path):
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (90, 64, 3), np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    return image


def by_api(cfg, checkpoint, image):
    model = init_model(cfg, checkpoint, device='cpu')
    return inference_topdown(model, image)[0].pred_instances.keypoints[0]


def by_inferencer(cfg, checkpoint, *images):
    inferencer = MMPoseInferencer(
        cfg, checkpoint, device='cpu', det_model='whole_image'
    )
    found = list(inferencer([*images]))
    return [one['predictions'][0][0]['keypoints'] for one in found]


def test_both_ways_find_the_same_points(trained, image):
    cfg, checkpoint = trained
    one = by_api(changed(cfg, None), checkpoint, image)
    (two,) = by_inferencer(changed(cfg, None), checkpoint, image)
    np.testing.assert_allclose(one, two, atol=1e-3)


@pytest.mark.parametrize('infer', [by_api, by_inferencer])
@pytest.mark.parametrize('change', ['face', 'padding'])
def test_another_framing_is_refused(trained, image, infer, change):
    cfg, checkpoint = trained
    with refused('test_dataloader.dataset.pipeline'):
        infer(changed(cfg, change), checkpoint, image)


def test_a_checkpoint_of_an_earlier_version_still_predicts(
    trained, image, tmp_path
):
    cfg, checkpoint = trained
    content = torch.load(checkpoint, weights_only=False)
    del content['meta']['dataset_meta']['input_framing']
    torch.save(content, tmp_path / 'old.pth')
    expected = by_api(changed(cfg, None), checkpoint, image)
    found = by_api(changed(cfg, None), str(tmp_path / 'old.pth'), image)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize('mode', ['loss', 'predict'])
def test_images_of_another_size_than_the_codecs_are_refused(mode):
    model = build(teacher=None)
    with refused('model.head.decoder.input_size'):
        model(torch.zeros(1, 3, SIZE, 2 * SIZE), [], mode=mode)
    # Features have no codec.
    model(torch.zeros(1, 3, SIZE, 2 * SIZE), [], mode='tensor')
