"""mmpose_ctd gradient-balance as a user types it, on toy networks."""

import re

import pytest
import torch
from tool_server import run_tool
from toy_models import ED, build, model_config, teacher_file
from toy_tool import write_toy_config

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp('place')
    teacher_file(place / 'teacher.pth')
    model = model_config('teacher.pth', regularizers=ED)
    write_toy_config(place / 'ed.py', model)
    trained = build(str(place / 'teacher.pth'), regularizers=ED)
    torch.save(dict(state_dict=trained.state_dict()), place / 'iter_9.pth')
    return place


def call(place, *arguments):
    return run_tool('gradient_balance.py', *arguments, cwd=place)


def test_it_prints_each_loss_of_the_start_and_of_the_checkpoint(place):
    done = call(place, 'ed.py', 'end=iter_9.pth', '--batches', '1')
    assert done.returncode == 0, done.stderr
    assert 'batches of training: 1' in done.stdout
    for name in ('start', 'end'):
        assert re.search(
            rf'{name}\W+landmarks\W+.*1\.00\W+\+1\.00', done.stdout
        )
        assert re.search(rf'{name}\W+ed\W+\d', done.stdout)
    # The same seed, the same start.
    again = call(place, 'ed.py', 'end=iter_9.pth', '--batches', '1')
    # Before the tables: log lines, with their times.
    tables = [
        one.stdout.partition('batches of training')[2] for one in (done, again)
    ]
    assert tables[0] and tables[0] == tables[1]


@pytest.mark.parametrize(
    ('arguments', 'told'),
    [
        (['ed.py', 'nowhere.pth'], 'nowhere.pth'),
        (['ed.py', 'iter_9.pth', 'iter_9.pth'], 'called iter_9.pth, too'),
        (['ed.py', '--batches', '0'], '--batches 0: expected at least 1'),
        (
            ['ed.py', '--cfg-options', 'model.regularizers.ed.loss_weight=0.'],
            'none has a loss_weight other than 0',
        ),
    ],
)
def test_what_is_wrong_is_told_in_a_line(place, arguments, told):
    done = call(place, *arguments)
    assert done.returncode == 2 and 'Traceback' not in done.stderr
    assert told in done.stderr
