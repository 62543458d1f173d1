"""SafeCheckpointHook in real training runs that are killed anywhere."""

import builtins
import errno
import itertools
import os
import shutil

import pytest
import torch
from mmengine.hooks import Hook
from refusals import refused
from toy_runner import SlopeError, numbers_loader, toy_runner

import mmpose_ctd.engine  # noqa: F401
from mmpose_ctd import files
from mmpose_ctd.checkpoint_file import read_checkpoint
from mmpose_ctd.engine.checkpoint_folder import (
    POINTER,
    newest_whole,
    saved_by_a_training,
    step_of,
)
from mmpose_ctd.errors import InputError

ITERS = 4
#: Steps of the run that is killed at each operation.
KILLED = 3


def runner(work_dir, iters=ITERS, hook=(), hooks=(), **options):
    checkpoint = dict(
        type='SafeCheckpointHook',
        by_epoch=False,
        interval=1,
        max_keep_ckpts=1,
        save_best='toy/error',
        rule='less',
    )
    return toy_runner(
        work_dir,
        iters,
        **dict(
            train_cfg=dict(by_epoch=False, max_iters=iters, val_interval=2),
            val_dataloader=numbers_loader(),
            val_cfg=dict(),
            val_evaluator=dict(type=SlopeError),
            default_hooks=dict(checkpoint=checkpoint | dict(hook)),
            custom_hooks=[dict(type='PrivacyHook'), *hooks],
        )
        | options,
    )


def saved(folder):
    return sorted(p.name for p in folder.iterdir() if '.pth' in p.name)


class Killed(BaseException):
    """No handler of errors sees a kill."""


class Disc:
    """Counts what reaches the disc, and dies at one of these operations.

    A write dies in its middle; nothing that is done after death has an
    effect.
    """

    def __init__(self, patch, folder, dies_at=-1):
        self.count, self.dies_at, self.dead = 0, dies_at, False
        self.folder = str(folder)
        self.finished = []
        for name in ('fsync', 'replace', 'remove', 'unlink'):
            patch.setattr(os, name, self.dying(getattr(os, name), name))
        patch.setattr(files, 'open', self.open, raising=False)

    def step(self):
        if self.dead or self.count == self.dies_at:
            self.dead = True
            raise Killed
        self.count += 1

    def dying(self, function, name):
        def call(*args, **kwargs):
            if name == 'fsync' or str(args[0]).startswith(self.folder):
                self.step()
            found = function(*args, **kwargs)
            if name == 'replace' and str(args[0]).startswith(self.folder):
                self.finished.append(os.path.basename(args[1]))
            return found

        return call

    def open(self, path, mode='r', **options):
        file = builtins.open(path, mode, **options)  # noqa: SIM115
        write = file.write

        class Dying:
            __enter__ = lambda _: _  # noqa: E731
            __exit__ = lambda _, *error: file.close()  # noqa: E731
            __getattr__ = lambda _, name: getattr(file, name)  # noqa: E731

            def write(_, data):
                write(data[: len(data) // 2])
                file.flush()
                self.step()
                write(data[len(data) // 2 :])

        return Dying()


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp('whole')
    with pytest.MonkeyPatch.context() as patch:
        disc = Disc(patch, folder)
        runner(folder, KILLED).train()
    return folder, disc.count


@pytest.mark.slow
def test_no_kill_loses_a_finished_checkpoint(whole, tmp_path):
    folder, count = whole
    assert count > 30
    right = read_checkpoint(folder / f'iter_{KILLED}.pth', 'it', 'No')
    for dies_at in range(count):
        place = tmp_path / 'killed'
        shutil.rmtree(place, ignore_errors=True)
        with pytest.MonkeyPatch.context() as patch:
            disc = Disc(patch, place, dies_at)
            with pytest.raises(Killed):
                runner(place, KILLED).train()
        steps = [
            int(name[5:-4])
            for name in disc.finished
            if name.startswith('iter_')
        ]
        newest = newest_whole(place)
        assert (newest.step if newest else 0) >= max(steps, default=0)
        bests = [n for n in disc.finished if n.startswith('best_')]
        for best in [*place.glob('best_*.pth')]:
            read_checkpoint(best, 'best', 'No')
        assert len([*place.glob('best_*.pth')]) >= bool(bests)
        runner(place, KILLED, resume=True).train()
        # Nothing of the killed run is left over.
        assert saved(place) == saved(folder)
        ours = read_checkpoint(place / f'iter_{KILLED}.pth', 'it', 'No')
        assert torch.equal(
            ours['state_dict']['slope'], right['state_dict']['slope']
        )
        scores = [
            content['message_hub']['runtime_info']['best_score']
            for content in (ours, right)
        ]
        assert scores[0] == scores[1]


def test_a_full_disc_keeps_the_last_one(tmp_path, monkeypatch):
    number = errno.ENOSPC
    writes = itertools.count()

    def full_open(path, mode='r', **options):
        file = builtins.open(path, mode, **options)  # noqa: SIM115
        # The first step's.
        if next(writes) < 1:
            return file
        file.write(b'half of it')
        file.close()
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(files, 'open', full_open, raising=False)
    with refused(found=os.strerror(number)) as error:
        runner(tmp_path).train()
    assert error.value.where.endswith('iter_2.pth')
    assert saved(tmp_path) == ['iter_1.pth']
    assert newest_whole(tmp_path).step == 1
    monkeypatch.undo()
    runner(tmp_path, resume=True).train()
    assert newest_whole(tmp_path).step == ITERS


def test_all_arguments_of_mmengine_work(tmp_path):
    hook = dict(
        out_dir=str(tmp_path / 'out'),
        filename_tmpl='step-{}.pth',
        max_keep_ckpts=2,
        save_optimizer=False,
        published_keys=['meta', 'state_dict'],
        interval=2,
    )
    work_dir = tmp_path / 'run'
    runner(work_dir, 6, hook).train()
    names = saved(tmp_path / 'out' / 'run')
    assert names[0].startswith('best_toy_error_step-6-')
    assert names[1] == 'best_toy_error_step-6.pth'
    assert names[2] == 'step-4.pth' and len(names) == 5
    assert not saved(work_dir)
    content = read_checkpoint(
        tmp_path / 'out/run' / 'step-6.pth', 'it', 'Name another'
    )
    assert 'optimizer' not in content
    pointer = (work_dir / POINTER).read_text()
    assert pointer == str(tmp_path / 'out/run/step-6.pth')


def test_a_moved_work_dir_goes_on_and_leaves_others_alone(tmp_path):
    old, new = tmp_path / 'old', tmp_path / 'new'
    runner(old).train()
    shutil.copytree(old, new)
    runner(new, 6, resume=True).train()
    assert saved(old) == [f'best_toy_error_iter_{ITERS}.pth', 'iter_4.pth']
    assert saved(new) == ['best_toy_error_iter_6.pth', 'iter_6.pth']
    # A checkpoint of another folder names that folder's best one.
    other = tmp_path / 'other'
    runner(other, 6, resume=True, load_from=str(old / 'iter_4.pth')).train()
    assert saved(old) == [f'best_toy_error_iter_{ITERS}.pth', 'iter_4.pth']


def test_a_damaged_one_is_passed_over_and_named(tmp_path):
    runner(tmp_path, hook=dict(max_keep_ckpts=-1)).train()
    newest = tmp_path / 'iter_4.pth'
    data = bytearray(newest.read_bytes())
    data[data.index(b'state_dict')] ^= 1
    newest.write_bytes(data)
    found = newest_whole(tmp_path)
    assert found.path.name == 'iter_3.pth'
    assert any('iter_4.pth' in text for text in found.warnings)
    assert runner_resumes_at(tmp_path) == 3
    # The best one is the last resort.
    for file in tmp_path.glob('iter_*.pth'):
        file.write_bytes(file.read_bytes()[:-30])
    found = newest_whole(tmp_path)
    assert found.path.name == 'best_toy_error_iter_4.pth'
    assert found.step == 4
    # Never from 0 where there are checkpoints.
    for file in tmp_path.glob('*.pth'):
        file.write_bytes(b'')
    with pytest.raises(InputError):
        runner(tmp_path, resume=True).train()


def runner_resumes_at(folder):
    steps = []

    class Watch(Hook):
        def before_train(self, runner):
            steps.append(runner.iter)

    one = runner(folder, resume=True)
    one.register_hook(Watch())
    one.train()
    return steps[0]


def test_the_pointer_is_only_a_hint(tmp_path):
    runner(tmp_path, hook=dict(max_keep_ckpts=-1)).train()
    pointer = tmp_path / POINTER
    assert newest_whole(tmp_path).step == 4
    for text in ('', '/gone/iter_9.pth', '\0', 'iter_4.pth'):
        pointer.write_text(text)
        assert newest_whole(tmp_path).step == 4
    # Killed before it was moved: the file is newer.
    pointer.write_text('iter_3.pth')
    os.utime(pointer, (1, 1))
    assert newest_whole(tmp_path).step == 4
    # A run that was resumed from an older one: the pointer is newer.
    os.utime(pointer, (2**32, 2**32))
    assert newest_whole(tmp_path).step == 3


@pytest.mark.parametrize(
    ('name', 'template', 'step'),
    [
        ('iter_4.pth', '', 4),
        ('epoch_12.pth', 'step-{}.pth', 12),
        ('iter_4-c034b358.pth', '', 4),
        ('best_AUC@5_step-6-12345678.pth', 'step-{}.pth', 6),
        ('{}_7.pth.pth', '', None),
        ('teacher-12345678.pth', '', None),
        ('iter_4.pth.tmp', '', None),
    ],
)
def test_the_template_says_which_number_is_the_step(name, template, step):
    assert step_of(name, template) == step


def test_a_published_copy_is_no_later_step(tmp_path):
    hook = dict(max_keep_ckpts=-1, published_keys=['meta', 'state_dict'])
    runner(tmp_path, 12, hook).train()
    names = [file.name for file in saved_by_a_training(tmp_path)]
    assert names[0] == 'iter_12.pth'
    (tmp_path / POINTER).unlink()
    steps = [int(name[5:-4].split('-')[0]) for name in names[:13]]
    assert steps == sorted(steps, reverse=True)
    assert newest_whole(tmp_path).path.name == 'iter_12.pth'


def test_with_nothing_there_it_starts_at_0_and_follows_no_pointer(tmp_path):
    runner(tmp_path / 'old').train()
    new = tmp_path / 'new'
    new.mkdir()
    shutil.copy(tmp_path / 'old' / POINTER, new)
    assert runner_resumes_at(new) == 0


def test_a_damaged_start_is_refused(tmp_path):
    runner(tmp_path / 'old').train()
    start = tmp_path / 'old' / 'iter_4.pth'
    start.write_bytes(start.read_bytes()[:-40])
    with refused(within=str(start)):
        runner(tmp_path / 'new', load_from=str(start)).train()


def test_a_checkpoint_of_something_else_is_not_resumed(tmp_path):
    weights = tmp_path / 'weights.pth'
    torch.save(dict(state_dict=dict(slope=torch.ones(1))), weights)
    with refused(found='message_hub'):
        runner(tmp_path / 'a', resume=True, load_from=str(weights)).train()
