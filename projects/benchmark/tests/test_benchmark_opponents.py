"""What we are compared with is what it is said to be."""

import sys

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmpose.models.losses import KeypointMSELoss
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS
from toy_models import CD, ED, batch, model_config, runner_config, teacher_file

from mmpose_ctd.engine.hooks import FreedMemoryHook
from mmpose_ctd.errors import InputError
from projects.benchmark.speed.comparison import (
    SYSTEMS,
    Comparison,
    ratios_of,
)
from projects.benchmark.speed.mmrazor_distiller import (
    mmrazor_distiller,
    why_not_mmrazor,
)
from projects.benchmark.speed.opponents import (
    naive_one_forward,
    plain_mmpose,
    without_missing_weights,
    without_regularizers,
)
from projects.benchmark.speed.training_steps import TrainingSteps


@pytest.fixture
def ctd(tmp_path):
    checkpoint = teacher_file(tmp_path / 'teacher.pth')
    model = model_config(checkpoint, regularizers=ED | CD, channels_last=True)
    wrapper = dict(
        type='AutocastOptimWrapper',
        dtype='bfloat16',
        optimizer=dict(type='Adam', lr=1e-2, fused=True),
    )
    return runner_config(tmp_path / 'run', model, optim_wrapper=wrapper)


def losses_of(model):
    model.train()
    data = model.data_preprocessor(batch(), True)
    return model(**data, mode='loss')


def test_mmpose_is_as_shipped(ctd, tmp_path):
    before = ctd.to_dict()
    cfg = plain_mmpose(ctd)
    assert ctd.to_dict() == before
    run = TrainingSteps(cfg, str(tmp_path / 'plain'), [batch()])
    model = run.runner.model
    assert type(model) is TopdownPoseEstimator
    assert type(model.head.loss_module) is KeypointMSELoss
    assert type(run.runner.optim_wrapper) is OptimWrapper
    assert not run.runner.optim_wrapper.optimizer.defaults['fused']
    # Its training accuracy is on.
    assert 'acc_pose' in losses_of(model)
    seen = []
    model.backbone.stages[0][0].register_forward_hook(
        lambda module, inputs, output: seen.append((module, inputs, output))
    )
    run.one()
    ((conv, (images,), maps),) = seen
    for tensor in (conv.weight, images, maps):
        assert tensor.dtype == torch.float32
        assert tensor.is_contiguous()


def test_only_ours_keeps_freed_memory(ctd, monkeypatch, tmp_path):
    kept = []
    monkeypatch.setattr(
        FreedMemoryHook, 'before_train', lambda *_: kept.append(True)
    )
    ctd.default_hooks = dict(freed_memory=dict(type='FreedMemoryHook'))
    for make, times in ((plain_mmpose, 0), (lambda cfg: cfg, 1)):
        TrainingSteps(make(ctd), str(tmp_path / str(times)), [batch()])
        assert len(kept) == times


def test_who_freezes_layers_is_not_compared_with_fine_tuning(ctd):
    ctd.model.frozen = ['backbone']
    with pytest.raises(InputError, match='frozen'):
        plain_mmpose(ctd)


def test_the_naive_distiller_computes_our_loss_the_plain_way(ctd):
    ours = MODELS.build(ctd.model)
    ours.init_weights()
    plain = MODELS.build(naive_one_forward(ctd).model)
    plain.load_state_dict(ours.state_dict(), strict=False)
    with torch.no_grad():
        # Away from where both encoders are one.
        for model in (ours, plain):
            model.backbone.stages[1][0].weight.mul_(-0.7)
    calls = []
    plain.backbone.register_forward_hook(lambda *_: calls.append('student'))
    expected, found = losses_of(ours), losses_of(plain)
    assert len(calls) == 1
    for name in ('loss_ed', 'loss_cd'):
        assert expected[name] > 1e-3
        torch.testing.assert_close(found[name], expected[name])
    # The teacher is a module, runs unfolded and does not learn.
    assert any(k.startswith('teacher.') for k in plain.state_dict())
    norms = [
        m
        for m in plain.teacher.modules()
        if isinstance(m, torch.nn.BatchNorm2d)
    ]
    assert len(norms) == 2 and not any(m.training for m in norms)
    sum(v for k, v in found.items() if 'loss' in k).backward()
    assert all(p.grad is None for p in plain.teacher.parameters())
    assert plain.backbone.stages[0][0].weight.grad.abs().sum() > 0


def test_weights_that_are_missing_become_random_ones(ctd):
    same, lost = without_missing_weights(ctd)
    assert same.to_dict() == ctd.to_dict() and lost == []
    ctd.model.teacher.checkpoint = 'nowhere.pth'
    ctd.model.backbone.init_cfg = dict(
        type='Pretrained', checkpoint='https://example.org/weights.pth'
    )
    cfg, lost = without_missing_weights(ctd)
    assert lost == ['model.teacher.checkpoint', 'model.backbone.init_cfg']
    model = MODELS.build(cfg.model)
    model.init_weights()
    assert {'loss_ed', 'loss_cd'} <= set(losses_of(model))


def test_without_mmrazor_its_row_says_why(ctd, monkeypatch):
    monkeypatch.setitem(sys.modules, 'mmrazor', None)
    configs, missing = Comparison(ctd, without_regularizers(ctd)).configs()
    assert list(configs) == [name for name in SYSTEMS if name != 'mmrazor']
    assert 'mmrazor' in missing['mmrazor']
    # A stack that it does not know ends in an AssertionError.
    assert '\n' not in why_not_mmrazor(ctd)


def test_mmrazor_is_given_the_same_distance(ctd):
    ctd.model.regularizers.pop('cd')
    model = mmrazor_distiller(ctd).model
    (loss,) = model.distiller.distill_losses.values()
    # ||a/|a| - b/|b|||^2 = 2 (1 - cos), lambda = 10.
    assert loss == dict(type='mmrazor.L2Loss', loss_weight=5.0)
    assert model.architecture.backbone == ctd.model.backbone
    assert model.teacher.backbone == ctd.model.teacher.backbone
    assert model.architecture.type == 'mmpose.TopdownPoseEstimator'


def test_what_cannot_be_translated_to_mmrazor_is_not(ctd):
    with pytest.raises(ValueError, match='EncoderDistillLoss'):
        mmrazor_distiller(ctd)


def test_a_pair_is_one_with_and_one_without_regularisers(ctd):
    ft = without_regularizers(ctd)
    assert 'loss_ed' not in losses_of(MODELS.build(ft.model))
    with pytest.raises(InputError, match='sets no model.regularizers'):
        Comparison(ft, ft)
    with pytest.raises(InputError, match=r"\['ed', 'cd'\]"):
        Comparison(ctd, ctd)


def test_ratios_are_of_medians():
    below = ('ft', 'mmpose_ft')
    seconds = dict(ctd=[3.0, 1.0, 9.0], ft=[2.0, 2.0, 8.0], naive=[4.0])
    assert ratios_of(seconds, below) == dict(ctd_over_ft=1.5, naive_over_ft=2)
    sizes = dict(ctd=[6], ft=[4], mmpose_ft=[3])
    assert ratios_of(sizes, below, 'memory_') == {
        'memory_ctd_over_ft': 1.5,
        'memory_mmpose_ft_over_ft': 0.75,
        'memory_ctd_over_mmpose_ft': 2.0,
        'memory_ft_over_mmpose_ft': 4 / 3,
    }
