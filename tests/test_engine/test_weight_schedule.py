import pytest

from mmpose_ctd.engine.weight_schedule import WeightSchedule
from mmpose_ctd.errors import InputError


def factors(segments, total=10):
    schedule = WeightSchedule(segments, total, 'here')
    return [schedule.factor(t) for t in range(total)]


def test_constant_is_one_factor_for_good():
    assert factors(dict(type='constant')) == [1] * 10
    assert factors(dict(type='constant', factor=0.3, end=4)) == [0.3] * 10


def test_stop_is_zero_from_its_end_on():
    assert factors(dict(type='stop', end=4)) == [1] * 4 + [0] * 6
    halved = dict(type='stop', end=4, factor=0.5)
    assert factors(halved) == [0.5] * 4 + [0] * 6


def test_linear_is_a_straight_line_from_first_to_last():
    line = dict(
        type='linear', begin=2, end=6, start_factor=0.2, end_factor=1.0
    )
    wanted = [0.2, 0.2, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1]
    assert factors(line) == pytest.approx(wanted)


def test_by_default_a_line_falls_from_one_to_zero_over_the_training():
    values = factors(dict(type='linear'))
    assert values[0] == 1 and 0 < values[-1] < 0.11
    assert values == sorted(values, reverse=True)
    # Exactly 0, or the teacher would go on.
    assert WeightSchedule(dict(type='linear'), 10, '').factor(10) == 0


def test_segments_follow_each_other_and_hold_in_between():
    segments = [
        dict(type='linear', start_factor=0, end_factor=1, end=2),
        dict(type='constant', factor=0.7, begin=4, end=5),
        dict(type='stop', factor=0.1, end=8),
    ]
    wanted = [0, 0.5, 1, 1, 0.7, 0.1, 0.1, 0.1, 0, 0]
    assert factors(segments) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ('segments', 'last'),
    [
        (dict(type='constant'), 9),
        (dict(type='constant', factor=0), -1),
        (dict(type='stop', end=4), 3),
        (dict(type='stop', end=400), 9),
        (dict(type='linear', end=7), 6),
        (
            [
                dict(type='stop', end=2),
                dict(type='linear', begin=5, end=6, end_factor=0),
            ],
            5,
        ),
    ],
)
def test_it_knows_when_it_is_active_last(segments, last):
    assert WeightSchedule(segments, 10, 'here').last_active() == last


@pytest.mark.parametrize(
    ('segments', 'where', 'found'),
    [
        (3, '', '3'),
        ([], '', '[]'),
        (['linear'], '', "['linear']"),
        (dict(type='linear', power=2), '', "['power']"),
        (dict(type='linear', by_epoch=True), '', "['by_epoch']"),
        (dict(type='constant', end_factor=0), '', "['end_factor']"),
        (dict(type='stop'), '.end', 'not set'),
        (dict(type='linear', begin=-1), '.begin', '-1'),
        (dict(type='linear', begin=1.5), '.begin', '1.5'),
        (dict(type='linear', end=True), '.end', 'True'),
        (dict(type='linear', begin=5, end=5), '.end', '5'),
        (dict(type='linear', begin=12), '.end', '10'),
        (dict(type='linear', start_factor=-1), '.start_factor', '-1'),
        (dict(type='linear', end_factor='0'), '.end_factor', "'0'"),
        (dict(type='stop', end=1, factor=float('nan')), '.factor', 'nan'),
        (
            [dict(type='stop', end=5), dict(type='linear', begin=4)],
            '.begin',
            '4',
        ),
    ],
)
def test_what_is_wrong_is_named(segments, where, found):
    with pytest.raises(InputError) as error:
        factors(segments)
    assert error.value.where == f'here{where}'
    assert found in error.value.found


@pytest.mark.parametrize('kind', [None, 'poly', 'cosine'])
def test_an_unknown_type_is_refused(kind):
    with pytest.raises(InputError) as error:
        factors([dict(type='stop', end=2), dict(type=kind)])
    assert error.value.where == 'here.type'
    assert error.value.found == repr(kind)
    assert "'linear'" in error.value.expected
    # Earlier versions had it.
    assert bool(error.value.cure) == (kind == 'cosine')
