"""A training whose loss or weights are NaN or infinite stops."""

import math

import pytest
import torch
from mmengine.registry import init_default_scope
from refusals import refused
from toy_runner import Numbers, Slope, numbers_loader, toy_runner
from two_processes import in_two_processes

from mmpose_ctd.engine.hooks import finite_loss_hook
from mmpose_ctd.errors import InputError

HOOK = dict(type='FiniteLossHook')
#: Step with the first bad loss, counted from 1.
BAD = 5


class Spoilt(Slope):
    """Its loss is ``value`` from step BAD on, or its weights are."""

    def __init__(self, value=0.0, weight=0.0, statistic=0.0):
        super().__init__()
        self.value, self.weight, self.statistic = value, weight, statistic
        self.register_buffer('running_var', torch.ones(1))
        self.register_buffer('mask', torch.tensor([-math.inf]))
        self.steps = 0

    def forward(self, inputs, mode='tensor'):
        found = super().forward(inputs, mode)
        if mode == 'loss':
            self.steps += 1
            if self.steps >= BAD:
                found['loss_extra'] = found['loss'] * 0 + self.value
                self.slope.data += self.weight
                self.running_var += self.statistic
        return found


def steps_until_refused(work_dir, model, iters=60, every=1000, **options):
    """Trains; the error, and after how many steps."""
    runner = toy_runner(
        work_dir,
        iters,
        model=model,
        custom_hooks=[HOOK],
        default_hooks=dict(
            checkpoint=dict(
                type='CheckpointHook', by_epoch=False, interval=every
            )
        ),
        **options,
    )
    with pytest.raises(InputError) as caught:
        runner.train()
    return caught.value, model.steps


@pytest.mark.parametrize('value', [math.nan, -math.inf])
def test_a_cpu_stops_at_that_step(value, tmp_path):
    error, steps = steps_until_refused(tmp_path, Spoilt(value), every=1)
    assert steps == BAD
    assert f'step {BAD} ' in error.where
    assert f'loss_extra={value}' in error.found and '0.1' in error.found
    assert 'optim_wrapper.optimizer.lr' in error.cure
    saved = {path.name for path in tmp_path.glob('*.pth')}
    assert saved == {f'iter_{i}.pth' for i in range(1, BAD)}


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    """Looks are as rare as there."""
    monkeypatch.setattr(finite_loss_hook, 'get_device', lambda: 'cuda')


def test_a_gpu_stops_25_steps_later_at_most(as_on_a_gpu, tmp_path):
    error, steps = steps_until_refused(tmp_path, Spoilt(math.nan))
    assert BAD <= steps <= BAD + 25
    # It names the first bad step, not that of the look.
    assert f'step {BAD} ' in error.where


@pytest.mark.parametrize(
    'spoilt', [dict(value=math.nan), dict(weight=math.nan)]
)
def test_a_gpu_looks_before_each_checkpoint(as_on_a_gpu, spoilt, tmp_path):
    _, steps = steps_until_refused(tmp_path, Spoilt(**spoilt), every=3)
    assert steps == 6
    assert [p.name for p in tmp_path.glob('*.pth')] == ['iter_3.pth']


def test_a_gpu_looks_before_the_best_is_chosen(as_on_a_gpu, tmp_path):
    _, steps = steps_until_refused(
        tmp_path,
        Spoilt(math.nan),
        train_cfg=dict(by_epoch=False, max_iters=60, val_interval=7),
        val_dataloader=numbers_loader(2),
        val_cfg=dict(),
        val_evaluator=[],
    )
    assert steps == 7


@pytest.mark.parametrize('part', ['weight', 'statistic'])
@pytest.mark.parametrize('by_epoch', [True, False])
def test_bad_weights_are_not_saved_whatever_the_loss(part, by_epoch, tmp_path):
    # The last step's loss is finite, what it leaves is not.
    model = Spoilt(**{part: math.inf})
    runner = toy_runner(
        tmp_path,
        1 if by_epoch else BAD,
        by_epoch=by_epoch,
        model=model,
        custom_hooks=[HOOK],
        train_dataloader=numbers_loader(BAD),
    )
    with pytest.raises(InputError) as caught:
        runner.train()
    name = dict(weight='slope', statistic='running_var')[part]
    assert name in caught.value.found
    assert not list(tmp_path.glob('*.pth'))


def test_a_sound_training_is_not_stopped(tmp_path):
    # Its mask holds -inf on purpose.
    runner = toy_runner(tmp_path, 60, model=Spoilt(), custom_hooks=[HOOK])
    runner.train()
    assert runner.iter == 60 and list(tmp_path.glob('*.pth'))


@pytest.mark.parametrize(
    ('sampler', 'images', 'by_epoch'),
    [
        ('DefaultSampler', 3, True),
        ('InfiniteSampler', 0, False),
    ],
)
def test_a_loader_without_a_batch_is_refused(
    sampler, images, by_epoch, tmp_path
):
    loader = dict(
        dataset=Numbers(images),
        sampler=dict(type=sampler, shuffle=False),
        batch_size=4,
        drop_last=True,
    )
    runner = toy_runner(
        tmp_path,
        by_epoch=by_epoch,
        custom_hooks=[HOOK],
        train_dataloader=loader,
    )
    with refused('train_dataloader', found=f'{images} images, batch_size=4'):
        runner.train()


def spoilt_in_one(rank, folder, gpu):
    """The step at which each process stops."""
    init_default_scope('mmpose')
    if gpu:
        finite_loss_hook.get_device = lambda: 'cuda'
    model = Spoilt(math.nan if rank else 0.0)
    error, steps = steps_until_refused(
        f'{folder}/{rank}',
        model,
        launcher='pytorch',
        cfg=dict(
            model_wrapper_cfg=dict(device_ids=None, broadcast_buffers=False)
        ),
    )
    return steps, error.where


@pytest.mark.parametrize('gpu', [False, True])
def test_all_processes_stop_together(gpu, tmp_path):
    found = in_two_processes(spoilt_in_one, (str(tmp_path), gpu))
    (first, place), (second, other) = found
    assert first == second
    assert first == (25 if gpu else BAD)
    # The neighbour says that it was not its own.
    assert place == 'another process' and f'step {BAD} ' in other
