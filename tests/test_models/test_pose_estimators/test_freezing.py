"""Frozen parts: what they cost, what moves, what the patterns mean."""

import pytest
import torch
from mmengine.runner import Runner
from refusals import refused
from torch import nn
from toy_models import (
    ED,
    batch,
    build,
    model_config,
    runner_config,
)

from mmpose_ctd.models.pose_estimators import ctd_topdown
from mmpose_ctd.models.pose_estimators.freezing import freeze


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


@pytest.mark.parametrize(
    ('frozen', 'trainable', 'key', 'found'),
    [
        (['backbon'], [], 'frozen', "'backbon'"),
        (['a'], ['b'], 'trainable', "'b'"),
        ('a', [], 'frozen', "'a'"),
        ([3], [], 'frozen', '[3]'),
        (['*'], [], 'frozen', 'whole model'),
        ([], ['a'], 'trainable', "['a']"),
    ],
)
def test_a_wrong_pattern_is_named(frozen, trainable, key, found):
    with refused(f'model.{key}', found=found):
        freeze(Net(), frozen, trainable)
