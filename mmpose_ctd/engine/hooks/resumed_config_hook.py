"""Lets the config hold for a run that resumes."""

from collections.abc import Iterator

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop
from mmpose.registry import HOOKS

from mmpose_ctd.engine.resumed_config import check_same_model, config_changes
from mmpose_ctd.engine.resumed_schedule import (
    fresh_state,
    restore_constants,
    schedule_changes,
    step_to,
)
from mmpose_ctd.errors import InputError

__all__ = ['ResumedConfigHook']


@HOOKS.register_module()
class ResumedConfigHook(Hook):
    """Gives a run that resumes the schedule of its config.

    mmengine takes the schedulers' settings from the checkpoint: a training
    that is made longer goes on with a learning rate of 0. Here the learning
    rate at step i is that of an uninterrupted training with this config at
    step i, and so are the optimiser's other settings, such as its weight
    decay. What the config changes is logged.
    """

    def before_run(self, runner) -> None:
        """Note the config's settings, before a checkpoint replaces them."""
        self._saved = None
        self._fresh = [
            (fresh_state(wrapper), fresh_state(schedulers))
            for wrapper, schedulers in _optimizers(runner)
        ]

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Called with a checkpoint before the model loads it.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): What was read.

        Raises:
            InputError: If a run resumes what another model was saved in.
        """
        if not runner._resume:
            return
        check_same_model(runner, checkpoint, str(runner._load_from))
        self._saved = checkpoint.get('param_schedulers') or []
        changes = config_changes(runner.cfg, checkpoint)
        if changes:
            runner.logger.warning(
                'The config differs from the one of the checkpoint; the '
                f'config holds. {"; ".join(changes)}.'
            )

    def before_train(self, runner) -> None:
        """Put the schedule where the config has it.

        Raises:
            InputError: If no step that is left would change a weight.
        """
        if runner.iter and self._saved is not None:
            for number, one in enumerate(_optimizers(runner)):
                self._adopt(runner, number, *one)
        left = runner.max_iters - runner.iter
        if left <= 0:
            runner.logger.info(
                f'The training is finished: all {runner.max_iters} steps are '
                'done. To go on, raise train_cfg and the end of '
                'param_scheduler.'
            )
            return
        for wrapper, schedulers in _optimizers(runner):
            _check_end(runner, wrapper, schedulers)

    def _adopt(self, runner, number: int, wrapper, schedulers: list) -> None:
        groups, states = self._fresh[number]
        saved = self._saved
        if isinstance(saved, dict):
            saved = [*saved.values()][number] if number < len(saved) else []
        by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
        epochs = runner.epoch if by_epoch else 0
        changes = schedule_changes(schedulers, states, saved)
        behind = any(
            s._global_step != (epochs if s.by_epoch else runner.iter)
            for s in schedulers
            if not getattr(s, 'need_val_args', False)
        )
        before = [group.get('lr') for group in wrapper.param_groups]
        if changes or behind:
            step_to(
                schedulers,
                states,
                wrapper.param_groups,
                groups,
                runner.iter,
                epochs,
            )
        scheduled = {s.param_name for s in schedulers}
        changes += restore_constants(wrapper.param_groups, groups, scheduled)
        if changes:
            after = [group.get('lr') for group in wrapper.param_groups]
            runner.logger.warning(
                f'Schedule: {"; ".join(changes)}. At step {runner.iter} the '
                f'learning rate is {after[0]:g}, as the config has it there '
                f'(checkpoint: {before[0]:g}).'
            )


def _optimizers(runner) -> Iterator[tuple]:
    """Each optimiser of a run with its schedulers."""
    wrapper, schedulers = runner.optim_wrapper, runner.param_schedulers or []
    if isinstance(wrapper, dict) or not hasattr(wrapper, 'param_groups'):
        return
    if hasattr(wrapper, 'values'):
        for name, one in wrapper.items():
            own = schedulers
            if isinstance(schedulers, dict):
                own = schedulers.get(name, [])
            yield one, own
        return
    yield wrapper, schedulers


def _check_end(runner, wrapper, schedulers: list) -> None:
    """See that the schedule does not end at 0 before the training does."""
    total = {True: runner.max_epochs, False: runner.max_iters}
    done = {True: runner.epoch, False: runner.iter}
    rates = [s for s in schedulers if s.param_name == 'lr']
    early = [
        s
        for s in rates
        if s.end < total[s.by_epoch] and getattr(s, 'eta_min', None) == 0
    ]
    if not early:
        return
    text = (
        f'{type(early[-1]).__name__} ends with a learning rate of 0 at '
        f'{early[-1].end} of {total[early[-1].by_epoch]} '
        f'{"epochs" if early[-1].by_epoch else "steps"}'
    )
    cure = "Set param_scheduler's end to the length of the training."
    over = all(s.end <= done[s.by_epoch] for s in rates)
    if over and all(group['lr'] == 0 for group in wrapper.param_groups):
        raise InputError(
            where='param_scheduler',
            found=f'{text}, so that no step would change the model',
            cure=cure,
        )
    runner.logger.warning(f'param_scheduler: {text}. {cure}')
