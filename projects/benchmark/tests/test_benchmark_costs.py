"""Memory, checkpoint size, latency and time of import."""

import copy
import time
from pathlib import Path

import pytest
import torch
from mmpose.models.pose_estimators import TopdownPoseEstimator
from toy_models import ED, model_config, runner_config, teacher_file

from mmpose_ctd.models.pose_estimators import CTDTopdownPoseEstimator
from projects.benchmark.speed.checkpoint_size import checkpoint_sizes
from projects.benchmark.speed.import_time import import_times
from projects.benchmark.speed.latency import inference_latency
from projects.benchmark.speed.memory import peak_memory
from projects.benchmark.speed.opponents import naive, plain_mmpose
from projects.benchmark.speed.turns import time_in_turn


@pytest.fixture
def cfg(tmp_path):
    checkpoint = teacher_file(tmp_path / 'teacher.pth')
    model = model_config(checkpoint, regularizers=ED)
    imports = dict(imports=['mmpose_ctd', 'toy_models'])
    return runner_config(tmp_path / 'run', model, custom_imports=imports)


@pytest.mark.slow
def test_memory_is_that_of_the_training_alone(cfg, monkeypatch):
    monkeypatch.setenv(
        'PYTHONPATH', str(Path(__file__).parents[3] / 'tests' / 'helpers')
    )
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
def test_a_process_that_fails_tells_why(cfg):
    with pytest.raises(RuntimeError, match=r'(?s)ctd: .*toy_models'):
        # Without tests/ on the path.
        peak_memory(dict(ctd=cfg), rounds=1, steps=1)


def test_a_checkpoint_is_the_students_weights(cfg):
    sizes = checkpoint_sizes(dict(ctd=cfg, plain=plain_mmpose(cfg)))
    # 3 -> 6 -> 8 channels with BatchNorm and PReLU, then 8 -> 3.
    floats = (3 * 6 * 9 + 5 * 6) + (6 * 8 * 9 + 5 * 8) + (8 * 3 + 3)
    for size in sizes.values():
        assert size['file'] > size['weights'] > 4 * floats
    # torch's archive spends a little on every tensor; a teacher would be
    # 3.3 kB.
    assert abs(sizes['ctd']['weights'] - sizes['plain']['weights']) < 200


def test_a_teacher_in_the_model_would_be_seen_in_its_checkpoint(cfg):
    sizes = checkpoint_sizes(dict(ctd=cfg, naive=naive(cfg)))
    assert sizes['naive']['weights'] > sizes['ctd']['weights'] + 3000


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
    seconds = inference_latency(cfg, rounds=3, warm_up=1)
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


def test_calls_are_timed_in_turn_after_a_warm_up():
    order = []
    seconds = time_in_turn(
        dict(a=lambda: order.append('a'), b=lambda: time.sleep(0.05)),
        rounds=3,
        warm_up=2,
    )
    assert order == ['a'] * 5
    assert seconds['a'].max() < 0.05 <= seconds['b'].min()
    assert len(seconds['b']) == 3
