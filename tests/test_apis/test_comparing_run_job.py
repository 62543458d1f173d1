"""What the process of a job does: it trains, goes on after a kill, tests."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from comparing_place import PLAN, jobs_of

from mmpose_ctd.apis.comparing import job_hooks
from mmpose_ctd.apis.comparing.job_folder import JobFolder
from mmpose_ctd.apis.comparing.run_job import (
    _by_command,
    _only_test,
    _test,
    _train,
)
from mmpose_ctd.errors import InputError
from mmpose_ctd.models.teachers.checkpoint import read_checkpoint

pytestmark = pytest.mark.slow

TOLD = dict(started='2026-01-01T00:00:00+00:00', commit='c')


class Killed(BaseException):
    """As sudden as a kill, for who does not expect it."""


def folder_of(place, system='plain', work='work', **changes):
    studies = dict(main=dict(systems=[system], budgets=[4], seeds=[0]))
    jobs = jobs_of(place, studies=studies, steps=8, **changes)
    (job,) = jobs.jobs(list(jobs.finals({n: {} for n in jobs.plan.systems})))
    folder = JobFolder.of(Path(work), job)
    folder.prepare(jobs, job)
    return folder, folder.read(folder.job)


def killed_at(step):
    """Train as a process does that ends in this step."""

    class Hook(job_hooks.JobProgressHook):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            super().before_train_iter(runner, batch_idx, data_batch)
            if runner.iter + 1 == step:
                raise Killed

    patch = pytest.MonkeyPatch()
    patch.setattr(job_hooks, 'JobProgressHook', Hook)
    return patch


def kill_at(step, folder, job):
    patch = killed_at(step)
    with pytest.raises(Killed):
        _train(folder, job, TOLD)
    patch.undo()


def steps_of(folder):
    return [int(file.stem[5:]) for file in folder.checkpoints()]


def state_of(folder):
    content = read_checkpoint(str(folder.weights), 'it', 'no')
    return content['state_dict']


def test_a_killed_training_goes_on_from_its_last_whole_checkpoint(
    place, monkeypatch
):
    folder, job = folder_of(place)
    kill_at(6, folder, job)
    # While one is written the one before is there.
    assert steps_of(folder) == [4, 2]
    kill_at(8, folder, job)
    assert steps_of(folder) == [6, 4]
    # Cut off by a kill in the midst of writing, or by a full disk.
    newest = folder.checkpoints()[0]
    newest.write_bytes(newest.read_bytes()[:2000])
    begun = []
    original = job_hooks.JobProgressHook.before_train

    def before_train(self, runner):
        begun.append(runner.iter)
        original(self, runner)

    monkeypatch.setattr(
        job_hooks.JobProgressHook, 'before_train', before_train
    )
    trained = _train(folder, job, TOLD)
    assert begun == [4]
    assert trained['resumed'] == 2 and folder.weights.is_file()
    # What it took up to the checkpoint counts, and what it took after.
    marks = folder.read(folder.seconds)
    assert 0 < marks['2'] < marks['4'] < marks['8'] <= trained['seconds']
    # Once more, as after a kill while it tested: nothing is trained.
    assert _train(folder, job, dict(TOLD, commit='newer')) == trained
    assert begun == [4] and trained['commit'] == 'c'
    found = _test(folder, job)
    assert {*found} == {job['tests'][0]['key']}


def test_no_whole_checkpoint_is_a_start_from_the_beginning(place, monkeypatch):
    folder, job = folder_of(place)
    kill_at(4, folder, job)
    (only,) = folder.checkpoints()
    only.write_bytes(b'PK cut off')
    trained = _train(folder, job, TOLD)
    assert trained['resumed'] == 0 and folder.weights.is_file()


def test_a_run_is_the_same_again_and_another_with_another_seed(place):
    found = []
    for work, seed in (('a', 0), ('b', 0), ('c', 1)):
        studies = dict(main=dict(systems=['plain'], budgets=[4], seeds=[seed]))
        jobs = jobs_of(place, studies=studies)
        (job,) = jobs.jobs(list(jobs.finals({'plain': {}})))
        folder = JobFolder.of(Path(work), job)
        folder.prepare(jobs, job)
        told = folder.read(folder.job)
        _train(folder, told, TOLD)
        (result,) = _test(folder, told).values()
        found.append(result)
    first, again, other = found
    assert first['errors'] == again['errors'] != other['errors']
    assert first['subjects'] == other['subjects'] == [*range(8)]
    assert np.shape(first['errors']) == (8, 19)
    assert first['test_set'] == other['test_set']


def test_averaged_weights_are_what_is_tested(place, monkeypatch):
    folder, job = folder_of(place, 'averaged')
    _train(folder, job, TOLD)
    last = read_checkpoint(str(folder.checkpoints()[0]), 'it', 'no')
    averaged = state_of(folder)
    # mmengine keeps the others beside them.
    others = last['ema_state_dict']
    key = 'head.final_layer.weight'
    assert torch.equal(averaged[key], last['state_dict'][key])
    assert not torch.equal(averaged[key], others[f'module.{key}'])
    from mmpose_ctd.apis import terse_runner

    tested = []
    original = terse_runner.TestingRunner.test

    def test(self):
        metrics = original(self)
        tested.append(self.model.state_dict()[key].clone())
        return metrics

    monkeypatch.setattr(terse_runner.TestingRunner, 'test', test)
    _test(folder, job)
    assert torch.equal(tested[0], averaged[key])


def test_a_test_loads_nothing_over_the_trained_weights(place):
    from mmengine.config import Config

    cfg = Config(
        dict(
            load_from='start.pth',
            resume=True,
            custom_hooks=[dict(type='mmengine.EMAHook'), dict(type='A')],
            default_hooks=dict(
                visualization=dict(type='LandmarkFigureHook'),
                ema=dict(type='EMAHook'),
                logger=dict(type='LoggerHook'),
            ),
        )
    )
    _only_test(cfg)
    assert cfg.load_from is None and not cfg.resume
    assert [hook.type for hook in cfg.custom_hooks] == ['A']
    assert {*cfg.default_hooks} == {'logger'}


def test_weights_alone_are_left_and_name_no_folder(place):
    folder, job = folder_of(place, work=str(place.parent / 'jo_smith'))
    _train(folder, job, TOLD)
    content = read_checkpoint(str(folder.weights), 'it', 'no')
    assert {*content} == {'state_dict', 'meta'}
    assert 'jo_smith' not in repr(content['meta'])
    folder.clear(keep_weights=True)
    assert folder.weights.is_file() and folder.checkpoints() == []


@pytest.mark.parametrize(
    ('command', 'words'),
    [
        ('no_such_program {out}', ['no_such_program', 'cannot be started']),
        ('python -c "raise SystemExit(3)"', ['status 3', 'did not write']),
        ('true', ['status 0', 'did not write']),
        ('cp bad.json {out}', ['no prediction for the image id=']),
        ('cp text.json {out}', ['expected', '"keypoints"']),
        ('cp nan.json {out}', ['finite numbers']),
        ('cp twice.json {out}', ['two predictions']),
        ('cp short.json {out}', ['has 1 points', '19']),
    ],
)
def test_a_command_that_does_not_predict_is_told(place, command, words):
    one = dict(image_id=1, keypoints=[1, 1, 1])
    every = [dict(one, image_id=i) for i in range(50)]
    for name, entries in (
        ('bad', []),
        ('nan', [dict(one, keypoints=[float('nan'), 1, 1])]),
        ('twice', [one, one]),
        ('short', every),
    ):
        text = json.dumps(dict(keypoints=entries))
        (place / f'{name}.json').write_text(text)
    (place / 'text.json').write_text('[1, 2')
    systems = dict(PLAN['systems'], own=dict(command=command))
    folder, job = folder_of(place, 'own', systems=systems)
    # What an earlier start left is no answer.
    key = job['tests'][0]['key']
    (folder.path / f'predictions_{key}.json').write_text('{"keypoints": []}')
    with pytest.raises(InputError) as told:
        _by_command(folder, job)
    for word in words:
        assert word in str(told.value)
