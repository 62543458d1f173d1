"""RegularizerScheduleHook by itself and in real runs of two steps an epoch."""

import copy

import pytest
from mmengine.hooks import Hook
from mmengine.runner import Runner
from refusals import refused
from toy_models import CD, ED, model_config, runner_config, teacher_file

from mmpose_ctd.engine.hooks import regularizer_hooks
from mmpose_ctd.engine.hooks.regularizer_hooks import factor_at, read_schedule
from mmpose_ctd.models import CTDTopdownPoseEstimator

WEIGHT = 10.0
HALF = dict(type='stop', end=2)
WARM_UP = dict(type='linear', start_factor=0.0, end_factor=1.0, end=3)


class Spy(Hook):
    """Writes down weights, losses and the teacher's runs, by iteration."""

    priority = 'LOWEST'

    def __init__(self):
        self.weights, self.losses, self.runs = [], [], []

    def before_train(self, runner):
        model = getattr(runner.model, 'module', runner.model)
        self.model, self.teacher_at_start = model, model.teacher
        if model.teacher is not None:
            model.teacher.register_forward_hook(
                lambda *_: self.runs.append(runner.iter)
            )

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        terms = self.model.regularizers.items()
        self.weights.append({n: t.loss_weight for n, t in terms})
        self.losses.append({k: v.item() for k, v in outputs.items()})

    def of(self, name):
        return [weights[name] for weights in self.weights]


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    return teacher_file(tmp_path_factory.mktemp('source') / 'teacher.pth')


def schedule(by_epoch=None, **schedules):
    return dict(
        type='RegularizerScheduleHook', schedules=schedules, by_epoch=by_epoch
    )


def train(work_dir, checkpoint, *hooks, terms=ED, **changes):
    model = model_config(checkpoint, regularizers=terms)
    config = runner_config(
        work_dir, copy.deepcopy(model), custom_hooks=list(hooks), **changes
    )
    if not config.train_cfg.by_epoch:
        # mmengine waits two seconds before it begins data anew.
        config.train_dataloader.sampler.type = 'InfiniteSampler'
    runner, spy = Runner.from_cfg(config), Spy()
    runner.register_hook(spy)
    runner.train()
    return runner, spy


def iterations(number):
    return dict(train_cfg=dict(by_epoch=False, max_iters=number))


@pytest.mark.parametrize(
    ('by_epoch', 'length', 'end', 'weights'),
    [
        (None, dict(epochs=3), 4, [10, 10, 7.5, 7.5, 5, 5]),
        (None, iterations(5), 4, [10, 7.5, 5, 2.5, 0]),
        (False, dict(epochs=2), 2, [10, 5, 0, 0]),
    ],
)
def test_times_count_as_the_run_or_the_hook_says(
    checkpoint, tmp_path, by_epoch, length, end, weights
):
    hook = schedule(by_epoch, ed=dict(type='linear', end=end))
    _, spy = train(tmp_path, checkpoint, hook, **length)
    assert spy.of('ed') == pytest.approx(weights)


def test_the_weight_scales_the_term_and_is_logged(checkpoint, tmp_path):
    halved = schedule(ed=dict(type='constant', factor=0.5))
    _, plain = train(tmp_path / 'plain', checkpoint)
    runner, spy = train(tmp_path / 'half', checkpoint, halved)
    first = spy.losses[0]
    assert first['loss_kpt'] == pytest.approx(plain.losses[0]['loss_kpt'])
    assert first['loss_ed'] == pytest.approx(plain.losses[0]['loss_ed'] / 2)
    hub = runner.message_hub.get_scalar('train/weight_ed')
    assert hub.current() == 5
    # It is shown, not added to what is minimised.
    assert first['loss'] == pytest.approx(
        first['loss_kpt'] + first['loss_ed'], rel=1e-5
    )


def test_a_warm_up_from_zero_has_its_teacher(
    checkpoint, tmp_path, monkeypatch
):
    said = []
    monkeypatch.setattr(
        regularizer_hooks,
        'print_log',
        lambda message, *_: said.append(message),
    )
    hook = schedule(ed=[WARM_UP, dict(type='constant', end=99)])
    _, spy = train(tmp_path, checkpoint, hook, epochs=4)
    assert spy.teacher_at_start is not None
    assert any('schedules.ed ends at 99, after' in m for m in said)
    assert spy.of('ed')[::2] == pytest.approx([0, 10 / 3, 20 / 3, 10])
    assert 'loss_ed' not in spy.losses[0] and 'loss_ed' in spy.losses[2]
    assert spy.runs == [2, 3, 4, 5, 6, 7]


def test_when_all_weights_are_zero_the_teacher_runs_no_more(
    checkpoint, tmp_path
):
    hook = schedule(ed=HALF, cd=dict(type='stop', end=1))
    runner, spy = train(tmp_path, checkpoint, hook, terms=ED | CD, epochs=4)
    assert spy.runs == [0, 1, 2, 3]
    assert [set(losses) for losses in spy.losses[1:5]] == [
        {'loss', 'loss_kpt', 'loss_ed', 'loss_cd'},
        {'loss', 'loss_kpt', 'loss_ed'},
        {'loss', 'loss_kpt', 'loss_ed'},
        {'loss', 'loss_kpt'},
    ]
    # The log does not go on showing what is no more.
    hub = runner.message_hub
    for name, others in (('ed', 4), ('cd', 6)):
        history, _ = hub.get_scalar(f'train/loss_{name}').data
        assert len(history) == 8 and all(history[: 8 - others])
        assert not any(history[8 - others :])
    # It will not be needed again: its memory is free.
    assert spy.teacher_at_start is not None
    assert runner.model.teacher is None


def test_a_term_that_sleeps_for_another_hook_keeps_the_teacher(
    checkpoint, tmp_path
):
    late = [
        dict(type='constant', factor=0, end=3),
        dict(type='constant', end=4),
    ]
    hooks = schedule(ed=HALF), schedule(cd=late)
    runner, spy = train(tmp_path, checkpoint, *hooks, terms=ED | CD, epochs=4)
    assert spy.runs == [0, 1, 2, 3, 6, 7]


def test_weight_zero_stays_plain_fine_tuning(
    checkpoint, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        CTDTopdownPoseEstimator, '_build_teacher', lambda self: 1 / 0
    )
    terms = dict(ed=dict(type='EncoderDistillLoss', loss_weight=0.0))
    runner, spy = train(
        tmp_path, checkpoint, schedule(ed=WARM_UP), terms=terms
    )
    assert spy.teacher_at_start is None
    assert spy.of('ed') == [0, 0, 0, 0]


def test_a_resumed_run_goes_on_where_the_schedule_was(checkpoint, tmp_path):
    hook = schedule(ed=dict(type='linear', end=4))
    _, whole = train(tmp_path / 'whole', checkpoint, hook, epochs=5)
    train(tmp_path / 'part', checkpoint, hook, epochs=2)
    runner, rest = train(
        tmp_path / 'part', checkpoint, hook, epochs=5, resume=True
    )
    assert rest.of('ed') == whole.of('ed')[4:]
    assert rest.runs == [4, 5, 6, 7]
    assert runner.model.teacher is None


def test_testing_knows_no_schedule(checkpoint, tmp_path):
    train(tmp_path, checkpoint, schedule(ed=HALF))
    model = model_config('gone.pth', regularizers=ED)
    config = runner_config(
        tmp_path / 'test',
        model,
        custom_hooks=[schedule(ed=HALF)],
        load_from=str(tmp_path / 'epoch_2.pth'),
    )
    runner = Runner.from_cfg(config)
    runner.test()
    assert runner.model.regularizers['ed'].loss_weight == WEIGHT
    # Nor the data to train on.
    assert isinstance(runner._train_loop, dict)


@pytest.mark.parametrize(
    ('hooks', 'where'),
    [
        ([schedule(eb=HALF)], 'schedules.eb'),
        ([schedule(ed=dict(type='stop', end=0))], 'schedules.ed.end'),
        ([schedule(ed=HALF), schedule(ed=WARM_UP)], 'schedules.ed'),
        ([schedule(True, ed=HALF)], 'by_epoch'),
    ],
)
def test_what_is_wrong_is_refused_before_the_training(
    checkpoint, tmp_path, hooks, where
):
    with refused(f'RegularizerScheduleHook: {where}'):
        train(tmp_path, checkpoint, *hooks, terms=ED | CD, **iterations(4))


def line(**options):
    return dict(type='linear', **options)


@pytest.mark.parametrize(
    ('segments', 'wanted'),
    [
        (dict(type='constant', factor=0.3, end=4), [0.3] * 10),
        (dict(type='stop', end=4, factor=0.5), [0.5] * 4 + [0] * 6),
        (
            line(begin=2, end=6, start_factor=0.2, end_factor=1.0),
            [0.2, 0.2, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1],
        ),
        # To the end of the training.
        (line(), [1 - t / 10 for t in range(10)]),
        (
            [
                line(start_factor=0, end_factor=1, end=2),
                dict(type='constant', factor=0.7, begin=4, end=5),
                dict(type='stop', factor=0.1, end=8),
            ],
            [0, 0.5, 1, 1, 0.7, 0.1, 0.1, 0.1, 0, 0],
        ),
    ],
)
def test_segments_follow_each_other_and_hold_in_between(segments, wanted):
    schedule = read_schedule(segments, 10, 'here')
    found = [factor_at(schedule, time) for time in range(10)]
    assert found == pytest.approx(wanted)


@pytest.mark.parametrize(
    ('segments', 'where', 'found'),
    [
        (3, '', '3'),
        (dict(type='constant', end_factor=0), '', "['end_factor']"),
        (dict(type='stop'), '.end', 'None'),
        (line(begin=-1), '.begin', '-1'),
        (line(begin=12), '.end', '10'),
        (dict(type='stop', end=1, factor=float('nan')), '.factor', 'nan'),
        ([dict(type='stop', end=5), line(begin=4)], '.begin', '4'),
        (dict(type='cosine'), '.type', "'cosine'"),
    ],
)
def test_a_wrong_segment_is_named(segments, where, found):
    with refused(f'here{where}', found=found):
        read_schedule(segments, 10, 'here')
