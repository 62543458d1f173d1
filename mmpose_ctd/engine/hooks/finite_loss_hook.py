"""Stops a training whose loss or weights are not finite."""

import math

import torch
from mmengine.dataset import InfiniteSampler
from mmengine.device import get_device
from mmengine.dist import all_reduce, is_distributed
from mmengine.hooks import Hook
from mmpose.registry import HOOKS
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from mmpose_ctd.engine.runner_facts import model_of, saves_after_step
from mmpose_ctd.errors import InputError

# They may overflow without any effect on the loss.
_STATISTICS = ('running_mean', 'running_var')


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
        self._steps: list[tuple[int, dict]] = []
        self._every = 1

    def before_train(self, runner) -> None:
        """Refuse a loader without a batch."""
        refuse_no_batch(runner.train_dataloader)
        self._every = 1 if get_device() == 'cpu' else self.interval

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Check the losses at the interval."""
        self._steps.append((runner.iter, _losses(outputs or {})))
        if saves_after_step(runner):
            self._look(runner)
        elif len(self._steps) >= self._every:
            self._look_at_losses(runner)

    def after_train_epoch(self, runner) -> None:
        """Check losses and weights before the checkpoint of the epoch."""
        self._look(runner)

    def before_val(self, runner) -> None:
        """Check losses and weights before the best checkpoint is chosen."""
        self._look(runner)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Refuse to save weights that are not finite."""
        _refuse(
            runner, _bad_weights(model_of(runner), checkpoint['state_dict'])
        )

    def _look(self, runner) -> None:
        self._look_at_losses(runner)
        model = model_of(runner)
        found = _bad_weights(model, model.state_dict())
        _refuse(runner, _of_all_processes(found))

    def _look_at_losses(self, runner) -> None:
        steps, self._steps = self._steps, []
        values = [v for _, losses in steps for v in losses.values()]
        found = None
        if not all(_finite(values)):
            found = next(
                (
                    f'step {step + 1} of the training',
                    ', '.join(
                        f'{k}={float(v):.4g}' for k, v in losses.items()
                    ),
                )
                for step, losses in steps
                if not all(_finite(list(losses.values())))
            )
        _refuse(runner, _of_all_processes(found))


def refuse_no_batch(loader: DataLoader) -> None:
    """Refuse a training loader that gives no batch.

    Args:
        loader (DataLoader): Of the training.

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


def _losses(outputs: dict) -> dict:
    """The entries of the loss, detached."""
    return {
        name: value.detach() if isinstance(value, Tensor) else value
        for name, value in outputs.items()
        if 'loss' in name
    }


def _finite(values: list) -> list[bool]:
    """Whether each is finite; waits for the device at most once."""
    tensors = [v.float().mean() for v in values if isinstance(v, Tensor)]
    numbers = [v for v in values if not isinstance(v, Tensor)]
    found = torch.stack(tensors).isfinite().tolist() if tensors else []
    return found + [math.isfinite(v) for v in numbers]


def _bad_weights(model: nn.Module, state: dict) -> tuple[str, str] | None:
    """Place and names of weights and statistics that are not finite."""
    # Other buffers, such as masks, may hold infinities on purpose.
    weights = {name for name, _ in model.named_parameters()}
    looked_at = {
        name: value.isfinite().all()
        for name, value in state.items()
        if (name in weights or name.endswith(_STATISTICS))
        and value.is_floating_point()
    }
    if not looked_at:
        return None
    flags = torch.stack(list(looked_at.values())).tolist()
    bad = [name for name, good in zip(looked_at, flags) if not good]
    if not bad:
        return None
    return 'the trained weights', f'NaN or infinite numbers in {bad[0]}' + (
        f' and {len(bad) - 1} more' if bad[1:] else ''
    )


def _of_all_processes(
    found: tuple[str, str] | None,
) -> tuple[str, str] | None:
    """The finding of this process, or a note that another one has one."""
    if not is_distributed():
        return found
    flag = torch.tensor(int(found is not None))
    all_reduce(flag, op='max')
    if flag and found is None:
        return 'another process', 'a loss or weights that are not finite'
    return found


def _refuse(runner, found: tuple[str, str] | None) -> None:
    if found is None:
        return
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
    raise InputError(
        where=found[0],
        found=f'{found[1]}; learning rate {max(rates):.4g}',
        expected='finite numbers',
        cure=cure,
    )
