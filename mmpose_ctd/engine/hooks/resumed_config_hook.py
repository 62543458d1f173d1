"""Lets the config hold for a run that resumes."""

import copy
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop
from mmpose.registry import HOOKS

from mmpose_ctd.config_values import unwrapped
from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers.checkpoint import mismatches
from mmpose_ctd.privacy import redact
from mmpose_ctd.trained import trained_config

#: What decides the course of a training.
_KEYS = (
    'model',
    'train_dataloader',
    'train_cfg',
    'optim_wrapper',
    'param_scheduler',
    'auto_scale_lr',
    'randomness',
)
# Of a group: how its update is computed, not what. The state of the checkpoint
# may lie elsewhere.
_HOW = {'foreach', 'fused', 'capturable', 'differentiable'}
#: What changes in a scheduler's state while training, besides ``_*``.
_MOVING = {
    'last_step',
    'verbose',
    'best',
    'num_bad_epochs',
    'cooldown_counter',
}


@HOOKS.register_module()
class ResumedConfigHook(Hook):
    """Gives a run that resumes the schedule of its config.

    mmengine takes the schedulers' settings from the checkpoint: a training
    that is made longer goes on with a learning rate of 0. Here the learning
    rate at step i equals, bit by bit, that of an uninterrupted training with
    this config, and so do the optimiser's other settings, such as its weight
    decay. What the config changes is logged.
    """

    def before_run(self, runner) -> None:
        """Note the config's settings, before a checkpoint replaces them."""
        self._saved = None
        if isinstance(runner.optim_wrapper, OptimWrapper):
            self._groups = [
                {k: copy.copy(v) for k, v in group.items() if k != 'params'}
                for group in runner.optim_wrapper.param_groups
            ]
            self._states = [
                copy.deepcopy(scheduler.state_dict())
                for scheduler in runner.param_schedulers or []
            ]

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Compare a checkpoint that is resumed, before the model loads it.

        Raises:
            InputError: If another model or optimiser was saved in it.
        """
        if not runner._resume:
            return
        where = f'resume: {str(runner._load_from)!r}'
        _check_same_model(runner, checkpoint['state_dict'], where)
        _check_same_optimizer(runner, checkpoint, where)
        saved = checkpoint.get('param_schedulers')
        self._saved = saved if isinstance(saved, list) else []
        changes = _config_changes(runner.cfg, checkpoint)
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
        ours = isinstance(runner.optim_wrapper, OptimWrapper)
        if ours and runner.iter and self._saved is not None:
            self._adopt(runner)
        if runner.iter >= runner.max_iters:
            runner.logger.info(
                f'The training is finished: all {runner.max_iters} steps are '
                'done. To go on, raise train_cfg and the end of '
                'param_scheduler.'
            )
        elif ours:
            _check_end(runner)

    def _adopt(self, runner) -> None:
        groups = runner.optim_wrapper.param_groups
        schedulers = runner.param_schedulers or []
        by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
        epochs = runner.epoch if by_epoch else 0
        before = groups[0]['lr']
        changed = [*map(_settings, self._states)] != [
            *map(_settings, self._saved)
        ]
        if changed or any(
            s._global_step != (epochs if s.by_epoch else runner.iter)
            for s in schedulers
            if not _follows_a_metric(s)
        ):
            self._step_to(schedulers, groups, runner.iter, epochs)
        kept = {s.param_name for s in schedulers} | _HOW
        for group, wanted in zip(groups, self._groups):
            for key in (wanted.keys() & group.keys()) - kept:
                if group[key] != wanted[key]:
                    group[key] = wanted[key]
                    changed = True
        if changed:
            runner.logger.warning(
                f'At step {runner.iter} the learning rate is '
                f'{groups[0]["lr"]:g}, as the config has it there '
                f'(checkpoint: {before:g}).'
            )

    def _step_to(
        self, schedulers: list, groups: list[dict], steps: int, epochs: int
    ) -> None:
        """Step the schedulers from the beginning to a step of the training.

        Those that follow a metric cannot be stepped: they begin with the
        config's settings at the learning rate of that step.
        """
        for scheduler, state in zip(schedulers, self._states):
            optimizer = scheduler.optimizer
            scheduler.__dict__.clear()
            scheduler.__dict__.update(
                copy.deepcopy(state), optimizer=optimizer
            )
            for group, wanted in zip(groups, self._groups):
                name = scheduler.param_name
                group[name] = copy.copy(wanted[name])
        stepped = [s for s in schedulers if not _follows_a_metric(s)]
        length = steps // epochs if epochs else 0
        with warnings.catch_warnings():
            # Torch warns that the optimiser has not stepped.
            warnings.simplefilter('ignore', UserWarning)
            for step in range(1, steps + 1):
                for scheduler in stepped:
                    if not scheduler.by_epoch:
                        scheduler.step()
                if length and step % length == 0 and step // length <= epochs:
                    for scheduler in stepped:
                        if scheduler.by_epoch:
                            scheduler.step()


def _follows_a_metric(scheduler) -> bool:
    return getattr(scheduler, 'need_val_args', False)


def _settings(state: Mapping) -> dict:
    """A scheduler's state without what moves."""
    return {
        key: value
        for key, value in state.items()
        if key not in _MOVING and not key.startswith('_')
    }


def _config_changes(cfg: Config, checkpoint: Mapping) -> list[str]:
    """Settings that differ, such as ``'train_cfg.max_iters: 500 -> 800'``."""
    ours = {'meta': {'cfg': redact(cfg.pretty_text)}}
    found = []
    for key in _KEYS:
        old = trained_config(redact(dict(checkpoint)), key)
        if old is not None:
            found += _differences(old, trained_config(ours, key), key)
    return found


def _differences(old: Any, new: Any, key: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}, key=str):
            yield from _differences(
                old.get(name), new.get(name), f'{key}.{name}'
            )
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield f'{key}: {len(old)} -> {len(new)} entries'
            return
        for number, (one, other) in enumerate(zip(old, new)):
            yield from _differences(one, other, f'{key}.{number}')
    elif old != new:
        yield f'{key}: {old!r} -> {new!r}'


def _check_same_model(runner, theirs: Mapping, where: str) -> None:
    """Refuse another model: mmengine loads what fits, the rest is random."""
    found = mismatches(unwrapped(runner.model).state_dict(), theirs)
    if found:
        raise InputError(
            where=where,
            found=f'it was trained with another model: {found}',
            cure='Resume with the config that it was trained with.',
        )


def _check_same_optimizer(runner, checkpoint: Mapping, where: str) -> None:
    """Refuse the state of an optimiser of another type or other weights."""
    wrapper = runner.optim_wrapper
    saved = checkpoint.get('optimizer')
    if not isinstance(saved, Mapping) or not isinstance(wrapper, OptimWrapper):
        return
    config = trained_config(dict(checkpoint), 'optim_wrapper')
    for key in ('optimizer', 'type'):
        config = config.get(key) if isinstance(config, dict) else None
    new = type(wrapper.optimizer).__name__
    old = str(config or new).rsplit('.', 1)[-1]
    if old != new and {old, new} != {'Adam', 'AdamW'}:
        raise InputError(
            where=where,
            found=f'it was trained with the optimiser {old}',
            expected=f'{new}, as in the config',
            cure='Resume with the optimiser that it was trained with. To '
            'start another training from its weights: --cfg-options '
            'load_from=FILE, without --resume.',
        )
    theirs, ours = (
        [len(group['params']) for group in groups]
        for groups in (saved.get('param_groups', []), wrapper.param_groups)
    )
    if 'param_groups' in saved and theirs != ours:
        raise InputError(
            where=where,
            found=f'its optimiser learns {sum(theirs)} parameters in '
            f'{len(theirs)} groups',
            expected=f'{sum(ours)} in {len(ours)}, as in the config '
            '(model.frozen, model.regularizers, optim_wrapper)',
            cure='Resume with the config that it was trained with.',
        )


def _check_end(runner) -> None:
    """See that the schedule does not end at 0 before the training does."""
    # By s.by_epoch.
    total = runner.max_iters, runner.max_epochs
    done = runner.iter, runner.epoch
    rates = [s for s in runner.param_schedulers or [] if s.param_name == 'lr']
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
    groups = runner.optim_wrapper.param_groups
    if over and all(group['lr'] == 0 for group in groups):
        raise InputError(
            where='param_scheduler',
            found=f'{text}; no step would change the model',
            cure=cure,
        )
    runner.logger.warning(f'param_scheduler: {text}. {cure}')
