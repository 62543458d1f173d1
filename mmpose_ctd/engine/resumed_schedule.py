"""Sets learning-rate schedules to a step of the training.

The value at step i equals that of an uninterrupted training with the same
config, to the last bit: the schedulers are stepped from the beginning.
"""

import copy
import inspect
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ['fresh_state', 'restore_constants', 'schedule_changes', 'step_to']

_MOVING = {'last_step', 'verbose', 'optimizer', 'self', 'args', 'kwargs'}


def fresh_state(owner: Any) -> list[dict]:
    """Copy the state of schedulers, or of an ``OptimWrapper``'s groups.

    Call it before a checkpoint is loaded into them.
    """
    if hasattr(owner, 'param_groups'):
        return [
            {k: copy.copy(v) for k, v in group.items() if k != 'params'}
            for group in owner.param_groups
        ]
    return [copy.deepcopy(scheduler.state_dict()) for scheduler in owner]


def schedule_changes(
    schedulers: Sequence, fresh: Sequence[dict], saved: Sequence[Mapping]
) -> list[str]:
    """List differences of a config's schedulers from saved ones.

    Args:
        schedulers (Sequence): Of the config.
        fresh (Sequence[dict]): Their :func:`fresh_state`.
        saved (Sequence[Mapping]): A checkpoint's.

    Returns:
        list[str]: Such as ``'PolyLR.end: 500 -> 800'``.
    """
    if len(saved) != len(fresh):
        return [f'schedulers: {len(saved)} -> {len(fresh)}']
    found = []
    for scheduler, new, old in zip(schedulers, fresh, saved):
        arguments = {
            name
            for kind in type(scheduler).__mro__
            for name in inspect.signature(kind.__init__).parameters
        }
        known = {'base_values', *arguments} - _MOVING
        for key in sorted({*new, *old}):
            # A key of only one of them: another kind of scheduler.
            other_kind = (key in new) != (key in old)
            if other_kind or (key in known and new[key] != old[key]):
                found.append(
                    f'{type(scheduler).__name__}.{key}: {old.get(key)} -> '
                    f'{new.get(key)}'
                )
    return found


def restore_constants(
    groups: Sequence[dict], fresh: Sequence[dict], scheduled: set[str]
) -> list[str]:
    """Restore the config's settings of an optimiser, except scheduled ones.

    Args:
        groups (Sequence[dict]): Its ``param_groups``, changed in place.
        fresh (Sequence[dict]): Their :func:`fresh_state`.
        scheduled (set[str]): Names that a scheduler changes.

    Returns:
        list[str]: Changes, such as ``'weight_decay: 0 -> 0.01'``.
    """
    found = []
    for group, new in zip(groups, fresh):
        for key, value in new.items():
            if key in scheduled or key not in group or group[key] == value:
                continue
            text = f'{key}: {group[key]} -> {value}'
            if text not in found:
                found.append(text)
            group[key] = value
    return found


def step_to(
    schedulers: Sequence,
    states: Sequence[dict],
    groups: Sequence[dict],
    fresh: Sequence[dict],
    steps: int,
    epochs: int,
) -> None:
    """Step schedulers from the beginning to a step of the training.

    Schedulers that follow a metric cannot be stepped: they get the config's
    settings and begin at the learning rate of that step.

    Args:
        schedulers (Sequence): Changed in place.
        states (Sequence[dict]): Their :func:`fresh_state`.
        groups (Sequence[dict]): The optimiser's; changed in place.
        fresh (Sequence[dict]): Their :func:`fresh_state`.
        steps (int): Training steps done.
        epochs (int): Epochs done, of an epoch-based training.
    """
    for scheduler, state in zip(schedulers, states):
        optimizer = scheduler.optimizer
        scheduler.__dict__.clear()
        scheduler.__dict__.update(copy.deepcopy(state), optimizer=optimizer)
    for scheduler in schedulers:
        name = scheduler.param_name
        for group, new in zip(groups, fresh):
            group[name] = copy.copy(new[name])
    chained = [s for s in schedulers if not getattr(s, 'need_val_args', False)]
    length = steps // epochs if epochs else 0
    with warnings.catch_warnings():
        # Torch warns that the optimiser has not stepped.
        warnings.simplefilter('ignore', UserWarning)
        for step in range(1, steps + 1):
            for scheduler in chained:
                if not scheduler.by_epoch:
                    scheduler.step()
            if length and step % length == 0 and step // length <= epochs:
                for scheduler in chained:
                    if scheduler.by_epoch:
                        scheduler.step()
