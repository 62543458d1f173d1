"""A trained head on the source's encoder, and data without augmentation."""

import copy

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.registry import MODELS
from torch import nn
from torch.utils.data import DataLoader

from mmpose_ctd.config_values import component_name
from mmpose_ctd.datasets.partly_labelled import labelled_part
from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers import source_state_of
from mmpose_ctd.trained import load_trained

_CURE = (
    'Use a checkpoint of the feature extraction system, such as one trained '
    'with configs/frl_faces/fe_sface.py, and its config.'
)


def load_feature_extractor(cfg: Config, checkpoint: str) -> nn.Module:
    """Build a model whose encoder is still the source's, in inference mode.

    ``cfg`` is that of the FE system, with ``model.frozen=['backbone']``.

    Raises:
        InputError: If the checkpoint does not fit the config, or its encoder
            is not that of ``model.teacher``.
    """
    if not cfg.model.get('teacher'):
        raise InputError(where='model.teacher', found='not set', cure=_CURE)
    model = MODELS.build(cfg.model)
    load_trained(model, checkpoint, _CURE)
    source = source_state_of(cfg.model.teacher)['backbone']
    own = model.backbone.state_dict()
    changed = [
        name
        for name, value in source.items()
        if not name.endswith('num_batches_tracked')
        and (name not in own or not torch.equal(value, own[name]))
    ]
    if changed:
        raise InputError(
            where=f'checkpoint: {checkpoint!r}',
            found=f'{len(changed)} of {len(source)} tensors of the encoder '
            f'differ from the source, such as {changed[0]!r}',
            expected='the encoder of model.teacher, unchanged',
            cure=_CURE,
        )
    model.eval()
    return model


def plain_training_data(
    cfg: Config, batch_size: int | None = None, unlabelled: bool = False
) -> DataLoader:
    """Load each training image once, without augmentation, with targets.

    They go through the pipeline of ``val_dataloader`` (or ``test_dataloader``)
    with the ``GenerateTarget`` of training; unlabelled ones if asked for.

    Raises:
        InputError: If the config does not have the pipelines.
    """
    loader = copy.deepcopy(cfg.train_dataloader)
    others = cfg.get('val_dataloader') or cfg.get('test_dataloader') or {}
    plain = others.get('dataset', {}).get('pipeline')
    training = loader.dataset.get('pipeline')
    if not plain or not training:
        raise InputError(
            where='train_dataloader.dataset.pipeline, '
            'val_dataloader.dataset.pipeline',
            found='one is missing',
            expected='both, to load training images without augmentation',
        )
    plain = copy.deepcopy(list(plain))
    if 'GenerateTarget' not in map(component_name, plain):
        targets = [
            t for t in training if component_name(t) == 'GenerateTarget'
        ]
        packing = [
            i
            for i, t in enumerate(plain)
            if component_name(t).startswith('Pack')
        ]
        if not targets or not packing:
            raise InputError(
                where='The pipelines',
                found=f'no {"Pack..." if targets else "GenerateTarget"}',
                expected='targets, packed with the image, for the loss',
            )
        plain[packing[0] : packing[0]] = copy.deepcopy(targets)
    dataset = loader.dataset if unlabelled else labelled_part(loader.dataset)
    dataset.pipeline = plain
    loader.pop('batch_sampler', None)
    loader.sampler = dict(type='DefaultSampler', shuffle=False, round_up=False)
    loader.update(persistent_workers=False, drop_last=False)
    if batch_size is not None:
        loader.batch_size = batch_size
    return Runner.build_dataloader(loader)
