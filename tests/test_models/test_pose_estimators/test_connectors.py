"""Student and teacher of different architecture."""

import copy

import pytest
import torch
from mmengine.runner import Runner
from mmpose.registry import MODELS
from refusals import refused
from toy_models import batch, model_config, runner_config

WIDE = 12
CONNECTOR = dict(in_channels=WIDE, out_channels=8)


def ed(connector=CONNECTOR, **arguments):
    return dict(
        type='EncoderDistillLoss',
        loss_weight=10.0,
        connector=connector,
        **arguments,
    )


def cd(connector=CONNECTOR):
    return dict(type='ClassifierDistillLoss', connector=connector)


def wide(checkpoint, terms, **changes):
    """A student of 12 channels beside a teacher of 8."""
    return model_config(
        checkpoint,
        backbone=dict(type='ToyEncoder', channels=(6, WIDE)),
        head=model_config()['head'] | dict(in_channels=WIDE),
        init_from_teacher=False,
        regularizers=terms,
        **changes,
    )


def made(config):
    model = MODELS.build(config)
    model.init_weights()
    return model


def losses_of(model, data=None):
    inputs = model.data_preprocessor(copy.deepcopy(data or batch()), True)
    return model(**inputs, mode='loss')


def test_cd_classifies_the_connected_map(checkpoint):
    model = made(wide(checkpoint, dict(cd=cd()))).eval()
    losses = losses_of(model)
    inputs = model.data_preprocessor(batch(), True)['inputs']
    connected = model.regularizers['cd'].connector(model.backbone(inputs)[-1])
    p = torch.softmax(model.teacher.head((connected,)), 1)
    q = torch.softmax(model.teacher(inputs, True).final, 1)
    wanted = (p - q).square().sum(1).mean().item()
    assert losses['loss_cd'].item() == pytest.approx(wanted, rel=1e-4)


def test_the_state_dict_does_not_know_connectors(checkpoint):
    config = wide(checkpoint, dict(ed=ed(), cd=cd()))
    model = made(copy.deepcopy(config))
    assert any('connector' in name for name, _ in model.named_parameters())
    ours = ('teacher', 'regularizers', 'init_from_teacher')
    vanilla = MODELS.build(
        {k: v for k, v in config.items() if k not in ours}
        | dict(type='TopdownPoseEstimator')
    )
    assert list(model.state_dict()) == list(vanilla.state_dict())
    assert model.state_dict()._metadata == vanilla.state_dict()._metadata
    vanilla.load_state_dict(model.state_dict(), strict=True)
    # And back: a model with connectors loads what has none.
    model.load_state_dict(vanilla.state_dict(), strict=True)


def test_an_idle_connector_still_takes_part_in_the_backward(checkpoint):
    terms = dict(ed=ed() | dict(loss_weight=0.0))
    model = made(wide(checkpoint, terms))
    assert model.teacher is None
    losses = losses_of(model)
    assert float(losses['loss_ed']) == 0
    sum(losses.values()).backward()
    gradients = [p.grad for p in model.regularizers.parameters()]
    assert all(g is not None and not g.any() for g in gradients)


def runner(work_dir, config, epochs, **changes):
    return Runner.from_cfg(
        runner_config(
            work_dir,
            copy.deepcopy(config),
            epochs=epochs,
            custom_hooks=[
                dict(type='EMAHook', momentum=0.1),
                dict(type='RegularizerStateHook'),
            ],
            **changes,
        )
    )


def test_resuming_with_another_connector_is_refused(checkpoint, tmp_path):
    backbones = wide(checkpoint, dict(ed=ed()))
    runner(tmp_path, backbones, 1).train()
    other = wide(checkpoint, dict(ed=ed(), cd=cd()))
    again = runner(tmp_path, other, 2, resume=True)
    with refused('resume', found='missing: cd.connector'):
        again.train()
    again = runner(tmp_path, wide(checkpoint, {}), 2, resume=True)
    with refused(found='left over: ed.connector'):
        again.train()


@pytest.mark.parametrize(
    ('term', 'cure'),
    [
        (ed(None), 'dict(in_channels=12, out_channels=8)'),
        (cd(None), 'dict(in_channels=12, out_channels=8)'),
        (ed(dict(in_channels=5, out_channels=8)), 'in_channels=12'),
        (ed(dict(in_channels=WIDE, out_channels=7)), 'out_channels=8'),
        (
            ed(dict(in_channels=6, out_channels=8), stage=0, teacher_stage=1),
            'resample=True',
        ),
    ],
)
def test_a_gap_that_nothing_bridges_names_the_line_to_add(
    checkpoint, term, cure
):
    model = made(wide(checkpoint, dict(term=term)))
    with refused(cure=cure):
        losses_of(model)
