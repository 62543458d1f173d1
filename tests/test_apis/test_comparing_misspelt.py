"""Names of a plan that are nearly another's."""

import pytest
from comparing_place import jobs_of, make_place

from mmpose_ctd.apis.comparing.misspelt import (
    misspelt_option,
    misspelt_variable,
)
from mmpose_ctd.errors import InputError

CONFIG = dict(
    model=dict(test_cfg=dict(flip_test=False), stage1=1),
    optim_wrapper=dict(optimizer=dict(type='Adam', lr=1e-3)),
    param_scheduler=[dict(begin=0, end=10)],
)


@pytest.mark.parametrize(
    ('option', 'meant'),
    [
        ('model.test_cfg.flip_test', None),
        ('model.test_cfg.flip_tset', 'model.test_cfg.flip_test'),
        ('optim_wrapper.optimizer.lrr', 'optim_wrapper.optimizer.lr'),
        ('optim_wraper.optimizer.lr', 'optim_wrapper.optimizer.lr'),
        ('param_scheduler.0.ends', 'param_scheduler.0.end'),
        # New ones: a config need not name all that a class takes.
        ('optim_wrapper.optimizer.weight_decay', None),
        ('model.regularizers.ed.loss_weight', None),
        ('model.stage2', None),
        ('param_scheduler.3.end', None),
        ('optim_wrapper.optimizer.lr.x', None),
    ],
)
def test_options(option, meant):
    assert misspelt_option(option, CONFIG) == meant


@pytest.mark.parametrize(
    ('name', 'meant'),
    [
        ('SIDE', None),
        ('ROOT', None),
        ('DATA_ROOTS', 'DATA_ROOT'),
        ('OMP_NUM_THREADS', None),
        ('FACE_SIZ', 'FACE_SIZE'),
    ],
)
def test_variables_of_a_config_and_its_bases(tmp_path, name, meant):
    (tmp_path / 'base.py').write_text(
        "side = int('{{$SIDE:32}}')\nroot = '{{$ROOT:data}}'\n"
    )
    child = tmp_path / 'configs' / 'child.py'
    child.parent.mkdir()
    child.write_text(
        "_base_ = '../base.py'\n"
        "face = '{{ $FACE_SIZE:1 }}'\ndata = '{{$DATA_ROOT:data}}'\n"
    )
    assert misspelt_variable(name, str(child)) == meant


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        (
            dict(options={'optim_wrapper.optimizer.lrr': 1}),
            "'optim_wrapper.optimizer.lrr', which is not in plain.py; "
            "'optim_wrapper.optimizer.lr' is",
        ),
        (
            dict(environment={'TOY_SIED': 64}),
            "'TOY_SIED', which plain.py does not read; it reads 'TOY_SIDE'",
        ),
    ],
)
def test_a_plan_with_one_is_refused(tmp_path, monkeypatch, changes, words):
    monkeypatch.chdir(make_place(tmp_path))
    with pytest.raises(InputError) as told:
        jobs = jobs_of(tmp_path, **changes)
        list(jobs.finals({name: {} for name in jobs.plan.systems}))
    assert words in str(told.value)
