"""Mirrored images of landmarks whose partners nobody knows are refused."""

import numpy as np
import pytest
from landmark_set import landmark_content, write_landmark_set
from mmcv.transforms import RandomApply, RandomChoice
from mmengine.runner import Runner
from mmpose.datasets.transforms import RandomFlip
from toy_models import PIPELINE, K, model_config, runner_config

from mmpose_ctd.apis.terse_runner import TerseRunner
from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.datasets.flips import may_flip
from mmpose_ctd.errors import InputError

RIGHT = ['exocanthion_r', 'endocanthion_r', 'subnasale']
MIXED = ['exocanthion_r', 'exocanthion_l', 'cheilion_r', 'subnasale']
MIDLINE = ['subnasale', 'stomion']
NUMBERS = ['1', '2', '3']
FLIP = dict(type='RandomFlip', prob=0.5)


def build(root, names, *pipeline, **changes):
    write_landmark_set(root, landmark_content(names=names))
    return CIFASDDataset(
        data_root=str(root),
        ann_file='annotations/landmarks.json',
        pipeline=list(pipeline),
        **changes,
    )


@pytest.mark.parametrize('names', [RIGHT, MIXED, MIDLINE, NUMBERS])
def test_flips_are_refused_until_the_config_says_what_is_meant(
    tmp_path, names
):
    with pytest.raises(InputError) as caught:
        build(tmp_path, names, FLIP)
    assert caught.value.where.endswith('landmarks.json')
    open_names = ['cheilion_r'] if names == MIXED else names
    assert all(name in caught.value.found for name in open_names)
    for cure in ('flip_pairs', 'one_sided', 'RandomFlip'):
        assert cure in caught.value.cure
    build(tmp_path, names)
    build(tmp_path, names, FLIP, flip_pairs=[(n, n) for n in open_names])
    if names != MIXED:
        build(tmp_path, names, FLIP, one_sided=True)


def test_one_side_is_not_stated_of_both(tmp_path):
    with pytest.raises(InputError) as caught:
        build(tmp_path, MIXED, one_sided=True)
    assert caught.value.where == 'dataset.one_sided'
    assert 'exocanthion_r and exocanthion_l' in caught.value.found


def test_what_is_open_goes_with_the_metainfo(tmp_path):
    unsettled = build(tmp_path, MIXED).metainfo['unsettled_flips']
    assert unsettled == ['cheilion_r']
    stated = [('cheilion_r', 'cheilion_r')]
    dataset = build(tmp_path, MIXED, flip_pairs=stated)
    assert dataset.metainfo['unsettled_flips'] == []


FLIPPING = [
    FLIP,
    dict(type='RandomFlip'),
    dict(type='mmpose.RandomFlip', prob=0.1),
    dict(type=RandomFlip, prob=1.0),
    RandomFlip(prob=0.5),
    dict(type='RandomFlip', prob=[0.0, 0.2], direction=['vertical'] * 2),
    dict(type='RandomApply', transforms=[FLIP]),
    dict(type='RandomApply', transforms=FLIP, prob=0.3),
    RandomApply([dict(type='mmpose.RandomFlip')]),
    dict(type='RandomChoice', transforms=[[dict(type='X')], [FLIP]]),
    RandomChoice([[dict(type='mmpose.RandomFlip', prob=1.0)]]),
    dict(type='TestTimeAug', transforms=[[dict(type='X'), FLIP]]),
    dict(type='Albumentation', transforms=[dict(type='HorizontalFlip', p=1)]),
    dict(type='MultiScaleFlipAug', flip=True),
]
STILL = [
    dict(type='RandomFlip', prob=0.0),
    dict(type='RandomFlip', prob=[0.0, 0.0]),
    RandomFlip(prob=0.0),
    dict(type='RandomApply', transforms=[FLIP], prob=0.0),
    dict(type='RandomApply', transforms=[dict(type='RandomFlip', prob=0.0)]),
    dict(type='Albumentation', transforms=[dict(type='HorizontalFlip', p=0)]),
    dict(type='MultiScaleFlipAug', flip=False),
    dict(type='LoadImage'),
    dict(type='RandomBBoxTransform', prob=0.5),
]


@pytest.mark.parametrize('step', FLIPPING)
def test_every_step_that_flips_is_seen(step):
    assert may_flip([dict(type='LoadImage'), step])


@pytest.mark.parametrize('step', STILL)
def test_steps_that_do_not_flip_are_no_flips(step):
    assert not may_flip([dict(type='LoadImage'), step])


def test_a_mirrored_landmark_takes_its_partners_place(tmp_path):
    content = landmark_content(2, MIXED[:2], size=(256, 256))
    x = [68.25, 187.49]
    for annotation in content['annotations']:
        annotation['keypoints'] = [x[0], 100, 2, x[1], 100, 2]
    write_landmark_set(tmp_path, content)
    dataset = CIFASDDataset(
        data_root=str(tmp_path),
        ann_file='annotations/landmarks.json',
        pipeline=[
            dict(type='LoadLandmarkImage'),
            dict(type='GetBBoxCenterScale', padding=1.0),
            dict(type='RandomFlip', prob=1.0, direction='horizontal'),
            dict(type='TopdownAffine', input_size=(256, 256), use_udp=True),
        ],
    )
    found = dataset[0]['keypoints'][0, :, 0]
    np.testing.assert_allclose(found, [255 - x[1], 255 - x[0]], atol=1e-3)


# ------------------------------------------------- where the model flips


def flip_testing(root, names, runner=Runner, hook=True, **dataset):
    """A run that averages mirrored images in its validation."""
    build(root, names)
    data = dict(
        type='CIFASDDataset',
        data_root=str(root),
        ann_file='annotations/landmarks.json',
        pipeline=PIPELINE,
        **dataset,
    )
    model = model_config(teacher=None, test_cfg=dict(flip_test=True))
    cfg = runner_config(root / 'work', model, epochs=1)
    cfg.experiment_name = f'flips_{root.name}_{len(dataset)}'
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.dataset = data
    if hook:
        cfg.custom_hooks = [dict(type='FlipCheckHook')]
    return runner.from_cfg(cfg)


LONE = ['eye_R', 'eye_L', *(f'midline{"i" * i}' for i in range(K - 3)), 'c_R']


@pytest.mark.parametrize(
    'runner, hook', [(Runner, True), (TerseRunner, False)]
)
def test_a_flip_test_stops_before_the_first_step(tmp_path, runner, hook):
    run = flip_testing(tmp_path, LONE, runner, hook)
    with pytest.raises(InputError) as caught:
        run.train()
    assert 'flip_test' in caught.value.found and 'c_R' in caught.value.found
    assert run.iter == 0 and not [*(tmp_path / 'work').glob('*.pth')]


def test_a_stated_flip_test_trains(tmp_path):
    flip_testing(tmp_path, LONE, flip_pairs=[('c_R', 'c_R')]).train()


def test_a_flipping_pipeline_around_a_dataset_is_seen(tmp_path):
    run = flip_testing(tmp_path, LONE)
    inner = dict(run.cfg.train_dataloader.dataset, pipeline=[])
    run.cfg.model.test_cfg = {}
    run.cfg.experiment_name = 'flips_around'
    run.cfg.train_dataloader.dataset = dict(
        type='CombinedDataset',
        metainfo=dict(from_file='configs/_base_/datasets/coco.py'),
        datasets=[inner],
        pipeline=[*PIPELINE[:2], FLIP, *PIPELINE[2:]],
    )
    with pytest.raises(InputError) as caught:
        Runner.from_cfg(run.cfg).train()
    assert 'RandomFlip' in caught.value.found
