"""Training steps of configs in processes of their own."""

import os
from pathlib import Path

import pytest
from toy_models import ED, model_config, runner_config, teacher_file

from projects.benchmark.speed.opponents import naive
from projects.benchmark.speed.steps_apart import step_times_apart

TESTS = Path(__file__).resolve().parents[3] / 'tests' / 'helpers'


@pytest.fixture
def configs(tmp_path, monkeypatch):
    paths = [str(TESTS), os.environ.get('PYTHONPATH', '')]
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(paths))
    checkpoint = teacher_file(tmp_path / 'teacher.pth')
    made = {}
    for name, terms in (('ft', {}), ('ed', ED)):
        model = model_config(checkpoint, regularizers=terms)
        made[name] = runner_config(tmp_path / name, model)
        made[name].custom_imports = dict(imports=['mmpose_ctd', 'toy_models'])
    return made


@pytest.mark.slow
def test_each_has_its_rounds_and_a_failure_costs_no_other(configs):
    broken = configs['ft'].copy()
    broken.optim_wrapper = dict(
        type='OptimWrapper', optimizer=dict(type='Adam', lr=-1.0)
    )
    systems = dict(configs, naive=naive(configs['ed']), broken=broken)
    taken, failed = step_times_apart(systems, configs['ed'], 3, warm_up=1)
    assert list(taken) == ['ft', 'ed', 'naive']
    assert all(t.shape == (3,) and (t > 0).all() for t in taken.values())
    assert list(failed) == ['broken']
    assert 'learning rate' in failed['broken'].lower()


@pytest.mark.slow
def test_one_after_another(configs):
    one = dict(ed=configs['ed'])
    taken, failed = step_times_apart(one, configs['ed'], 2, 0, alone=True)
    assert taken['ed'].shape == (2,) and not failed
