"""Builds the terms of ``model.regularizers``."""

import torch
from mmpose.registry import MODELS

from mmpose_ctd.errors import InputError
from mmpose_ctd.models.losses import DistillLoss

from .training_only import TrainingOnly


def build_terms(configs: dict[str, dict]) -> TrainingOnly:
    """Build ``model.regularizers``: name -> config of a :class:`DistillLoss`.

    Raises:
        InputError: If a config has no type or another one's, or ``every`` is
            not an integer from 1 on.
    """
    if not isinstance(configs, dict):
        raise InputError(
            where='model.regularizers',
            found=repr(configs),
            expected='the name of each term and its config, such as '
            "dict(ed=dict(type='EncoderDistillLoss'))",
        )
    configs = {n: dict(c) for n, c in configs.items() if c is not None}
    terms = {}
    # Random numbers for connectors must not change the start of the model's
    # layers: with weight 0 the run equals plain fine-tuning, bit by bit.
    with torch.random.fork_rng(devices=[]):
        for name, config in configs.items():
            where = f'model.regularizers.{name}'
            if 'type' not in config:
                raise InputError(
                    where=where,
                    found=f'no type, only {config}',
                    expected='the type of the term',
                    cure='To change another term, use its name, one of '
                    f'{sorted(configs)}.',
                )
            every = config.pop('every', 1)
            if not isinstance(every, int) or every < 1:
                raise InputError(
                    where=f'{where}.every',
                    found=repr(every),
                    expected='an integer >= 1: the steps between two runs',
                )
            terms[name] = MODELS.build(config)
            if not isinstance(terms[name], DistillLoss):
                raise InputError(
                    where=where,
                    found=type(terms[name]).__name__,
                    expected='a subclass of DistillLoss, such as '
                    'EncoderDistillLoss',
                )
            terms[name].every = every
    return TrainingOnly(terms)
