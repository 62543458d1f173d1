"""TerseRunner: which hooks it has, and which config a work dir keeps."""

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from refusals import refused
from toy_runner import Slope, SlopeError, numbers_loader, toy_runner

from mmpose_ctd import machine
from mmpose_ctd.apis.terse_runner import TerseRunner
from mmpose_ctd.engine.hooks import (
    FlipCheckHook,
    PrivacyHook,
    RegularizerStateHook,
)

RUNTIME = Config.fromfile('configs/_base_/default_runtime.py')


@pytest.mark.parametrize('half', [0, 1])
def test_none_switches_a_default_hook_off(tmp_path, half):
    hooks = RUNTIME.default_hooks
    off = [*hooks][half::2]
    runner = toy_runner(
        tmp_path,
        kind=TerseRunner,
        default_hooks={k: None if k in off else v for k, v in hooks.items()},
    )
    kinds = [type(hook).__name__ for hook in runner.hooks]
    for key, hook in hooks.items():
        assert (hook['type'] in kinds) == (key not in off)


@pytest.mark.parametrize('hooks', [None, {}])
def test_configs_of_other_projects_get_what_training_needs(tmp_path, hooks):
    runner = toy_runner(tmp_path, kind=TerseRunner, default_hooks=hooks)
    kinds = {type(hook) for hook in runner.hooks}
    assert kinds >= {FlipCheckHook, PrivacyHook, RegularizerStateHook}


def test_weights_of_another_network_are_no_start(tmp_path):
    model = Slope()
    model.backbone = torch.nn.Linear(1, 1)
    runner = toy_runner(tmp_path, kind=TerseRunner, model=model)
    file = str(tmp_path / 'weights.pth')
    torch.save({'backbone.weight': torch.ones(1, 1)}, file)
    runner.load_checkpoint(file)
    assert model.backbone.weight == 1
    torch.save({'encoder.weight': torch.zeros(1, 1)}, file)
    with refused(file):
        runner.load_checkpoint(file)


class Refusing(Hook):
    def before_train(self, runner):
        raise ZeroDivisionError


def test_only_a_run_that_trains_replaces_the_config(tmp_path):
    def run(iters, seed, **options):
        runner = toy_runner(
            tmp_path,
            iters,
            kind=TerseRunner,
            cfg=Config(dict(seed=seed), cfg_text='#', filename='toy.py'),
            default_hooks=dict(
                checkpoint=dict(type='CheckpointHook', by_epoch=False)
            ),
            **options,
        )
        runner.train()

    config = tmp_path / 'toy.py'
    with pytest.raises(ZeroDivisionError):
        run(2, 0, custom_hooks=[Refusing()])
    assert not config.exists()
    run(2, 1)
    assert Config.fromfile(config).seed == 1
    with pytest.raises(ZeroDivisionError):
        run(2, 2, custom_hooks=[Refusing()])
    # Finished.
    run(2, 3, resume=True)
    assert Config.fromfile(config).seed == 1
    run(3, 4, resume=True)
    assert Config.fromfile(config).seed == 4


class ThreadsHook(Hook):
    """Writes down how many threads there are."""

    def __init__(self):
        self.seen = []

    def after_train_iter(self, runner, *args, **kwargs):
        self.seen.append(torch.get_num_threads())

    after_test_iter = after_train_iter


@pytest.mark.parametrize(
    ('cores', 'device', 'variable', 'threads'),
    [
        (1, 'cpu', '', 1),
        (4, 'cpu', '', 3),
        # The cores have two threads each.
        (8, 'cpu', '', 5),
        (2, 'cpu', 'OMP_NUM_THREADS', 5),
        (2, 'cpu', 'MKL_NUM_THREADS', 5),
        (2, 'cuda', '', 5),
    ],
)
def test_a_core_is_left_to_the_loader_unless_the_user_has_set_threads(
    tmp_path, monkeypatch, cores, device, variable, threads
):
    """In training and in testing, with five threads before."""
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    if variable:
        monkeypatch.setenv(variable, '5')
    monkeypatch.setattr(machine, 'usable_cores', lambda: cores)
    monkeypatch.setattr(machine, 'get_device', lambda: device)
    before, hook = torch.get_num_threads(), ThreadsHook()
    runner = toy_runner(
        tmp_path,
        1,
        kind=TerseRunner,
        test_dataloader=numbers_loader(1),
        test_evaluator=dict(type=SlopeError),
        test_cfg=dict(),
        custom_hooks=[hook],
    )
    torch.set_num_threads(5)
    try:
        runner.train()
        runner.test()
        assert torch.get_num_threads() == 5
    finally:
        torch.set_num_threads(before)
    assert hook.seen == [threads, threads]
