"""Stops a training whose loss or weights are not finite."""

import torch
from mmengine.dataset import InfiniteSampler
from mmengine.device import get_device
from mmengine.dist import all_reduce, is_distributed
from mmengine.hooks import CheckpointHook, Hook
from mmpose.registry import HOOKS
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from mmpose_ctd.config_values import unwrapped
from mmpose_ctd.errors import InputError

# They may overflow without any effect on the loss.
_STATISTICS = ('running_mean', 'running_var')


def saves_after_step(runner) -> bool:
    """Whether a checkpoint follows this step; call in ``after_train_iter``.

    All processes get the same answer.
    """
    return any(
        hook.every_n_train_iters(runner, hook.interval, hook.save_begin)
        or (hook.save_last and hook.is_last_train_iter(runner))
        for hook in runner.hooks
        if isinstance(hook, CheckpointHook) and not hook.by_epoch
    )


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stops a training whose loss is NaN or infinite, in all processes.

    On a CPU it stops at that step; on a GPU, which each check would stall,
    after ``interval`` steps at most. Losses, weights and running statistics
    are checked before each validation and checkpoint, so NaN is never saved.

    Before the first step it refuses a loader without any batch.

    Args:
        interval (int): Steps between two checks on a GPU. Defaults to 25.

    Raises:
        InputError: Names the step, the losses and the learning rate.
    """

    # Before checkpoints, logs and averages of weights.
    priority = 'ABOVE_NORMAL'

    def __init__(self, interval: int = 25) -> None:
        self.interval = interval
        # Losses of the steps since the last check, without their graphs.
        self._steps: list[tuple[int, dict[str, Tensor]]] = []
        self._every = 1

    def before_train(self, runner) -> None:
        """Refuse a loader without a batch."""
        refuse_no_batch(runner.train_dataloader)
        self._every = 1 if get_device() == 'cpu' else self.interval

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Check the losses at the interval."""
        losses = {
            name: torch.as_tensor(value).detach().float().mean()
            for name, value in (outputs or {}).items()
            if 'loss' in name
        }
        self._steps.append((runner.iter, losses))
        if saves_after_step(runner):
            self._check(runner)
        elif len(self._steps) >= self._every:
            self._check_losses(runner)

    def after_train_epoch(self, runner) -> None:
        """Check losses and weights before the checkpoint of the epoch."""
        self._check(runner)

    def before_val(self, runner) -> None:
        """Check losses and weights before the best checkpoint is chosen."""
        self._check(runner)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Refuse to save weights that are not finite."""
        found = _bad_weights(runner, checkpoint['state_dict'])
        if found:
            raise _not_finite(runner, *found)

    def _check(self, runner) -> None:
        self._check_losses(runner)
        state = unwrapped(runner.model).state_dict()
        _refuse(runner, _bad_weights(runner, state))

    def _check_losses(self, runner) -> None:
        steps, self._steps = self._steps, []
        values = [v for _, losses in steps for v in losses.values()]
        values = [v.to(values[0].device) for v in values]
        found = None
        # One look: each waits for the device.
        if values and not torch.stack(values).isfinite().all():
            step, losses = next(
                (step, losses)
                for step, losses in steps
                if not all(v.isfinite() for v in losses.values())
            )
            numbers = (f'{k}={float(v):.4g}' for k, v in losses.items())
            found = f'step {step + 1} of the training', ', '.join(numbers)
        _refuse(runner, found)


def refuse_no_batch(loader: DataLoader) -> None:
    """Refuse a training loader that gives no batch.

    Raises:
        InputError: In all processes, if one of them has none.
    """
    if isinstance(loader.dataset, IterableDataset):
        return
    images, batches = len(loader.dataset), loader.batch_sampler
    sampler = getattr(batches, 'sampler', loader.sampler)
    # It fills a batch from several rounds.
    endless = isinstance(sampler, InfiniteSampler)
    least = torch.tensor(images if endless else len(loader))
    all_reduce(least, op='min')
    if least <= 0:
        raise InputError(
            where='train_dataloader',
            found=f'no batch: {images} images, '
            f'batch_size={getattr(batches, "batch_size", loader.batch_size)}, '
            f'drop_last={getattr(batches, "drop_last", loader.drop_last)}',
            expected='at least one batch for each process',
            cure='Lower batch_size, set drop_last=False, or use more images.',
        )


def _bad_weights(runner, state: dict) -> tuple[str, str] | None:
    """Place and names of weights and statistics that are not finite."""
    # Other buffers, such as masks, may hold infinities on purpose.
    weights = {name for name, _ in unwrapped(runner.model).named_parameters()}
    checked = {
        name: value.isfinite().all()
        for name, value in state.items()
        if (name in weights or name.endswith(_STATISTICS))
        and value.is_floating_point()
    }
    flags = torch.stack([*checked.values()]).tolist() if checked else []
    bad = [name for name, good in zip(checked, flags) if not good]
    if not bad:
        return None
    more = f' and {len(bad) - 1} more' if bad[1:] else ''
    return 'the trained weights', f'NaN or infinite numbers in {bad[0]}{more}'


def _refuse(runner, found: tuple[str, str] | None) -> None:
    """Stop all processes if one of them has found something."""
    if is_distributed():
        flag = torch.tensor(int(found is not None))
        all_reduce(flag, op='max')
        if flag and found is None:
            found = 'another process', 'a loss or weights that are not finite'
    if found:
        raise _not_finite(runner, *found)


def _not_finite(runner, where: str, found: str) -> InputError:
    wrapper = runner.optim_wrapper
    rates = [rate for one in wrapper.get_lr().values() for rate in one]
    cure = (
        'The training stops and does not save these. Lower '
        'optim_wrapper.optimizer.lr, or limit the gradients: '
        'optim_wrapper.clip_grad.max_norm=1.'
    )
    # Ours has a dtype, mmengine's AmpOptimWrapper a scaler.
    if getattr(wrapper, 'dtype', 'float32') == 'bfloat16':
        cure += ' Or compute in float32: optim_wrapper.dtype=float32.'
    elif hasattr(wrapper, 'loss_scaler'):
        cure += ' Or compute in float32: optim_wrapper.type=OptimWrapper.'
    return InputError(
        where=where,
        found=f'{found}; learning rate {max(rates):.4g}',
        expected='finite numbers',
        cure=cure,
    )
