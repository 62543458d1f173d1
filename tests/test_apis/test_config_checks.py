"""What of a config is refused before the first step."""

import copy
import math

import pytest
from config_set import CONFIGS
from mmengine.config import Config
from mmpose.models import HeatmapHead
from mmpose.registry import DATASETS, MODELS
from refusals import refused

from mmpose_ctd.apis import config_file
from mmpose_ctd.apis.config_file import (
    best_without_validation,
    check_testing,
    check_training,
)
from mmpose_ctd.apis.config_settings import check_settings
from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation import LandmarkErrorMetric

HOOK = 'default_hooks.checkpoint'
TOY = dict(threshold=2.0, failure_thresholds=(1.0,), num_bootstrap=0)


@pytest.fixture(scope='module')
def original():
    return Config.fromfile(CONFIGS / 'frl_faces' / 'ctd_ed_sface.py')


@pytest.fixture
def config(original):
    return copy.deepcopy(original)


def best(config, save_best, rule=None, **changes):
    config.merge_from_dict(
        {f'{HOOK}.save_best': save_best, f'{HOOK}.rule': rule} | changes
    )
    return config


@pytest.mark.parametrize(
    ('save_best', 'rule', 'part'),
    [
        ('landmark/FR@3', 'less', None),
        # mmengine guesses it from the name.
        ('landmark/AUC', None, None),
        ('auto', 'less', None),
        (['landmark/ME', 'landmark/AUC'], ['less', 'greater'], None),
        (['landmark/ME', 'landmark/FR'], 'less', None),
        ('landmark/ME', None, 'rule'),
        ('landmark/FR@3', 'greater', 'rule'),
        ('landmark/AUC', 'less', 'rule'),
        ('auto', None, 'rule'),
        (['landmark/AUC', 'landmark/ME'], ['greater', 'greater'], 'rule'),
        ('ME', 'less', 'save_best'),
        ('landmark/FR@4', 'less', 'save_best'),
        # Intervals are switched off while training.
        ('landmark/ME_low', 'less', 'save_best'),
        ('landmark/ME', 'smaller', 'rule'),
        # One rule too many; mmengine's own words.
        (['landmark/ME', 'landmark/FR'], ['less'] * 3, ''),
    ],
)
def test_a_score_has_its_rule_or_is_refused(config, save_best, rule, part):
    if part is None:
        check_training(best(config, save_best, rule))
        return
    with refused(f'{HOOK}.{part}'.rstrip('.')):
        check_training(best(config, save_best, rule))


def test_scores_of_other_metrics_are_known_by_their_prefix(config):
    config.val_evaluator = [
        config.val_evaluator,
        dict(type='EPE'),
        dict(type='PCKAccuracy', prefix='pck'),
    ]
    # EPE has no prefix, so that it may give anything but ours.
    check_training(best(config, 'EPE', 'less'))
    config.val_evaluator[1] = dict(type='EPE', prefix='far')
    check_training(best(config, 'far/EPE', 'less'))
    with pytest.raises(InputError):
        check_training(best(config, 'EPE', 'less'))


def test_a_best_checkpoint_needs_validation(config):
    best(config, 'landmark/ME', 'less')
    assert not best_without_validation(config)
    # As --no-validate.
    config.val_cfg = config.val_dataloader = config.val_evaluator = None
    check_training(config)
    assert best_without_validation(config)


def test_the_metric_gives_the_scores_that_it_names():
    metric = LandmarkErrorMetric(**TOY)
    metric.dataset_meta = {}
    sample = dict(
        pred_instances=dict(keypoints=[[[1.0, 1.0]]]),
        gt_instances=dict(keypoints=[[[1.0, 3.0]]], keypoints_visible=[[1.0]]),
        input_size=(32, 32),
        input_scale=[32.0, 32.0],
        img_id=1,
        id=1,
    )
    for options in (dict(), dict(num_bootstrap=5)):
        metric = LandmarkErrorMetric(**TOY | options)
        metric.process(None, [sample])
        assert set(metric.compute_metrics(metric.results)) == {*metric.rules}


def test_loss_scaling_without_a_gpu_is_refused(config, monkeypatch):
    monkeypatch.setattr(config_file, 'get_device', lambda: 'cpu')
    config.optim_wrapper = dict(
        type='AmpOptimWrapper',
        loss_scale='dynamic',
        optimizer=dict(type='Adam'),
    )
    with refused('optim_wrapper.type', expected='AutocastOptimWrapper'):
        check_training(config)
    # The test of what a GPU has trained.
    check_testing(config)
    monkeypatch.setattr(config_file, 'get_device', lambda: 'cuda')
    check_training(config)


def test_a_test_does_not_ask_what_only_training_uses(config):
    before = copy.deepcopy(config)
    config.merge_from_dict(
        {
            'optim_wrapper.x': 1,
            'train_dataloader.x': 1,
            f'{HOOK}.rule': 'x',
            'train_cfg.max_iters': 0,
        }
    )
    check_testing(config)
    # It reads where the training data are.
    for key, where in (
        ('test_dataloader.x', 'test_dataloader.x'),
        ('train_dataloader', 'train_dataloader'),
        ('train_dataloader.dataset', 'train_dataloader.dataset'),
        ('val_evaluator', 'val_evaluator'),
    ):
        config = copy.deepcopy(before)
        config.merge_from_dict({key: 5})
        with refused(where):
            check_testing(config)


@pytest.mark.parametrize(
    ('key', 'near'),
    [
        ('model.test_cfg.flip_tets', 'flip_test'),
        ('auto_scale_lr.base_batchsize', 'base_batch_size'),
        ('log_processor.window_sizes', 'window_size'),
        ('optim_wrapper.clip_grad.max_nrm', 'max_norm'),
        ('optim_wrapper.clip_grad.clip_valeu', 'clip_value'),
        ('train_dataloader.dataset.metainfo.nope', None),
        ('val_dataloader.dataset.metainfo.from_fiel', 'from_file'),
    ],
)
def test_a_key_that_nobody_reads_is_refused(config, key, near):
    config.merge_from_dict({key: 1})
    if near == 'clip_value':
        config.optim_wrapper.clip_grad.type = 'value'
    with pytest.raises(InputError) as caught:
        check_training(config)
    assert caught.value.where == key
    assert repr(key.split('.')[-1]) in caught.value.found
    if near:
        assert caught.value.expected == repr(near)


@pytest.mark.parametrize(
    ('key', 'values'),
    [
        ('train_dataloader.batch_size', (0, 4.0, 'abc', True)),
        ('train_dataloader.num_workers', (-1, 0.5, None)),
        ('optim_wrapper.optimizer.lr', ('abc', -1, None, math.nan)),
        ('optim_wrapper.accumulative_counts', (0, 1.5, 'abc')),
        ('train_cfg.max_iters', (0, -3, 4.5, 'abc', None)),
        ('train_cfg.val_interval', (0, 2.5, 'abc')),
        ('randomness.seed', ('abc', -1, 2**32, 1.5)),
        ('randomness.deterministic', ('Flase',)),
        ('env_cfg.mp_cfg.mp_start_method', ('spwn', 3)),
        ('log_level', ('LOUD', 'info', 2.5, None)),
        ('default_hooks.logger.interval', (0, 'abc')),
        ('default_hooks.checkpoint.max_keep_ckpts', ('abc', 1.5)),
        ('model.test_cfg.flip_test', ('Flase', 2)),
        ('model.test_cfg.flip_mode', ('heatmaps',)),
        # Scalars where other settings belong.
        ('param_scheduler', (5, 'abc')),
        ('model', (5,)),
        ('train_dataloader.dataset', ('a.json',)),
        ('default_hooks.timer', (5,)),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(config, key, values):
    for value in values:
        changed = copy.deepcopy(config)
        changed.merge_from_dict({key: value})
        with pytest.raises(InputError) as caught:
            check_training(changed)
        assert caught.value.where == key
        assert caught.value.found == repr(value)
        assert caught.value.expected


def test_a_list_of_other_than_components_is_refused(config):
    config.custom_hooks = ['PrivacyHook']
    with refused('custom_hooks.0'):
        check_training(config)


@pytest.mark.parametrize(
    'options',
    [
        {'model.test_cfg': dict(flip_test=True, flip_mode='heatmap')},
        {'train_dataloader.num_workers': 0, 'train_cfg.max_iters': 500.0},
        {'randomness': dict(seed=None, deterministic=True)},
        {'log_level': 'WARN'},
        {'log_processor': None, 'auto_scale_lr': None},
        {'optim_wrapper.clip_grad': dict(type='value', clip_value=0.5)},
        {'optim_wrapper.clip_grad': dict(max_norm=1.0, norm_type=2)},
        {'default_hooks.checkpoint.interval': -1, 'env_cfg.mp_cfg': {}},
        {'param_scheduler': None, 'default_hooks.logger': None},
        {'env_cfg.dist_cfg.anything': 1, 'env_cfg.resource_limit': 4096},
    ],
)
def test_settings_that_are_read_pass(config, options):
    config.merge_from_dict(options)
    check_settings(config)


class ForeignHead(HeatmapHead):
    """Reads what it likes."""


class ForeignDataset(CIFASDDataset):
    """Likewise."""


@pytest.mark.parametrize(
    ('registry', 'component', 'owner', 'key'),
    [
        (MODELS, ForeignHead, 'model.head', 'model.test_cfg.flip_tets'),
        (
            DATASETS,
            ForeignDataset,
            'train_dataloader.dataset',
            'train_dataloader.dataset.metainfo.nope',
        ),
    ],
)
def test_components_of_others_may_read_other_keys(
    config, monkeypatch, registry, component, owner, key
):
    name = component.__name__
    monkeypatch.setitem(registry._module_dict, name, component)
    config.merge_from_dict({key: 1, f'{owner}.type': name})
    check_settings(config)
