"""After which training steps a checkpoint is written."""

from mmengine.hooks import CheckpointHook

__all__ = ['saves_after_step']


def saves_after_step(runner) -> bool:
    """Whether a checkpoint follows this step, in all processes alike.

    Args:
        runner (Runner): The runner, in ``after_train_iter``.
    """
    return any(
        hook.every_n_train_iters(runner, hook.interval, hook.save_begin)
        or (hook.save_last and hook.is_last_train_iter(runner))
        for hook in runner.hooks
        if isinstance(hook, CheckpointHook) and not hook.by_epoch
    )
