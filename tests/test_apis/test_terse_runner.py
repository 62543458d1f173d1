"""TerseRunner: which hooks it has, and which config a work dir keeps."""

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from toy_runner import toy_runner

from mmpose_ctd.apis.terse_runner import TerseRunner
from mmpose_ctd.engine.hooks import FlipCheckHook

RUNTIME = Config.fromfile('configs/_base_/default_runtime.py')


@pytest.mark.parametrize('name', [*RUNTIME.default_hooks])
def test_none_switches_a_default_hook_off(tmp_path, name):
    hooks = {
        key: None if key == name else hook
        for key, hook in RUNTIME.default_hooks.items()
    }
    runner = toy_runner(tmp_path, kind=TerseRunner, default_hooks=hooks)
    kinds = [type(hook).__name__ for hook in runner.hooks]
    for key, hook in RUNTIME.default_hooks.items():
        assert (hook['type'] in kinds) == (key != name)


@pytest.mark.parametrize('hooks', [None, {}])
def test_configs_without_a_flip_check_get_one(tmp_path, hooks):
    runner = toy_runner(tmp_path, kind=TerseRunner, default_hooks=hooks)
    assert any(isinstance(hook, FlipCheckHook) for hook in runner.hooks)


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


def test_what_is_for_machines_is_in_the_log_file_alone(tmp_path, capfd):
    runner = toy_runner(tmp_path, kind=TerseRunner)
    quiet = ['\n'.join(['long'] * 20), 'paramwise_options -- conv.bias:lr=1']
    for message in (*quiet, 'for people'):
        runner.logger.error(message)
    (log,) = tmp_path.glob('*/*.log')
    shown = ''.join(capfd.readouterr())
    assert all(message in log.read_text() for message in quiet)
    assert not any(message in shown for message in quiet)
    assert 'for people' in shown
