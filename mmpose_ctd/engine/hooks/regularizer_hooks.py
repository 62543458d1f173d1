"""Changes the weights of regularisers while training; saves what they learn.

:class:`RegularizerScheduleHook` and :class:`RegularizerStateHook`.
"""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import BaseLoop, IterBasedTrainLoop
from mmpose.registry import HOOKS
from torch import nn

from mmpose_ctd.config_values import is_number, unwrapped
from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers.checkpoint import mismatches
from mmpose_ctd.value_checks import check_choice, check_number

#: Type of a segment -> names and defaults of its factors.
_FACTORS = dict(
    constant=dict(factor=1.0),
    stop=dict(factor=1.0),
    linear=dict(start_factor=1.0, end_factor=0.0),
)


class _Segment(NamedTuple):
    """From ``begin`` on ``first``, at ``end`` and later ``last``."""

    linear: bool
    begin: int
    end: int
    first: float
    last: float


def read_schedule(
    segments: dict | Sequence[dict], total: int, where: str
) -> list[_Segment]:
    """Check a schedule for ``total`` epochs or iterations.

    Raises:
        InputError: If a segment has an unknown type or key, a value of the
            wrong kind, does not end after it begins, or begins before the
            segment before it ends.
    """
    if isinstance(segments, dict):
        segments = [segments]
    found: list[_Segment] = []
    for config in segments if isinstance(segments, (list, tuple)) else ():
        if isinstance(config, dict):
            before = found[-1].end if found else 0
            found.append(_segment(config, before, total, where))
    if not found or len(found) < len(segments):
        raise InputError(
            where=where,
            found=repr(segments),
            expected="dict(type='linear', end=100), or a list of such",
        )
    return found


def _segment(config: dict, before: int, total: int, where: str) -> _Segment:
    shape = config.get('type')
    check_choice(f'{where}.type', shape, _FACTORS)
    factors = _FACTORS[shape]
    known = {'type', 'begin', 'end', *factors}
    strange = sorted(map(str, set(config) - known))
    if strange:
        raise InputError(
            where=where,
            found=f'{strange} in a {shape!r} schedule',
            expected=f'only {sorted(known)} (by_epoch is an argument of the '
            'hook)',
        )
    times = []
    for key, default in (('begin', before), ('end', total)):
        value = config.get(key)
        needed = key == 'end' and shape == 'stop'
        value = default if value is None and not needed else value
        least = before if key == 'begin' else times[0] + 1
        if not isinstance(value, int) or not is_number(value) or value < least:
            raise InputError(
                where=f'{where}.{key}',
                found=repr(value),
                expected=f'a whole number >= {least}; a segment begins when '
                'the one before has ended',
            )
        times.append(value)
    values = [config.get(key, default) for key, default in factors.items()]
    for key, value in zip(factors, values):
        check_number(f'{where}.{key}', value)
    last = 0.0 if shape == 'stop' else values[-1]
    return _Segment(shape == 'linear', *times, float(values[0]), float(last))


def factor_at(segments: Sequence[_Segment], time: int) -> float:
    """The factor of a schedule at an epoch or iteration, counted from 0."""
    value = segments[0].first
    for one in segments:
        if time < one.begin:
            break
        if time >= one.end:
            value = one.last
        elif one.linear:
            done = (time - one.begin) / (one.end - one.begin)
            return one.first + (one.last - one.first) * done
        else:
            return one.first
    return value


@HOOKS.register_module()
class RegularizerScheduleHook(Hook):
    r"""Schedules the weights of regularisers.

    .. math::
        \lambda_j(t) = \lambda_j f_j(t)

    with lambda_j the ``loss_weight`` of the config, t the epoch or the
    iteration, counted from 0, and f_j a function in segments. In a segment,
    with u = (t - begin) / (end - begin), f_j is

    ============  ==============================================
    ``constant``  ``factor``, and after it too
    ``stop``      ``factor``, after it 0
    ``linear``    start_factor + (end_factor - start_factor) * u
    ============  ==============================================

    The last value is reached at ``end`` and holds until the next segment
    begins. Before the first segment its first value holds. A resumed run has
    the weights of an uninterrupted one.

    ``docs/regularizer_weights.md`` has an example.

    The weights are logged as ``weight_<name>``. The teacher does not run
    while all weights are 0, and is released when they stay 0 to the end.

    Args:
        schedules (dict[str, dict or Sequence[dict]]): Name of a term in
            ``model.regularizers`` -> its segments, in the order of time. Each
            has a ``type``, ``begin`` (default: the end of the segment before,
            or 0) and ``end`` (default: that of the training; required for
            ``stop``). Factors are >= 0; ``factor`` and ``start_factor`` are
            1.0 by default, ``end_factor`` is 0.0.
        by_epoch (bool, optional): Whether times are epochs or iterations.
            Defaults to ``None``: as ``train_cfg`` counts.
    """

    def __init__(
        self,
        schedules: dict[str, dict | Sequence[dict]],
        by_epoch: bool | None = None,
    ) -> None:
        if not isinstance(schedules, dict) or not schedules:
            raise InputError(
                where='RegularizerScheduleHook: schedules',
                found=repr(schedules),
                expected='the name of a term and its schedule, such as '
                "dict(ed=dict(type='linear', end=100))",
            )
        self._configs = schedules
        self._by_epoch = by_epoch
        # Name of a term -> its schedule and loss_weight.
        self._schedules: dict[str, tuple[list[_Segment], float]] = {}

    def before_run(self, runner) -> None:
        """Check the schedules; have the teacher built even if all begin at 0.

        Raises:
            InputError: If a schedule is wrong, names a term that the model
                does not have, or counts epochs in a run of iterations.
        """
        # Testing calls it too.
        if self._schedules or not isinstance(runner._train_loop, BaseLoop):
            return
        by_iter = isinstance(runner.train_loop, IterBasedTrainLoop)
        if self._by_epoch is None:
            self._by_epoch = not by_iter
        elif self._by_epoch and by_iter:
            raise InputError(
                where='RegularizerScheduleHook: by_epoch',
                found='True, but train_cfg counts iterations',
                cure='Set by_epoch=False, with begin and end in iterations.',
            )
        total = runner.max_epochs if self._by_epoch else runner.max_iters
        terms = _terms(runner)
        for name, config in self._configs.items():
            where = f'RegularizerScheduleHook: schedules.{name}'
            if name not in terms or terms[name].scheduled:
                raise InputError(
                    where=where,
                    found='another hook schedules it too'
                    if name in terms
                    else 'no term of that name in model.regularizers',
                    expected=f'one of {sorted(terms)}, in one hook',
                )
            segments = read_schedule(config, total, where)
            weight = terms[name].loss_weight
            self._schedules[name] = segments, weight
            # With weight 0 the run is plain fine-tuning, without teacher.
            terms[name].scheduled = bool(weight)
            if segments[-1].end > total:
                print_log(
                    f'{where} ends at {segments[-1].end}, after the end of '
                    f'the training at {total}.',
                    'current',
                    logging.WARNING,
                )
        #: The last time with a weight other than 0, or -1.
        self._last_active = max(
            (t for t in range(total) if any(self._weights(t).values())),
            default=-1,
        )

    def _weights(self, time: int) -> dict[str, float]:
        return {
            name: weight * factor_at(segments, time)
            for name, (segments, weight) in self._schedules.items()
        }

    def before_train(self, runner) -> None:
        """Set the weights of the first step."""
        self._update(runner)

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        """Set the weights of the step."""
        self._update(runner)

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Log 0 for a term that is off, not its last value."""
        for name, term in _terms(runner).items():
            entry = f'loss_{name}'
            off = name in self._schedules and not term.loss_weight
            if off and entry not in (outputs or {}):
                runner.message_hub.update_scalar(f'train/{entry}', 0.0)

    def _update(self, runner) -> None:
        time = runner.epoch if self._by_epoch else runner.iter
        terms, model = _terms(runner), unwrapped(runner.model)
        for name, weight in self._weights(time).items():
            terms[name].loss_weight = weight
            # Only logged: not among the model's losses, which are summed.
            runner.message_hub.update_scalar(f'train/weight_{name}', weight)
        needed = time <= self._last_active or any(
            # Another hook may raise the weights of other terms again.
            term.loss_weight or term.scheduled
            for name, term in terms.items()
            if name not in self._schedules
        )
        if not needed and model.teacher is not None:
            model.release_teacher()
            print_log(
                'No regulariser is active any more: the teacher is released',
                'current',
            )


def _terms(runner) -> dict[str, nn.Module]:
    """The model's regularisers by name; {} for a model without any."""
    return dict(getattr(unwrapped(runner.model), 'regularizers', {}))


@HOOKS.register_module()
class RegularizerStateHook(Hook):
    """Saves and restores the weights of connectors.

    They are under ``'regularizers'`` of a checkpoint, outside the
    ``state_dict`` that inference loads.
    """

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Add the connectors' weights."""
        state = _learned(runner)
        if state:
            checkpoint['regularizers'] = {k: v.cpu() for k, v in state.items()}

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Restore the connectors of a run that resumes.

        Raises:
            InputError: If they are missing or have other shapes.
        """
        if not runner._resume:
            return
        own, found = _learned(runner), checkpoint.get('regularizers', {})
        fault = mismatches(own, found)
        if fault:
            raise InputError(
                where='resume',
                found=f'other connectors than model.regularizers has: {fault}',
                cure='Resume with the config of that training. To start a new '
                'one from its weights: load_from=CHECKPOINT without resume.',
            )
        for name, value in own.items():
            value.copy_(found[name])


def _learned(runner) -> dict:
    """The regularisers' own tensors; {} for a model without any."""
    regularizers = getattr(unwrapped(runner.model), 'regularizers', None)
    return {} if regularizers is None else regularizers.training_state()
