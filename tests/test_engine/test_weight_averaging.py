"""mmengine's EMAHook with this package's estimator and hooks."""

import copy

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from toy_models import ED, model_config, runner_config, teacher_file

MOMENTUM = 0.2
HOOKS = [
    dict(type='PrivacyHook'),
    dict(type='RegularizerStateHook'),
    dict(type='EMAHook', momentum=MOMENTUM, update_buffers=True),
]
HINT = dict(
    hint=dict(type='HintLoss', connector=dict(in_channels=8, out_channels=8))
)


class Weights(Hook):
    """Every step's weights and statistics."""

    priority = 'VERY_LOW'

    def __init__(self):
        self.steps = []

    def after_train_iter(self, runner, *_, **__):
        self.steps.append(copy.deepcopy(runner.model.state_dict()))


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A training: its Runner, the weights of each step, the checkpoint."""
    place = tmp_path_factory.mktemp('run')
    teacher = teacher_file(place / 'teacher.pth')
    model = model_config(teacher, regularizers=ED | HINT)
    runner = Runner.from_cfg(
        runner_config(place, model, 3, custom_hooks=HOOKS)
    )
    watch = Weights()
    runner.register_hook(watch)
    runner.train()
    # mmengine's own checkpoint, written a moment ago.
    content = torch.load(place / 'epoch_3.pth', weights_only=False)
    return runner, watch.steps, content


def assert_same(ours, theirs):
    assert set(ours) == set(theirs)
    for key, value in theirs.items():
        # A count has no average.
        if not key.endswith('num_batches_tracked'):
            torch.testing.assert_close(ours[key], value, msg=key)


def average(steps):
    mean = steps[0]
    for weights in steps[1:]:
        mean = {
            k: (1 - MOMENTUM) * mean[k] + MOMENTUM * weights[k] for k in mean
        }
    return mean


def test_what_is_saved_as_the_model_is_the_average(trained):
    _, steps, content = trained
    assert len(steps) == 6
    found = content['state_dict']
    assert_same(found, average(steps))
    # Weights and statistics both: the test can fail.
    for key in ('head.final_layer.weight', 'backbone.stages.0.1.running_mean'):
        assert not torch.allclose(found[key], steps[-1][key])


def test_what_is_tested_is_the_average(trained):
    runner, steps, _ = trained
    config = runner.cfg.copy()
    config.load_from = f'{runner.work_dir}/epoch_3.pth'
    config.experiment_name = 'toy_test_of_average'
    config.resume = False
    tester = Runner.from_cfg(config)
    seen = {}

    class Look(Hook):
        priority = 'VERY_LOW'

        def before_test_iter(self, runner, *_, **__):
            seen.update(copy.deepcopy(runner.model.state_dict()))

    tester.register_hook(Look())
    tester.test()
    assert_same(seen, average(steps))
    assert tester.model.teacher is None


def test_the_checkpoint_has_neither_teacher_nor_connector_in_its_weights(
    trained,
):
    runner, steps, content = trained
    assert set(content['state_dict']) == set(steps[0])
    assert set(content['ema_state_dict']) == {
        'steps',
        *(f'module.{key}' for key in steps[0]),
    }
    # The connector beside the model is the one that learns.
    own = runner.model.regularizers.training_state()
    assert_same(content['regularizers'], own)
    assert own


def test_the_average_shares_the_one_teacher(trained):
    runner, _, _ = trained
    (hook,) = (h for h in runner.hooks if type(h).__name__ == 'EMAHook')
    assert hook.ema_model.module.teacher is runner.model.teacher
    assert runner.model.teacher is not None


def test_the_config_only_adds_the_hook(repo_root):
    folder = repo_root / 'configs' / 'frl_faces'
    plain = Config.fromfile(folder / 'ft_sface.py').to_dict()
    ours = Config.fromfile(folder / 'recipe' / 'ema.py').to_dict()
    assert [h['type'] for h in ours['custom_hooks']] == [
        *(h['type'] for h in plain['custom_hooks']),
        'EMAHook',
    ]
    ours['custom_hooks'] = plain['custom_hooks']
    assert ours == plain
