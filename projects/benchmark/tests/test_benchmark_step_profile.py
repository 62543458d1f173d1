"""What a training step is divided into."""

import time

import numpy as np
import pytest
from toy_models import ED, model_config, runner_config, teacher_file

from projects.benchmark.speed.step_profile import PARTS, step_profile


@pytest.fixture
def configs(tmp_path):
    checkpoint = teacher_file(tmp_path / 'teacher.pth')
    return {
        name: runner_config(
            tmp_path / name, model_config(checkpoint, regularizers=terms)
        )
        for name, terms in (('ft', {}), ('ed', ED))
    }


def test_parts_are_where_the_time_is_spent(configs, monkeypatch):
    from mmpose_ctd.models.losses import EncoderDistillLoss
    from mmpose_ctd.models.teachers import SourceModel

    def slower(cls, name, pause):
        call = getattr(cls, name)

        def paused(self, *args, **kwargs):
            time.sleep(pause)
            return call(self, *args, **kwargs)

        monkeypatch.setattr(cls, name, paused)

    slower(EncoderDistillLoss, 'distance', 0.2)
    slower(SourceModel, 'forward', 0.4)
    parts = step_profile(configs, rounds=2, warm_up=1)
    assert set(parts) == {'ft', 'ed'}
    assert all(tuple(p) == PARTS for p in parts.values())
    ed = {part: s.min() for part, s in parts['ed'].items()}
    assert 0.2 < ed['regularisers'] < 0.35
    assert 0.4 < ed['teacher forward'] < 0.55
    # Plain fine-tuning has neither, exactly.
    assert not parts['ft']['regularisers'].any()
    assert not parts['ft']['teacher forward'].any()
    for part in ('student forward', 'head and L_R', 'backward', 'optimiser'):
        assert (parts['ft'][part] > 0).all()


def test_parts_add_up_to_the_step(configs, monkeypatch):
    from projects.benchmark.speed import step_profile as module

    whole = []

    class Steps(module.TrainingSteps):
        def one(self):
            begin = time.perf_counter()
            super().one()
            whole.append(time.perf_counter() - begin)

    monkeypatch.setattr(module, 'TrainingSteps', Steps)
    parts = step_profile(dict(ed=configs['ed']), rounds=3, warm_up=1)['ed']
    total = np.sum(list(parts.values()), axis=0)
    np.testing.assert_allclose(total, whole[1:], rtol=0.02, atol=1e-3)
