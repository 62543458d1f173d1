"""The estimator in mmengine's real Runner."""

import copy

import torch
from mmengine.runner import Runner
from toy_models import CD, ED, batch, build, model_config, runner_config

from mmpose_ctd.models import SourceOutputs
from mmpose_ctd.models.losses import EncoderDistillLoss

EMA = dict(type='EMAHook', momentum=0.1)


def train(work_dir, model, **changes):
    runner = Runner.from_cfg(runner_config(work_dir, model, **changes))
    runner.train()
    return runner


def test_two_epochs_with_ema_move_no_teacher_tensor(checkpoint, tmp_path):
    model = model_config(checkpoint, regularizers=ED | CD)
    # With its BatchNorms, whose statistics could move.
    model['teacher']['fold_batch_norms'] = False
    runner = Runner.from_cfg(
        runner_config(tmp_path, model, custom_hooks=[EMA])
    )
    start = {}
    init = runner.model.init_weights

    def init_and_look():
        init()
        start.update(copy.deepcopy(runner.model.teacher.state_dict()))

    runner.model.init_weights = init_and_look
    runner.train()
    teacher = runner.model.teacher
    assert start
    after = teacher.state_dict()
    assert all(torch.equal(start[k], after[k]) for k in start)
    assert not any(m.training for m in teacher.modules())
    # The student did move, statistics too: the test can fail.
    moved = runner.model.backbone.state_dict()
    for key in ('stages.0.0.weight', 'stages.0.1.running_mean'):
        assert not torch.equal(moved[key], start[f'backbone.{key}'])

    # mmengine's own checkpoint, written a moment ago.
    content = torch.load(tmp_path / 'epoch_2.pth', weights_only=False)
    averaged = content['ema_state_dict']
    assert not any('teacher' in key for key in averaged)
    assert len(averaged) == len(content['state_dict']) + 1  # steps
    assert not any('teacher' in key for key in str(content['optimizer']))


def test_the_regulariser_keeps_the_encoder_nearer(checkpoint, tmp_path):
    """What the method promises, on the smallest scale."""
    source = build(checkpoint, regularizers=ED).teacher
    distance = EncoderDistillLoss()
    apart = []
    for name, terms in (('ft', {}), ('ed', ED)):
        model = model_config(checkpoint, regularizers=terms)
        model = train(tmp_path / name, model, epochs=10).model.train()
        images = model.data_preprocessor(batch(), True)['inputs']
        ours = SourceOutputs(model.backbone(images))
        apart.append(distance(ours, source(images, False)).item())
    assert apart[1] < 0.5 * apart[0]


def test_bfloat16_with_gradient_accumulation(checkpoint, tmp_path):
    runner = train(
        tmp_path,
        model_config(checkpoint, regularizers=ED | CD, channels_last=True),
        optim_wrapper=dict(
            type='AutocastOptimWrapper',
            dtype='bfloat16',
            accumulative_counts=2,
            optimizer=dict(type='Adam', lr=1e-2),
        ),
    )
    steps = [
        int(s['step']) for s in runner.optim_wrapper.optimizer.state.values()
    ]
    assert set(steps) == {2}
