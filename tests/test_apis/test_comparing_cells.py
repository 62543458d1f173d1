"""What the runs of a plan are called."""

import pytest
from comparing_place import LR, finals_of, jobs_of

from mmpose_ctd.apis.comparing.cells import _name


@pytest.mark.parametrize(
    ('settings', 'name'),
    [
        ({}, ''),
        ({'optim_wrapper.optimizer.lr': 1e-3}, 'lr=0.001'),
        (
            {
                'model.regularizers.ed.loss_weight': 10.0,
                'model.regularizers.cd.loss_weight': 30.0,
                'optim_wrapper.optimizer.lr': 1e-3,
            },
            'ed.loss_weight=10.0, cd.loss_weight=30.0, optimizer.lr=0.001',
        ),
        ({'lr': 1, 'head.lr': 2}, 'lr=1, head.lr=2'),
    ],
)
def test_a_trials_name_tells_its_settings_apart(settings, name):
    assert _name(settings) == name


def test_the_narrower_environment_wins(place):
    jobs = jobs_of(
        place,
        environment={'TOY_SIDE': 16},
        systems=dict(
            plain='plain.py',
            averaged=dict(config='averaged.py', environment={'TOY_SIDE': 64}),
        ),
        search=dict(
            budget=4,
            seeds=[0],
            pool='splits/pool.txt',
            subjects=3,
            systems={'averaged': {LR: [1e-3]}},
        ),
        studies=dict(
            main=dict(
                budgets=[4],
                seeds=[0],
                environment={'TOY_SIDE': 32},
                variants={'other': {'environment': {'TOY_SIDE': 128}}},
            )
        ),
    )
    sides = {
        (test.cell.system, test.cell.variant.name): test.cell.environment
        for test in finals_of(jobs)
    }
    assert {key: env['TOY_SIDE'] for key, env in sides.items()} == {
        ('plain', ''): '32',
        ('averaged', ''): '64',
        ('plain', 'other'): '128',
        ('averaged', 'other'): '128',
    }
    # What the system says holds for its trials, too.
    (_, _, (trial,)) = next(jobs.trials())
    assert trial.cell.environment == {'TOY_SIDE': '64'}
