"""Changes the weights of regularisers while training."""

import logging
from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import BaseLoop, IterBasedTrainLoop
from mmpose.registry import HOOKS
from torch import nn

from mmpose_ctd.engine.runner_facts import model_of
from mmpose_ctd.engine.weight_schedule import WeightSchedule
from mmpose_ctd.errors import InputError


@HOOKS.register_module()
class RegularizerScheduleHook(Hook):
    r"""Schedules the weights of regularisers.

    .. math::
        \lambda_j(t) = \lambda_j f_j(t)

    with lambda_j the ``loss_weight`` of the config, t the epoch or the
    iteration, counted from 0, and f_j a :class:`WeightSchedule`. A resumed
    run therefore has the weights of an uninterrupted one.

    The weights are logged as ``weight_<name>``. The teacher does not run
    while all weights are 0, and is released when they stay 0 to the end.

    Args:
        schedules (dict[str, dict or Sequence[dict]]): Name of a term in
            ``model.regularizers`` -> its segments.
        by_epoch (bool, optional): Whether times are epochs or iterations.
            Defaults to ``None``: as ``train_cfg`` counts.

    Example:
        .. code-block:: python

            custom_hooks = [
                *_base_.custom_hooks,
                dict(
                    type='RegularizerScheduleHook',
                    schedules=dict(
                        ed=dict(type='linear', end=400),
                        cd=[
                            dict(type='linear', start_factor=0.0,
                                 end_factor=1.0, end=50),
                            dict(type='stop', end=200),
                        ],
                    ),
                ),
            ]
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
        self._schedules: dict[str, WeightSchedule] = {}
        self._weights: dict[str, float] = {}

    def before_run(self, runner) -> None:
        """Check the schedules; have the teacher built even if all begin at 0.

        Raises:
            InputError: If a schedule is wrong, names a term that the model
                does not have, or counts epochs in a run of iterations.
        """
        # Testing calls it too.
        if self._schedules or not isinstance(runner._train_loop, BaseLoop):
            return
        self._by_epoch = self._counts_epochs(runner.train_loop)
        total = runner.max_epochs if self._by_epoch else runner.max_iters
        terms = _terms(runner)
        for name, config in self._configs.items():
            where = f'RegularizerScheduleHook: schedules.{name}'
            if name not in terms:
                raise InputError(
                    where=where,
                    found='no term of that name in model.regularizers',
                    expected=f'one of {sorted(terms)}',
                )
            if terms[name].scheduled:
                raise InputError(
                    where=where, found='another hook schedules it too'
                )
            self._schedules[name] = WeightSchedule(config, total, where)
            if self._schedules[name].end > total:
                print_log(
                    f'{where} ends at {self._schedules[name].end}, after the '
                    f'end of the training at {total}.',
                    'current',
                    logging.WARNING,
                )
            self._weights[name] = terms[name].loss_weight
            # With weight 0 the run is plain fine-tuning, without teacher.
            terms[name].scheduled = bool(self._weights[name])
            if not self._weights[name]:
                print_log(f'{where}: loss_weight=0, so it stays 0', 'current')
        self._idle_after = max(
            self._schedules[name].last_active() if weight else -1
            for name, weight in self._weights.items()
        )

    def _counts_epochs(self, loop: BaseLoop) -> bool:
        counts = not isinstance(loop, IterBasedTrainLoop)
        if self._by_epoch is None:
            return counts
        if self._by_epoch and not counts:
            raise InputError(
                where='RegularizerScheduleHook: by_epoch',
                found='True, but train_cfg counts iterations',
                cure='Set by_epoch=False, with begin and end in iterations.',
            )
        return self._by_epoch

    def before_train(self, runner) -> None:
        self._update(runner)

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self._update(runner)

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        # Else the log keeps showing the last value of a term at weight 0.
        for name, term in _terms(runner).items():
            entry = f'loss_{name}'
            off = name in self._schedules and not term.loss_weight
            if off and entry not in (outputs or {}):
                runner.message_hub.update_scalar(f'train/{entry}', 0.0)

    def _update(self, runner) -> None:
        time = runner.epoch if self._by_epoch else runner.iter
        terms = _terms(runner)
        for name, schedule in self._schedules.items():
            weight = self._weights[name] * schedule.factor(time)
            terms[name].loss_weight = weight
            # Only logged: not among the model's losses, which are summed.
            runner.message_hub.update_scalar(f'train/weight_{name}', weight)
        if time > self._idle_after:
            self._release(runner, terms)

    def _release(self, runner, terms: dict[str, nn.Module]) -> None:
        model = model_of(runner)
        if model.teacher is None or any(
            # Another hook may raise the weights of other terms again.
            term.loss_weight or (term.scheduled and name not in self._weights)
            for name, term in terms.items()
        ):
            return
        model.release_teacher()
        print_log(
            'No regulariser is active any more: the teacher is released',
            'current',
        )


def _terms(runner) -> dict[str, nn.Module]:
    """The model's regularisers by name; {} for a model without any."""
    return dict(getattr(model_of(runner), 'regularizers', {}))
