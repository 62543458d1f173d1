"""ResumedConfigHook: a resumed run has the schedule of its config."""

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from refusals import refused
from toy_models import model_config, runner_config
from toy_runner import toy_runner

import mmpose_ctd.engine  # noqa: F401

SGD = dict(type='SGD', lr=0.1, momentum=0.9)
POLY = dict(type='PolyLR', power=0.9, eta_min=0.0, by_epoch=False)
WARM = dict(type='LinearLR', start_factor=0.1, by_epoch=False)
COSINE = dict(type='CosineAnnealingLR', eta_min=0.01, by_epoch=False)


class Watch(Hook):
    """The optimiser's settings at each step."""

    priority = 'VERY_LOW'

    def __init__(self):
        self.seen = {}

    def before_train_iter(self, runner, *_, **__):
        group = runner.optim_wrapper.param_groups[0]
        self.seen[runner.iter] = {
            key: group.get(key) for key in ('lr', 'momentum', 'weight_decay')
        }


def train(
    folder, iters, schedule, optimizer=SGD, by_epoch=False, hooks=(), **options
):
    runner = toy_runner(
        folder,
        iters,
        by_epoch,
        param_scheduler=schedule,
        optim_wrapper=dict(optimizer=optimizer),
        custom_hooks=[dict(type='ResumedConfigHook')],
        default_hooks=dict(
            checkpoint=dict(
                type='SafeCheckpointHook', by_epoch=by_epoch, interval=1
            )
        ),
        **options,
    )
    watch = Watch()
    for hook in (watch, *hooks):
        runner.register_hook(hook)
    runner.train()
    return watch.seen


CHANGES = {
    'longer': ([POLY | dict(end=4)], [POLY | dict(end=9)], SGD),
    'shorter': ([POLY | dict(end=20)], [POLY | dict(end=9)], SGD),
    'another kind': ([POLY | dict(end=4)], [COSINE | dict(T_max=9)], SGD),
    'one more': (
        [COSINE | dict(T_max=9)],
        [WARM | dict(end=3), COSINE | dict(begin=3, T_max=6)],
        SGD,
    ),
    'another rate': (
        [POLY | dict(end=9)],
        [POLY | dict(end=9)],
        SGD | dict(lr=0.2),
    ),
    'a constant rate': ([], [], SGD | dict(lr=0.2, weight_decay=0.01)),
    'none any more': ([POLY | dict(end=9)], [], SGD | dict(momentum=0.5)),
}


@pytest.mark.parametrize('name', CHANGES)
def test_the_rate_is_that_of_an_uninterrupted_run(tmp_path, name):
    before, after, optimizer = CHANGES[name]
    train(tmp_path / 'a', 4, before)
    resumed = train(tmp_path / 'a', 9, after, optimizer, resume=True)
    whole = train(tmp_path / 'b', 9, after, optimizer)
    assert [*resumed] == [4, 5, 6, 7, 8]
    assert resumed == {step: whole[step] for step in resumed}
    assert resumed[4]['lr'] > 0


def test_schedules_by_epoch_and_by_step_together(tmp_path):
    def schedule(step_size):
        return [
            WARM | dict(end=15),
            dict(type='StepLR', step_size=step_size, gamma=0.5),
        ]

    train(tmp_path / 'a', 2, schedule(3), by_epoch=True)
    resumed = train(tmp_path / 'a', 4, schedule(1), by_epoch=True, resume=True)
    whole = train(tmp_path / 'b', 4, schedule(1), by_epoch=True)
    assert [*resumed] == [*range(20, 40)]
    assert resumed == {step: whole[step] for step in resumed}


def test_how_an_update_is_computed_stays_the_checkpoints(tmp_path):
    """Of fused updates the state may lie on another device."""
    adam = dict(type='Adam', lr=0.1)
    train(tmp_path, 2, [], adam)
    kinds = []

    class Look(Watch):
        def before_train_iter(self, runner, *args, **kwargs):
            kinds.append(runner.optim_wrapper.param_groups[0]['fused'])

    toy = dict(adam, fused=True, weight_decay=0.5)
    again = train(tmp_path, 4, [], toy, resume=True, hooks=[Look()])
    assert kinds == [None, None]
    assert again[3]['weight_decay'] == 0.5


def test_a_checkpoint_without_schedulers_gets_the_configs(tmp_path):
    schedule = [POLY | dict(end=9)]
    train(tmp_path / 'a', 4, schedule)
    path = tmp_path / 'a' / 'iter_4.pth'
    content = torch.load(path, weights_only=False)
    del content['param_schedulers'], content['optimizer']
    torch.save(content, path)
    resumed = train(tmp_path / 'a', 9, schedule, resume=True)
    whole = train(tmp_path / 'b', 9, schedule)
    assert resumed == {step: whole[step] for step in resumed}


def test_a_schedule_that_has_ended_at_0_is_refused(tmp_path):
    schedule = [POLY | dict(end=4)]
    train(tmp_path, 4, schedule)
    with refused('param_scheduler', found='4 of 9'):
        train(tmp_path, 9, schedule, resume=True)


def test_a_finished_run_is_said_to_be_finished(tmp_path, capfd):
    schedule = [POLY | dict(end=4)]
    train(tmp_path, 4, schedule)
    assert train(tmp_path, 4, schedule, resume=True, log_level='INFO') == {}
    assert 'all 4 steps' in ''.join(capfd.readouterr())


def test_changed_settings_are_named(tmp_path, capfd):
    def cfg(batch_size):
        loader = dict(batch_size=batch_size, dataset=dict(split='a.txt'))
        return Config(dict(train_dataloader=loader, train_cfg=dict(n=1)))

    train(tmp_path, 2, [], cfg=cfg(8))
    train(tmp_path, 4, [], cfg=cfg(4), resume=True, log_level='INFO')
    lines = ''.join(capfd.readouterr()).splitlines()
    (told,) = (line for line in lines if 'differs' in line)
    assert 'train_dataloader.batch_size: 8 -> 4' in told
    assert 'split' not in told and 'train_cfg' not in told


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        (dict(backbone=dict(type='ToyEncoder', channels=(6, 4))), 'stages.1'),
        (dict(), 'parameters'),
    ],
)
def test_another_model_is_refused(tmp_path, changes, words):
    def start(model, **options):
        if 'channels' in model['backbone']:
            model['head']['in_channels'] = 4
        hooks = [dict(type='ResumedConfigHook')]
        config = runner_config(tmp_path, model, custom_hooks=hooks, **options)
        Runner.from_cfg(config).train()

    model = model_config()
    model.pop('teacher')
    start(model)
    with refused(found=words, within='epoch_2.pth'):
        start(
            model_config() | changes | dict(teacher=None),
            # A group for each parameter.
            optim_wrapper=dict(
                optimizer=dict(type='Adam', lr=1e-2, weight_decay=0.1),
                paramwise_cfg=dict(norm_decay_mult=0.0),
            ),
            resume=True,
            load_from=str(tmp_path / 'epoch_2.pth'),
            experiment_name='again',
        )


def test_another_optimiser_is_refused(tmp_path):
    def run(iters, optimizer, **options):
        cfg = Config(dict(optim_wrapper=dict(optimizer=optimizer)))
        return train(tmp_path, iters, [], optimizer, cfg=cfg, **options)

    run(2, dict(type='Adam', lr=0.1))
    run(3, dict(type='AdamW', lr=0.1), resume=True)
    with refused(found='AdamW', expected='SGD'):
        run(4, SGD, resume=True)
