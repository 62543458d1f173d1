"""How long training steps take, and their parts."""

import time

import numpy as np
import pytest

from mmpose_ctd.models.losses import EncoderDistillLoss
from mmpose_ctd.models.pose_estimators import (
    CTDTopdownPoseEstimator as Estimator,
)
from mmpose_ctd.models.teachers import SourceModel
from projects.benchmark.speed import step_profile as profile_module
from projects.benchmark.speed.opponents import naive_one_forward
from projects.benchmark.speed.step_profile import PARTS, step_profile
from projects.benchmark.speed.steps_apart import step_times_apart
from projects.benchmark.speed.synthetic_batch import synthetic_batches


@pytest.fixture
def before(monkeypatch):
    """Calls something before a method."""

    def before(cls, name, call):
        method = getattr(cls, name)

        def both(self, *args, **kwargs):
            call(self)
            return method(self, *args, **kwargs)

        monkeypatch.setattr(cls, name, both)

    return before


def test_configs_take_turns_and_are_left_as_they_are(
    pair, before, in_this_process, tmp_path
):
    order = []
    before(
        Estimator,
        'train_step',
        lambda model: order.append('ctd' if model.regularizers else 'ft'),
    )
    as_they_were = {name: cfg.to_dict() for name, cfg in pair.items()}
    times, failed = step_times_apart(pair, None, rounds=3)
    # Two of each are not measured.
    assert order == ['ctd', 'ft'] * 5 and not failed
    assert {name: len(t) for name, t in times.items()} == dict(ctd=3, ft=3)
    order.clear()
    step_times_apart(pair, pair['ctd'], rounds=1, alone=True)
    assert order == ['ctd'] * 3 + ['ft'] * 3
    assert {n: cfg.to_dict() for n, cfg in pair.items()} == as_they_were
    assert not (tmp_path / 'ft').exists()


def test_what_a_step_takes_is_what_is_measured(pair, before, in_this_process):
    before(EncoderDistillLoss, 'distance', lambda _: time.sleep(0.3))
    times, _ = step_times_apart(pair, None, rounds=2)
    assert (times['ctd'] > 0.3).all()
    assert times['ft'].min() < times['ctd'].min() - 0.1


def test_a_turn_has_each_term_equally_often(pair, before, in_this_process):
    calls = []
    before(Estimator, 'train_step', lambda _: calls.append('step'))
    before(EncoderDistillLoss, 'distance', lambda _: calls.append('term'))
    pair['ctd'].model.regularizers.ed.every = 3
    times, _ = step_times_apart(dict(ctd=pair['ctd']), None, rounds=2)
    assert calls.count('step') == 12 and calls.count('term') == 4
    assert len(times['ctd']) == 2


@pytest.mark.slow
def test_processes_of_their_own_and_a_failure_costs_no_other(pair):
    broken = pair['ft'].copy()
    broken.optim_wrapper = dict(
        type='OptimWrapper', optimizer=dict(type='Adam', lr=-1.0)
    )
    naive = naive_one_forward(pair['ctd'])
    systems = dict(pair, naive=naive, broken=broken)
    taken, failed = step_times_apart(systems, pair['ctd'], rounds=3)
    assert list(taken) == ['ctd', 'ft', 'naive']
    assert all(t.shape == (3,) and (t > 0).all() for t in taken.values())
    assert list(failed) == ['broken']
    assert 'learning rate' in failed['broken'].lower()


def test_parts_are_where_the_time_is_spent(pair, before):
    before(EncoderDistillLoss, 'distance', lambda _: time.sleep(0.2))
    before(SourceModel, 'forward', lambda _: time.sleep(0.4))
    parts = step_profile(pair, 2, synthetic_batches(pair['ctd']))
    assert all(tuple(p) == PARTS for p in parts.values())
    ed = {part: s.min() for part, s in parts['ctd'].items()}
    assert 0.2 < ed['regularisers'] < 0.35
    assert 0.4 < ed['teacher forward'] < 0.55
    # Plain fine-tuning has neither, exactly.
    assert not parts['ft']['regularisers'].any()
    assert not parts['ft']['teacher forward'].any()
    for part in ('student forward', 'head and L_R', 'backward', 'optimiser'):
        assert (parts['ft'][part] > 0).all()


def test_parts_add_up_to_the_step(pair, monkeypatch):
    whole = []

    class Steps(profile_module.TrainingSteps):
        def one(self):
            begin = time.perf_counter()
            super().one()
            whole.append(time.perf_counter() - begin)

    monkeypatch.setattr(profile_module, 'TrainingSteps', Steps)
    ctd = pair['ctd']
    parts = step_profile(dict(ctd=ctd), 3, synthetic_batches(ctd))['ctd']
    total = np.sum(list(parts.values()), axis=0)
    np.testing.assert_allclose(total, whole[2:], rtol=0.02, atol=1e-3)
