import time

import pytest
from toy_models import ED, model_config, runner_config, teacher_file

from projects.benchmark.speed.step_time import step_times


@pytest.fixture
def configs(tmp_path):
    checkpoint = teacher_file(tmp_path / 'teacher.pth')
    return {
        name: runner_config(
            tmp_path / name, model_config(checkpoint, regularizers=terms)
        )
        for name, terms in (('ft', {}), ('ed', ED))
    }


def test_every_config_has_its_rounds_in_turn(configs, monkeypatch):
    from mmpose_ctd.models.pose_estimators import (
        CTDTopdownPoseEstimator as Estimator,
    )

    order = []
    step = Estimator.train_step

    def noted(self, *args, **kwargs):
        order.append('ed' if self.regularizers else 'ft')
        return step(self, *args, **kwargs)

    monkeypatch.setattr(Estimator, 'train_step', noted)
    times = step_times(configs, rounds=3, warm_up=1)
    assert order == ['ft', 'ed'] * 4
    assert list(times) == ['ft', 'ed']
    assert all(len(t) == 3 and (t > 0).all() for t in times.values())


def test_what_a_step_takes_is_what_is_measured(configs, monkeypatch):
    from mmpose_ctd.models.losses import EncoderDistillLoss

    distance = EncoderDistillLoss.distance

    def slow(self, *args):
        time.sleep(0.3)
        return distance(self, *args)

    monkeypatch.setattr(EncoderDistillLoss, 'distance', slow)
    times = step_times(configs, rounds=2, warm_up=1)
    assert (times['ed'] > 0.3).all()
    # Less the sleep the two are alike, whatever else the machine does.
    assert times['ft'].min() < times['ed'].min() - 0.1


def test_a_run_of_its_own_is_left_alone(configs, tmp_path):
    before = {name: cfg.to_dict() for name, cfg in configs.items()}
    step_times(configs, rounds=1, warm_up=0)
    assert {name: cfg.to_dict() for name, cfg in configs.items()} == before
    assert not (tmp_path / 'ft').exists()


def test_a_turn_has_each_term_equally_often(configs, monkeypatch):
    from mmpose_ctd.models.losses import EncoderDistillLoss
    from mmpose_ctd.models.pose_estimators import (
        CTDTopdownPoseEstimator as Estimator,
    )

    counts = dict(steps=0, terms=0)

    def counted(kind, call):
        def wrapped(*args, **kwargs):
            counts[kind] += 1
            return call(*args, **kwargs)

        return wrapped

    for kind, owner, name in (
        ('steps', Estimator, 'train_step'),
        ('terms', EncoderDistillLoss, 'distance'),
    ):
        monkeypatch.setattr(owner, name, counted(kind, getattr(owner, name)))
    configs['ed'].model.regularizers.ed.every = 3
    times = step_times(dict(ed=configs['ed']), rounds=2, warm_up=1)
    assert counts == dict(steps=9, terms=3) and len(times['ed']) == 2
