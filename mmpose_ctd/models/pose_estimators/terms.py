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
    for name, config in configs.items():
        if config is not None and 'type' not in config:
            others = ', '.join(sorted(configs.keys() - {name}))
            raise InputError(
                where=f'model.regularizers.{name}',
                found=f'no type, only {dict(config)}',
                expected='the type of the term',
                cure=f'To change another term, use its name: {others}.'
                if others
                else 'This config has no other term to change.',
            )
    # Random numbers for connectors must not change the start of the model's
    # layers: with weight 0 the run equals plain fine-tuning, bit by bit.
    configs = {n: dict(c) for n, c in configs.items() if c is not None}
    every = {name: config.pop('every', 1) for name, config in configs.items()}
    with torch.random.fork_rng(devices=[]):
        terms = {
            name: MODELS.build(config) for name, config in configs.items()
        }
    for name, term in terms.items():
        if not isinstance(term, DistillLoss):
            raise InputError(
                where=f'model.regularizers.{name}',
                found=type(term).__name__,
                expected='a subclass of DistillLoss, such as '
                'EncoderDistillLoss',
            )
        if not isinstance(every[name], int) or every[name] < 1:
            raise InputError(
                where=f'model.regularizers.{name}.every',
                found=repr(every[name]),
                expected='an integer >= 1: the term at every so many steps',
            )
        term.every = every[name]
    return TrainingOnly(terms)
