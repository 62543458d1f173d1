"""Two processes give what one does on the same global batch."""

import pytest
import torch
from equal_runs import SYSTEMS, config_of, evaluate, everything, scaled, train
from toy_models import teacher_file
from two_processes import in_two_processes

pytestmark = pytest.mark.slow
# Parameters are of the order of 1; six steps of Adam at 1e-2 move them by
# 0.05. Sums in another order differ in the last bits.
ROUNDING = 2e-6
EQUAL = [name for name in SYSTEMS if name != 'BatchNorm']


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('runs')


@pytest.fixture(scope='module')
def teacher(folder):
    return teacher_file(folder / 'teacher.pth')


@pytest.fixture(scope='module')
def two(folder, teacher):
    """Results of two processes, by rank."""
    return in_two_processes(everything, (str(folder), teacher))


def alone(folder, name, teacher, batch_size=4):
    work_dir = folder / f'{name} alone in {batch_size}'
    return train(config_of(name, str(work_dir), teacher, batch_size))


def distance(ours, theirs):
    """The largest difference of two runs' parameters."""
    assert ours['learned'].keys() == theirs['learned'].keys()
    return max(
        float((ours['learned'][n] - theirs['learned'][n]).abs().max())
        for n in ours['learned']
    )


@pytest.mark.parametrize('name', EQUAL)
def test_two_processes_learn_what_one_learns(name, two, folder, teacher):
    one = alone(folder, name, teacher)
    first, second = (result['trained'][name] for result in two)
    assert distance(first, second) == 0
    assert distance(first, one) < ROUNDING
    # Not since nothing has moved.
    start = config_of(name, str(folder / f'{name} start'), teacher, 4)
    start.optim_wrapper.optimizer.lr = 0.0
    assert distance(train(start), one) > 0.01


@pytest.mark.parametrize('name', EQUAL)
def test_unused_parameters_are_not_searched_for(name, two):
    assert two[0]['trained'][name]['unused'] is False


def test_half_the_global_batch_is_another_run(two, folder, teacher):
    other = alone(folder, 'FT', teacher, batch_size=2)
    # Twice the steps on half the images each.
    assert distance(two[0]['trained']['FT'], other) > 0.01


def test_a_process_logs_the_loss_of_its_own_images(two, folder, teacher):
    one = alone(folder, 'ED', teacher)['losses']
    first, second = (result['trained']['ED']['losses'] for result in two)
    torch.testing.assert_close((first + second) / 2, one, rtol=1e-5, atol=0)
    assert (first - one).abs().max() > 1e-3


def test_batch_norms_in_training_mode_see_their_own_images(
    two, folder, teacher
):
    one = alone(folder, 'BatchNorm', teacher)
    first, second = (result['trained']['BatchNorm'] for result in two)
    assert distance(first, second) == 0
    assert distance(first, one) > 1e-3


def test_the_learning_rate_scales_with_the_global_batch(two, folder, teacher):
    one = scaled(str(folder / 'scaled alone'), teacher, 4)
    both = two[0]['scaled']
    assert set(two[0]['trained']['FT']['rates']) == {1e-2}
    assert set(both['rates']) == set(one['rates']) == {2e-2}
    assert distance(both, one) < ROUNDING


@pytest.mark.parametrize('round_up', [True, False])
def test_metrics_of_two_processes_are_those_of_one(
    round_up, two, folder, teacher
):
    one = evaluate(str(folder / f'test {round_up}'), teacher, round_up)
    first, second = (result['evaluated'][round_up] for result in two)
    assert one['report']['num_images'] == 7
    assert first['scalars'] == pytest.approx(one['scalars'], rel=1e-6)
    assert second['scalars'] == first['scalars']
    for key in ('num_images', 'num_subjects', 'num_ignored'):
        assert first['report'][key] == one['report'][key]
    assert first['report']['image_errors'] == pytest.approx(
        one['report']['image_errors'], rel=1e-6
    )
    assert second['report'] is None
