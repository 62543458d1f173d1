"""The estimator in mmengine's real Runner."""

import copy

import pytest
import torch
from mmengine.runner import Runner
from mmpose.registry import MODELS
from toy_models import (
    CD,
    ED,
    batch,
    build,
    model_config,
    runner_config,
    teacher_file,
)

from mmpose_ctd.models import SourceOutputs
from mmpose_ctd.models.losses import EncoderDistillLoss

EMA = dict(type='EMAHook', momentum=0.1)


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    return teacher_file(tmp_path_factory.mktemp('source') / 'teacher.pth')


def train(work_dir, model, **changes):
    runner = Runner.from_cfg(runner_config(work_dir, model, **changes))
    runner.train()
    return runner


def saved(work_dir, name='epoch_2.pth'):
    # mmengine's own checkpoint, written a moment ago by this test.
    return torch.load(work_dir / name, weights_only=False)


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

    vanilla = MODELS.build(
        {
            k: v
            for k, v in model_config().items()
            if k not in ('teacher', 'type')
        }
        | dict(type='TopdownPoseEstimator')
    )
    content = saved(tmp_path)
    assert list(content['state_dict']) == list(vanilla.state_dict())
    vanilla.load_state_dict(content['state_dict'], strict=True)
    averaged = content['ema_state_dict']
    assert not any('teacher' in key for key in averaged)
    assert len(averaged) == len(content['state_dict']) + 1  # steps
    assert not any('teacher' in key for key in str(content['optimizer']))


def test_the_same_seed_gives_the_same_run(checkpoint, tmp_path):
    model = model_config(checkpoint, regularizers=ED)
    states = [
        train(tmp_path / name, copy.deepcopy(model)).model.state_dict()
        for name in ('one', 'two')
    ]
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])


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


@pytest.mark.parametrize('accumulate', [1, 2])
def test_bfloat16_with_gradient_accumulation(checkpoint, tmp_path, accumulate):
    runner = train(
        tmp_path,
        model_config(checkpoint, regularizers=ED | CD, channels_last=True),
        optim_wrapper=dict(
            type='AutocastOptimWrapper',
            dtype='bfloat16',
            accumulative_counts=accumulate,
            optimizer=dict(type='Adam', lr=1e-2),
        ),
    )
    steps = [
        int(s['step']) for s in runner.optim_wrapper.optimizer.state.values()
    ]
    assert set(steps) == {4 // accumulate}


def test_a_resumed_run_has_its_teacher_back(checkpoint, tmp_path):
    model = model_config(checkpoint, regularizers=ED)
    train(tmp_path, copy.deepcopy(model), epochs=1)
    whole = train(tmp_path / 'whole', copy.deepcopy(model), epochs=2)
    resumed = train(tmp_path, copy.deepcopy(model), epochs=2, resume=True)
    assert resumed.model.teacher is not None
    assert resumed.iter == whole.iter == 4
    a, b = whole.model.state_dict(), resumed.model.state_dict()
    assert all(torch.allclose(a[k], b[k], atol=1e-6) for k in a)


def test_testing_needs_no_teacher_file(checkpoint, tmp_path):
    model = model_config(checkpoint, regularizers=ED)
    trained = train(tmp_path, copy.deepcopy(model))
    model['teacher']['checkpoint'] = str(tmp_path / 'gone.pth')
    config = runner_config(
        tmp_path / 'test', model, load_from=str(tmp_path / 'epoch_2.pth')
    )
    runner = Runner.from_cfg(config)
    metrics = runner.test()
    assert runner.model.teacher is None
    assert metrics['landmark/ME'] == pytest.approx(
        trained.message_hub.get_scalar('val/landmark/ME').current(), rel=1e-4
    )


def test_ddp_sees_no_teacher(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '0')
    # mmengine's own way of starting a group needs a GPU; it takes one that
    # is there.
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/group', rank=0, world_size=1
    )
    try:
        runner = train(
            tmp_path,
            model_config(checkpoint, regularizers=ED | CD),
            launcher='pytorch',
            # By default mmengine names a GPU.
            model_wrapper_cfg=dict(
                type='MMDistributedDataParallel', device_ids=None
            ),
        )
        wrapped = runner.model
        assert type(wrapped).__name__ == 'MMDistributedDataParallel'
        assert wrapped.module.teacher is not None
        assert not any('teacher' in n for n, _ in wrapped.named_parameters())
        assert not any('teacher' in n for n, _ in wrapped.named_buffers())
    finally:
        torch.distributed.destroy_process_group()
