"""What of a config is refused before the first step."""

import pytest
from config_set import CONFIGS
from mmengine.config import Config

from mmpose_ctd.apis import config_checks
from mmpose_ctd.apis.config_checks import check_testing, check_training
from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation import LandmarkErrorMetric

HOOK = 'default_hooks.checkpoint'
TOY = dict(threshold=2.0, failure_thresholds=(1.0,), num_bootstrap=0)


@pytest.fixture
def config():
    return Config.fromfile(CONFIGS / 'frl_faces' / 'ctd_ed_sface.py')


def best(config, save_best, rule=None, **changes):
    config.merge_from_dict(
        {f'{HOOK}.save_best': save_best, f'{HOOK}.rule': rule} | changes
    )
    return config


@pytest.mark.parametrize(
    ('save_best', 'rule'),
    [
        ('landmark/ME', 'less'),
        ('landmark/FR', 'less'),
        ('landmark/FR@3', 'less'),
        ('landmark/AUC', 'greater'),
        # mmengine guesses it from the name.
        ('landmark/AUC', None),
        ('auto', 'less'),
        (['landmark/ME', 'landmark/AUC'], ['less', 'greater']),
        (['landmark/ME', 'landmark/FR'], 'less'),
        (None, None),
    ],
)
def test_a_score_and_its_rule_pass(config, save_best, rule):
    check_training(best(config, save_best, rule))


@pytest.mark.parametrize(
    ('save_best', 'rule', 'part'),
    [
        ('landmark/ME', None, 'rule'),
        ('landmark/ME', 'greater', 'rule'),
        ('landmark/FR@3', 'greater', 'rule'),
        ('landmark/AUC', 'less', 'rule'),
        ('auto', None, 'rule'),
        (['landmark/AUC', 'landmark/ME'], ['greater', 'greater'], 'rule'),
        ('landmark/NME', 'less', 'save_best'),
        ('ME', 'less', 'save_best'),
        ('landmark/FR@4', 'less', 'save_best'),
        # Intervals are switched off while training.
        ('landmark/ME_low', 'less', 'save_best'),
        ('coco/AP', 'greater', 'save_best'),
        ('landmark/ME', 'smaller', 'rule'),
    ],
)
def test_another_score_or_rule_is_refused(config, save_best, rule, part):
    with pytest.raises(InputError) as caught:
        check_training(best(config, save_best, rule))
    assert caught.value.where == f'{HOOK}.{part}'


def test_what_mmengine_says_of_save_best_is_one_error(config):
    two = ['landmark/ME', 'landmark/FR']
    with pytest.raises(InputError) as caught:
        check_training(best(config, two, ['less', 'less', 'less']))
    assert caught.value.where == HOOK


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


def test_without_validation_nothing_is_known(config):
    config.val_evaluator = None
    check_training(best(config, 'landmark/anything', 'less'))


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


@pytest.mark.parametrize(
    'kind', ['AmpOptimWrapper', 'mmengine.optim.AmpOptimWrapper']
)
def test_loss_scaling_without_a_gpu_is_refused(config, kind, monkeypatch):
    monkeypatch.setattr(config_checks, 'get_device', lambda: 'cpu')
    config.optim_wrapper = dict(
        type=kind, loss_scale='dynamic', optimizer=dict(type='Adam')
    )
    with pytest.raises(InputError) as caught:
        check_training(config)
    assert caught.value.where == 'optim_wrapper.type'
    assert 'AutocastOptimWrapper' in caught.value.expected
    # The test of what a GPU has trained.
    check_testing(config)
    monkeypatch.setattr(config_checks, 'get_device', lambda: 'cuda')
    check_training(config)


def test_a_test_does_not_ask_what_only_training_uses(config):
    config.merge_from_dict(
        {'optim_wrapper.x': 1, 'train_dataloader.x': 1, f'{HOOK}.rule': 'x'}
    )
    check_testing(config)
    config.test_dataloader.x = 1
    with pytest.raises(InputError) as caught:
        check_testing(config)
    assert caught.value.where == 'test_dataloader.x'
