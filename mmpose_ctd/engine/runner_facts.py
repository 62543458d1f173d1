"""Facts about a Runner that several hooks need."""

from mmengine.hooks import CheckpointHook
from torch import nn

from mmpose_ctd.config_values import unwrapped


def model_of(runner) -> nn.Module:
    """The runner's model without a wrapper such as DDP."""
    return unwrapped(runner.model)


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
