"""Frozen parts: what they cost, what moves, what the patterns mean."""

import time

import pytest
import torch
from mmengine.runner import Runner
from torch import nn
from toy_models import (
    ED,
    batch,
    build,
    model_config,
    runner_config,
    teacher_file,
)

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.pose_estimators import ctd_topdown
from mmpose_ctd.models.pose_estimators.freezing import freeze


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    return teacher_file(tmp_path_factory.mktemp('source') / 'teacher.pth')


def trained(work_dir, checkpoint, **changes):
    """State before and after two epochs of the real Runner."""
    config = runner_config(work_dir, model_config(checkpoint, **changes))
    runner = Runner.from_cfg(config)
    before = {}
    init = runner.model.init_weights

    def init_and_look():
        init()
        state = runner.model.state_dict()
        before.update({k: v.clone() for k, v in state.items()})

    runner.model.init_weights = init_and_look
    runner.train()
    return before, runner.model.state_dict()


def moved(before, after):
    return {k for k in after if not torch.equal(before[k], after[k])}


def test_feature_extraction_moves_nothing_of_the_encoder(checkpoint, tmp_path):
    before, after = trained(tmp_path, checkpoint, frozen=['backbone'])
    # Statistics of BatchNorm too.
    assert 'backbone.stages.0.1.running_mean' in after
    assert moved(before, after) == {
        'head.final_layer.weight',
        'head.final_layer.bias',
    }


def test_fine_tuning_parts_moves_its_layer_alone(checkpoint, tmp_path):
    before, after = trained(
        tmp_path,
        checkpoint,
        frozen=['backbone'],
        trainable=['backbone.stages.1.0'],
    )
    assert moved(before, after) == {
        'backbone.stages.1.0.weight',
        'head.final_layer.weight',
        'head.final_layer.bias',
    }


def test_plain_fine_tuning_moves_everything(checkpoint, tmp_path):
    before, after = trained(tmp_path, checkpoint)
    assert moved(before, after) == set(after)


def test_no_gradient_is_computed_for_what_is_frozen(checkpoint):
    model = build(checkpoint, frozen=['backbone']).train()
    data = model.data_preprocessor(batch(), True)
    assert not any(f.requires_grad for f in model.backbone(data['inputs']))
    sum(model(**data, mode='loss').values()).backward()
    with_gradient = {
        n for n, p in model.named_parameters() if p.grad is not None
    }
    assert with_gradient == {
        'head.final_layer.weight',
        'head.final_layer.bias',
    }


@pytest.mark.slow
def test_a_frozen_encoder_makes_a_step_cheaper():
    seconds = {'whole': [], 'frozen': []}
    models = {}
    for name, frozen in (('whole', ()), ('frozen', ['backbone'])):
        backbone = dict(type='ToyEncoder', channels=(32, 64))
        head = model_config()['head'] | dict(in_channels=64)
        models[name] = build(
            None,
            teacher=None,
            backbone=backbone,
            head=head,
            frozen=frozen,
        ).train()
    data = batch(16)
    for _ in range(7):
        for name, model in models.items():
            start = time.perf_counter()
            inputs = model.data_preprocessor(data, True)
            sum(model(**inputs, mode='loss').values()).backward()
            seconds[name].append(time.perf_counter() - start)
    whole, frozen = (sorted(s)[3] for s in seconds.values())
    assert frozen < 0.8 * whole


def test_frozen_modules_stay_in_inference_mode(checkpoint):
    model = build(
        checkpoint, frozen=['backbone'], trainable=['backbone.stages.1.0']
    )
    for _ in range(2):
        assert model.train() is model
        stages = model.backbone.stages
        assert not any(m.training for m in stages[0].modules())
        assert not stages[1][1].training
        assert stages[1][0].training and model.head.training


def test_a_regulariser_of_a_frozen_encoder_is_told_to_be_idle(
    checkpoint, monkeypatch
):
    said = []
    monkeypatch.setattr(
        ctd_topdown, 'print_log', lambda message, *_: said.append(message)
    )
    build(checkpoint, regularizers=ED)
    assert not any('cannot change' in message for message in said)
    build(checkpoint, frozen=['backbone'], regularizers=ED)
    assert any("['ed'] cannot change" in message for message in said)


def test_a_frozen_encoder_may_still_be_regularised(checkpoint):
    model = build(checkpoint, frozen=['backbone'], regularizers=ED).train()
    losses = model(**model.data_preprocessor(batch(), True), mode='loss')
    # Equal networks in equal modes: nothing to pull at.
    assert float(losses['loss_ed']) == pytest.approx(0, abs=1e-5)


def test_ddp_finds_no_unused_parameter(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '0')
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/group', rank=0, world_size=1
    )
    try:
        config = runner_config(
            tmp_path / 'run',
            model_config(checkpoint, frozen=['backbone']),
            launcher='pytorch',
            model_wrapper_cfg=dict(
                type='MMDistributedDataParallel',
                device_ids=None,
                find_unused_parameters=False,
            ),
        )
        runner = Runner.from_cfg(config)
        runner.train()
        assert runner.iter == 4
    finally:
        torch.distributed.destroy_process_group()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))
        self.ab = nn.Linear(1, 1)
        self.plain = nn.BatchNorm2d(1, affine=False)


def names(net):
    return {n for n, p in net.named_parameters() if not p.requires_grad}


@pytest.mark.parametrize(
    ('frozen', 'trainable', 'kept'),
    [
        ([], [], set()),
        (['a'], [], {'a.0.weight', 'a.0.bias', 'a.1.weight', 'a.1.bias'}),
        (['a.*'], ['*.bias'], {'a.0.weight', 'a.1.weight'}),
        (['*.weight'], [], {'a.0.weight', 'a.1.weight', 'ab.weight'}),
        (['a.0', 'ab'], ['ab.bias'], {'a.0.weight', 'a.0.bias', 'ab.weight'}),
    ],
)
def test_patterns_name_modules_or_parameters(frozen, trainable, kept):
    net = Net()
    freeze(net, frozen, trainable)
    assert names(net) == kept


def test_only_modules_frozen_whole_are_given_back():
    net = Net()
    assert freeze(net, ['a'], ['a.0.bias']) == [net.a[1]]
    net = Net()
    assert freeze(net, ['a', 'plain']) == [net.a, net.plain]


@pytest.mark.parametrize(
    ('frozen', 'trainable', 'words'),
    [
        (['backbon'], [], ['model.frozen', "'backbon'", 'a, ab']),
        (['a'], ['b'], ['model.trainable', "'b'"]),
        ('a', [], ["model.frozen='a'", 'list']),
        ([3], [], ['model.frozen=[3]', 'list']),
        (['*'], [], ['whole model']),
        ([], ['a'], ["model.trainable=['a']", 'model.frozen', 'not set']),
    ],
)
def test_a_wrong_pattern_is_named(frozen, trainable, words):
    with pytest.raises(InputError) as error:
        freeze(Net(), frozen, trainable)
    assert all(word in str(error.value) for word in words)
