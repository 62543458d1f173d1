"""Memory, checkpoint size, latency, time of import and of loading."""

import copy
import time

import cv2
import pytest
import torch
from mmpose.models.pose_estimators import TopdownPoseEstimator

from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.models.pose_estimators import CTDTopdownPoseEstimator
from projects.benchmark.speed.checkpoint_size import checkpoint_sizes
from projects.benchmark.speed.import_time import import_times
from projects.benchmark.speed.latency import inference_latency
from projects.benchmark.speed.loader_wait import (
    loader_waits,
    write_photographs,
)
from projects.benchmark.speed.memory import peak_memory
from projects.benchmark.speed.opponents import (
    naive_one_forward,
    plain_mmpose,
)


@pytest.fixture
def cfg(pair):
    return pair['ctd']


@pytest.mark.slow
def test_memory_is_that_of_the_training_alone(cfg):
    # 50 MB of weights, their gradients, and Adam's two moments.
    heavy = copy.deepcopy(cfg)
    heavy.model.backbone.channels = (6, 8 + 5_000)
    heavy.model.head.in_channels = 8 + 5_000
    heavy.model.head.conv_out_channels = (2500,)
    heavy.model.head.conv_kernel_sizes = (1,)
    heavy.model.teacher = None
    heavy.model.regularizers = {}
    # What this process holds is not counted.
    ours = torch.ones(2**27)
    peaks = peak_memory(dict(light=cfg, heavy=heavy), rounds=1, steps=1)
    assert ours[0] == 1
    (light,), (more,) = peaks['light'], peaks['heavy']
    assert 100e6 < light < 1e9
    assert 170e6 < more - light < 1e9


@pytest.mark.slow
def test_a_process_that_fails_says_why(cfg):
    cfg.custom_imports.imports = ['mmpose_ctd', 'nowhere']
    with pytest.raises(RuntimeError, match=r'(?s)ctd: .*nowhere'):
        peak_memory(dict(ctd=cfg), rounds=1, steps=1)


def test_a_checkpoint_is_the_students_weights(cfg):
    configs = dict(
        ctd=cfg, plain=plain_mmpose(cfg), naive=naive_one_forward(cfg)
    )
    sizes = {n: size for n, (size,) in checkpoint_sizes(configs).items()}
    # 3 -> 6 -> 8 channels with BatchNorm and PReLU, then 8 -> 3.
    floats = (3 * 6 * 9 + 5 * 6) + (6 * 8 * 9 + 5 * 8) + (8 * 3 + 3)
    assert sizes['plain'] > 4 * floats
    # torch's archive spends a little on every tensor; a teacher is 3.3 kB.
    assert abs(sizes['ctd'] - sizes['plain']) < 200
    assert sizes['naive'] > sizes['ctd'] + 3000


def test_latency_is_of_both_classes_with_the_same_weights(cfg, monkeypatch):
    outputs = {}
    step = TopdownPoseEstimator.test_step

    def noted(self, data):
        assert not self.training and not torch.is_grad_enabled()
        assert len(data['inputs']) == 1
        if type(self) is CTDTopdownPoseEstimator:
            time.sleep(0.1)
        result = step(self, data)
        outputs[type(self)] = result[0].pred_instances.keypoints
        return result

    monkeypatch.setattr(TopdownPoseEstimator, 'test_step', noted)
    cfg.model.channels_last = True
    seconds = inference_latency(cfg, rounds=3)
    assert {name: len(s) for name, s in seconds.items()} == dict(
        ctd=3, vanilla=3
    )
    assert seconds['ctd'].min() > 0.1
    assert seconds['vanilla'].min() < seconds['ctd'].min() - 0.05
    ours = outputs[CTDTopdownPoseEstimator]
    assert abs(ours - outputs[TopdownPoseEstimator]).max() < 1e-3


def test_import_is_what_ours_adds(monkeypatch, tmp_path):
    # Stand-ins that take a known time, found before the real ones.
    (tmp_path / 'mmpose.py').write_text('import time; time.sleep(0.2)')
    (tmp_path / 'mmpose_ctd.py').write_text(
        'import mmpose, time; time.sleep(0.1)'
    )
    monkeypatch.chdir(tmp_path)
    seconds = import_times(rounds=2)
    assert len(seconds['mmpose']) == len(seconds['mmpose_ctd']) == 2
    assert (seconds['mmpose'] >= 0.2).all()
    assert (seconds['mmpose_ctd'] >= 0.1).all()
    assert seconds['mmpose_ctd'].min() < 0.2


def test_the_photographs_are_a_labelled_set(tmp_path):
    write_photographs(tmp_path, 3, 5, (400, 500))
    dataset = CIFASDDataset('landmarks.json', str(tmp_path), num_keypoints=5)
    assert len(dataset) == 3
    assert cv2.imread(dataset[0]['img_path']).shape == (500, 400, 3)


@pytest.mark.slow
def test_a_step_as_long_as_loading_hides_it(cfg):
    pipeline = [
        dict(type='LoadLandmarkImage'),
        dict(type='GetBBoxCenterScale', padding=1.0),
        dict(type='TopdownAffine', input_size=(64, 64), use_udp=True),
        dict(type='PackLandmarkInputs'),
    ]
    cfg.train_dataloader = dict(
        batch_size=2,
        num_workers=1,
        persistent_workers=True,
        sampler=dict(type='InfiniteSampler', shuffle=True),
        dataset=dict(type='CIFASDDataset', ann_file='', pipeline=pipeline),
    )
    hurried, patient = (
        loader_waits(cfg, pause, (1200, 1500), 4, 2, num_photographs=4)
        for pause in (0.0, 0.5)
    )
    assert hurried.shape == (4,)
    assert patient.mean() < hurried.mean()
