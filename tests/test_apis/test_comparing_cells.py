"""What the runs of a plan are called."""

import pytest

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
