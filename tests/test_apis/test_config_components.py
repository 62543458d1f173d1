"""Which types and keys of a config are refused before anything is built."""

import pytest
from config_set import CONFIGS
from mmengine.config import Config
from mmengine.model import BaseModule
from mmpose.models import SEResNet

from mmpose_ctd.apis.config_components import accepted_keys, check_components
from mmpose_ctd.errors import InputError


@pytest.fixture(scope='module')
def config():
    return Config.fromfile(CONFIGS / 'frl_faces' / 'ctd_ed_sface.py')


def refused(config, **options):
    config = config.copy()
    config.merge_from_dict(options)
    with pytest.raises(InputError) as caught:
        check_components(config)
    return caught.value


@pytest.mark.parametrize(
    ('key', 'value', 'near'),
    [
        ('model.head.out_chanels', 1, 'out_channels'),
        ('model.regularizers.ed.loss_wieght', 1, 'loss_weight'),
        # Of regularisers alone.
        ('model.head.every', 1, None),
        ('model.head.loss.labeled_only', 1, 'labelled_only'),
        ('train_dataloader.dataset.spilt', 1, 'split'),
        ('train_dataloader.dataset.pipeline.5.encoder.sigmas', 1, 'sigma'),
        ('optim_wrapper.dtipe', 1, 'dtype'),
        ('optim_wrapper.optimizer.learning_rate', 1, None),
        ('default_hooks.checkpoint.intervall', 1, 'interval'),
        ('train_cfg.max_iter', 1, 'max_iters'),
        ('model.regularizers.ed.type', 'EncoderLoss', 'EncoderDistillLoss'),
        ('train_dataloader.dataset.type', 'CIFASD', 'CIFASDDataset'),
        # Registered, but no metric.
        ('val_evaluator.type', 'CheckpointHook', None),
        ('optim_wrapper.optimizer.type', 'Adamm', 'Adam'),
    ],
)
def test_a_key_or_a_type_that_nothing_knows_is_refused(
    config, key, value, near
):
    error = refused(config, **{key: value})
    assert error.where == key
    unknown = key.split('.')[-1] if value == 1 else value
    assert repr(unknown) in error.found
    if near:
        assert repr(near) in error.expected


@pytest.mark.parametrize(
    'options',
    [
        {'colour': dict(type='Nothing'), 'max_itres': 7},
        {'default_hooks.freed_memory.priority': 'LOW'},
        {'param_scheduler.0.convert_to_iter_based': True},
        {'optim_wrapper.paramwise_cfg': dict(custom_keys={})},
        {'default_hooks.logger': None, 'custom_hooks': None},
        {'train_dataloader.num_batch_per_epoch': 5},
        {'val_evaluator': dict(type='Evaluator', metrics=[])},
        {'model.regularizers.ed.every': 4},
        {'default_hooks.freed_memory.type': 'mmengine.hooks.EmptyCacheHook'},
        {
            'default_hooks.freed_memory': dict(
                type='RegularizerScheduleHook',
                schedules=dict(ed=dict(type='linear', end=4)),
            )
        },
        {
            'model.backbone': dict(
                type='HRNet', extra={}, norm_cfg=dict(type='BN', eps2=1)
            )
        },
    ],
)
def test_what_builders_read_themselves_passes(config, options):
    config = config.copy()
    config.merge_from_dict(options)
    check_components(config)


def test_steps_of_others_and_parts_without_a_use_are_not_looked_at(config):
    config = config.copy()
    steps = [dict(type='RandomSunFlare', anything=1)]
    config.train_dataloader.dataset.pipeline = [
        dict(type='Albumentation', transforms=steps)
    ]
    config.merge_from_dict({'optim_wrapper.x': 1})
    check_components(config, without=['optim_wrapper'])


class Passing(BaseModule):
    def __init__(self, own=1, **kwargs):
        self.taken = kwargs.pop('taken', 0)
        super().__init__(**kwargs)


class Keeping(BaseModule):
    def __init__(self, **kwargs):
        self.kwargs = dict(kwargs)
        super().__init__(**kwargs)


def test_constructors_are_followed_as_far_as_they_pass_arguments_on():
    assert accepted_keys(Passing) == {'own', 'taken', 'init_cfg'}
    assert accepted_keys(Keeping) is None
    assert accepted_keys(SEResNet) >= {'se_ratio', 'depth', 'init_cfg'}
    assert 'nonsense' not in accepted_keys(SEResNet)
