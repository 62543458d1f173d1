"""WorkDirHook: one training in a work dir."""

import os
import signal
import time

import pytest
import torch
from mmengine.runner import Runner
from toy_runner import toy_runner

import mmpose_ctd.engine  # noqa: F401
from mmpose_ctd.engine import work_dir as module
from mmpose_ctd.engine.work_dir import claim_work_dir
from mmpose_ctd.errors import InputError


def train(folder, iters=2, overwrite=False, kind='SafeCheckpointHook', **more):
    hooks = dict(
        checkpoint=dict(type=kind, by_epoch=False, interval=1),
        work_dir=dict(type='WorkDirHook', overwrite=overwrite),
    )
    runner = toy_runner(folder, iters, default_hooks=hooks, **more)
    runner.train()
    return runner


def names(folder):
    return sorted(p.name for p in folder.glob('*.pth'))


@pytest.mark.parametrize('kind', ['SafeCheckpointHook', 'CheckpointHook'])
def test_a_used_work_dir_is_refused_unless_it_is_resumed(tmp_path, kind):
    train(tmp_path, kind=kind)
    before = (tmp_path / 'iter_2.pth').read_bytes()
    with pytest.raises(InputError) as error:
        train(tmp_path, kind=kind)
    assert str(tmp_path) in error.value.where
    assert 'iter_2.pth' in error.value.found
    assert (tmp_path / 'iter_2.pth').read_bytes() == before
    train(tmp_path, 3, resume=True, kind=kind)
    assert names(tmp_path) == ['iter_1.pth', 'iter_2.pth', 'iter_3.pth']
    # Which is another training's.
    with pytest.raises(InputError):
        train(
            tmp_path / 'b' if train(tmp_path / 'b') else None,
            resume=True,
            load_from=str(tmp_path / 'iter_2.pth'),
        )


def test_overwriting_removes_the_earlier_training(tmp_path):
    train(tmp_path, 3)
    other = tmp_path / 'teacher.pth'
    torch.save({}, other)
    train(tmp_path, 2, overwrite=True)
    # Or --resume would take iter_3.pth for this training's newest.
    assert names(tmp_path) == ['iter_1.pth', 'iter_2.pth', 'teacher.pth']
    with pytest.raises(InputError):
        train(tmp_path, overwrite=True, load_from=str(tmp_path / 'iter_2.pth'))
    assert 'iter_2.pth' in names(tmp_path)
    train(tmp_path, 3, overwrite=True, resume=True)
    assert 'iter_3.pth' in names(tmp_path)


def test_testing_does_not_take_it(tmp_path):
    train(tmp_path)
    hooks = dict(work_dir=dict(type='WorkDirHook'))
    runner = toy_runner(tmp_path, default_hooks=hooks)
    assert isinstance(runner, Runner)
    runner.call_hook('before_run')
    runner.call_hook('after_run')


def test_a_second_process_is_refused_and_a_killed_one_is_no_matter(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(module, '_PATIENCE', 0.1)
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            claim_work_dir(tmp_path)
            # As a data loader's worker, which outlives a killed training.
            if not os.fork():
                time.sleep(3)
                os._exit(0)
            os.write(write, b'.')
            signal.pause()
        finally:
            os._exit(1)
    os.read(read, 1)
    try:
        with pytest.raises(InputError) as error:
            train(tmp_path)
        assert str(tmp_path) in error.value.where
        assert not names(tmp_path)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    train(tmp_path)
    assert names(tmp_path)


def test_one_process_may_train_there_again(tmp_path):
    train(tmp_path)
    train(tmp_path, overwrite=True)
    # Also after a training that ended with an error.
    with pytest.raises(InputError):
        train(tmp_path)
    train(tmp_path, overwrite=True)
