"""WorkDirHook: one training in a work dir."""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from refusals import refused
from toy_runner import toy_runner

import mmpose_ctd.engine  # noqa: F401
from mmpose_ctd.apis.terse_runner import TerseRunner
from mmpose_ctd.engine.checkpoint_folder import (
    OVERWRITTEN,
    POINTER,
    newest_whole,
)
from mmpose_ctd.engine.hooks import work_dir_hook
from mmpose_ctd.engine.hooks.work_dir_hook import (
    _remove_overwritten,
    _set_aside,
    claim_work_dir,
)
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
    with refused(found='iter_2.pth', within=str(tmp_path)):
        train(tmp_path, kind=kind)
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


def restored(folder):
    for file in folder.glob(f'*{OVERWRITTEN}'):
        file.rename(file.with_name(file.name.removesuffix(OVERWRITTEN)))


class FailingHook(Hook):
    """Ends a training with an error."""

    priority = 'LOWEST'

    def __init__(self, method, step=0):
        self.step = step
        setattr(self, method, self.fail)

    def fail(self, runner, **_):
        if runner.iter >= self.step:
            raise ZeroDivisionError


@pytest.mark.parametrize('kind', ['SafeCheckpointHook', 'CheckpointHook'])
def test_the_earlier_training_stays_until_the_new_one_has_saved(
    tmp_path, kind
):
    train(tmp_path, 5, kind=kind)
    before = {p.name: p.read_bytes() for p in tmp_path.glob('*.pth')}
    pointer = (tmp_path / POINTER).read_text()

    def fails(method, step=0, **more):
        with pytest.raises(ZeroDivisionError):
            train(
                tmp_path,
                4,
                overwrite=True,
                custom_hooks=[FailingHook(method, step)],
                kind=kind,
                **more,
            )

    # Refused: as if nothing had been.
    for method in ('before_run', 'before_train', 'before_train_epoch'):
        fails(method)
        assert names(tmp_path) == sorted(before)
    # It has begun and saved nothing: nothing is resumed, nothing is lost.
    fails('before_save_checkpoint')
    assert not names(tmp_path)
    with pytest.raises(InputError):
        newest_whole(tmp_path)
    with pytest.raises(InputError):
        train(tmp_path, kind=kind)
    fails('before_save_checkpoint')
    restored(tmp_path)
    assert before == {p.name: p.read_bytes() for p in tmp_path.glob('*.pth')}
    assert (tmp_path / POINTER).read_text() == pointer
    # It has saved one.
    fails('after_train_iter', 1)
    assert names(tmp_path) == ['iter_1.pth', 'iter_2.pth']
    assert not [*tmp_path.glob(f'*{OVERWRITTEN}')]
    assert newest_whole(tmp_path).step == 2


def test_the_earlier_training_can_be_named(tmp_path):
    train(tmp_path, 5)
    _set_aside(tmp_path, '')
    aside = tmp_path / f'iter_5.pth{OVERWRITTEN}'
    train(tmp_path, 6, resume=True, load_from=str(aside))
    assert names(tmp_path) == ['iter_6.pth']
    assert not aside.exists()


@pytest.mark.parametrize('template', ['iter_{}.pth', 'step-{}.pth'])
def test_a_kill_while_it_is_put_aside_resumes_nothing_of_it(
    tmp_path, monkeypatch, template
):
    for step in (1, 2, 3):
        content = dict(
            state_dict={}, message_hub={}, meta=dict(epoch=0, iter=step)
        )
        torch.save(content, tmp_path / template.format(step))
    if template.startswith('iter'):
        (tmp_path / POINTER).write_text('iter_3.pth')
    replace, calls = Path.replace, []

    def killed(*args):
        if len(calls) == dies_at:
            raise KeyboardInterrupt
        calls.append(args)
        return replace(*args)

    monkeypatch.setattr(Path, 'replace', killed)
    for step in (1, 2, 3):
        dies_at = step
        assert newest_whole(tmp_path, template).step == 3
        with contextlib.suppress(KeyboardInterrupt):
            _set_aside(tmp_path, template)
        with pytest.raises(InputError):
            newest_whole(tmp_path, template)
        calls.clear()
        restored(tmp_path)
    dies_at = -1
    _set_aside(tmp_path, template)
    assert not names(tmp_path)
    content['meta']['iter'] = 1
    torch.save(content, tmp_path / 'iter_1.pth')
    assert newest_whole(tmp_path, template).step == 1
    _remove_overwritten(tmp_path, template)
    assert [p.name for p in tmp_path.iterdir()] == ['iter_1.pth']


def test_it_is_locked_before_a_checkpoint_is_chosen(tmp_path, monkeypatch):
    train(tmp_path)

    def other_saves(work_dir):
        # Another training ends, and gives the work dir back.
        for file in (tmp_path / 'iter_1.pth', tmp_path / 'iter_2.pth'):
            file.unlink()
        train(tmp_path / 'other', 4)
        (tmp_path / 'other' / 'iter_4.pth').rename(tmp_path / 'iter_4.pth')
        claim_work_dir(work_dir)

    with monkeypatch.context() as patch:
        # Only once: the other training calls it, too.
        patch.setattr(
            work_dir_hook,
            'claim_work_dir',
            lambda path: (patch.undo(), other_saves(path)),
        )
        runner = train(tmp_path, 5, resume=True)
    assert runner.iter == 5
    assert names(tmp_path) == ['iter_4.pth', 'iter_5.pth']


def test_a_run_that_may_start_elsewhere_goes_on(tmp_path):
    train(tmp_path / 'start', 3)
    start = str(tmp_path / 'start' / 'iter_3.pth')
    for iters in (2, 4):
        hooks = dict(checkpoint=dict(type='CheckpointHook', by_epoch=False))
        runner = toy_runner(
            tmp_path / 'new',
            iters,
            kind=TerseRunner,
            default_hooks=hooks,
            load_from=start,
        )
        runner.go_on()
        runner.train()
        assert runner._load_from == (
            start if iters == 2 else str(tmp_path / 'new' / 'iter_2.pth')
        )
        assert runner.iter == iters


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
    monkeypatch.setattr(work_dir_hook, '_PATIENCE', 0.1)
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
        with refused(within=str(tmp_path)):
            train(tmp_path)
        assert not names(tmp_path)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    train(tmp_path)
    assert names(tmp_path)
