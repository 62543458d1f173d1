"""Measures against plane geometry, and what a list of them must be."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import (
    Measurement,
    measure,
    measurement_units,
    measurements_of_set,
    parse_measurements,
    standard_measurements,
)

NAMES = ['a', 'b', 'c', 'd']
LIST = [
    dict(name='ab', landmarks=['a', 'b']),
    dict(name='cd', kind='distance', landmarks=['c', 'd']),
    dict(name='abc', kind='angle', landmarks=['a', 'b', 'c']),
    dict(name='ab_cd', kind='ratio', distances=['ab', 'cd']),
]
MEASURES = parse_measurements(LIST, NAMES)
# A 3-4-5 triangle abc with its right angle at b, and d.
FACE = np.array([[0.0, 3.0], [0.0, 0.0], [4.0, 0.0], [4.0, 6.0]])
PLACES = st.lists(
    st.floats(-1e3, 1e3).map(lambda v: round(v, 3)), min_size=8, max_size=8
).map(lambda values: np.array(values).reshape(4, 2))


def one(points, **kwargs):
    values = measure(points[None], None, NAMES, MEASURES, **kwargs)
    return {name: float(value[0]) for name, value in values.items()}


def test_a_right_angled_triangle():
    assert one(FACE) == {
        'ab': 3.0,
        'cd': 6.0,
        'abc': pytest.approx(90),
        'ab_cd': 0.5,
    }
    assert measurement_units(MEASURES) == {
        'ab': 'px',
        'cd': 'px',
        'abc': 'deg',
        'ab_cd': '1',
    }


def test_each_image_has_its_own_scale_and_one_may_be_unknown():
    values = measure(
        np.stack([FACE] * 3), None, NAMES, MEASURES, [1.0, 2.0, math.nan]
    )
    np.testing.assert_array_equal(values['ab'], [3, 6, np.nan])
    np.testing.assert_array_equal(values['ab_cd'], [0.5, 0.5, 0.5])
    assert values['abc'] == pytest.approx([90, 90, 90])
    assert measurement_units(MEASURES, mm=True)['ab'] == 'mm'


@settings(max_examples=30)
@given(PLACES)
def test_an_angle_is_that_of_the_law_of_cosines(points):
    a, b, c = points[:3]
    arms = math.dist(a, b), math.dist(b, c)
    found = one(points)['abc']
    if min(arms) == 0:
        assert math.isnan(found)
        return
    cosine = (arms[0] ** 2 + arms[1] ** 2 - math.dist(a, c) ** 2) / (
        2 * arms[0] * arms[1]
    )
    assert math.cos(math.radians(found)) == pytest.approx(cosine, abs=1e-4)
    assert 0 <= found <= 180


def test_what_is_not_seen_is_not_measured():
    points = np.stack([FACE] * 4)
    points[1, 0] = np.nan
    points[2, 3] = -7, 9
    points[3, 3] = points[3, 2]
    visible = np.ones((4, 4))
    visible[2, 3] = 0
    values = measure(points, visible, NAMES, MEASURES)
    np.testing.assert_array_equal(np.isnan(values['ab']), [0, 1, 0, 0])
    np.testing.assert_array_equal(np.isnan(values['cd']), [0, 0, 1, 0])
    np.testing.assert_array_equal(np.isnan(values['abc']), [0, 1, 0, 0])
    np.testing.assert_array_equal(np.isnan(values['ab_cd']), [0, 1, 1, 1])
    values = measure(np.zeros((0, 4, 2)), None, NAMES, MEASURES)
    assert {len(value) for value in values.values()} == {0}


@pytest.mark.parametrize(
    'entry',
    [
        'ab',
        dict(name=' ', landmarks=['a', 'b']),
        dict(name='x', kind='area', landmarks=['a', 'b']),
        dict(name='x', landmarks=['a']),
        dict(name='x', landmarks=['a', 'a']),
        dict(name='x', landmarks=['a', 'nose']),
        dict(name='x', kind='angle', landmarks=['a', 'b']),
        dict(name='x', kind='ratio', distances=['ab', 'z']),
        dict(name='x', landmarks=['a', 'b'], unit='mm'),
        LIST[0],
    ],
)
def test_a_wrong_entry_is_refused(entry):
    with pytest.raises(InputError) as error:
        parse_measurements([entry, LIST[0]], NAMES, 'faces.json')
    assert error.value.where.startswith('faces.json')
    assert error.value.found and error.value.expected


def test_a_list_is_a_list_and_survives_a_file():
    with pytest.raises(InputError):
        parse_measurements(LIST[0], NAMES)
    stored = [measurement.to_dict() for measurement in MEASURES]
    assert parse_measurements(stored, NAMES) == MEASURES


@pytest.mark.parametrize(
    'arguments',
    [
        dict(points=FACE),
        dict(points=FACE[None, :3]),
        dict(mm_per_px=0),
        dict(mm_per_px=[1.0, 2.0]),
    ],
)
def test_shapes_and_scales_are_checked(arguments):
    arguments = dict(points=FACE[None], visible=None) | arguments
    with pytest.raises(InputError):
        measure(names=NAMES, measurements=MEASURES, **arguments)


# ------------------------------------------------------- standard measures


def names_of(landmarks):
    return [found.name for found in standard_measurements(landmarks)]


def test_one_side_is_measured_on_its_side():
    right = ['exocanthion_R', 'endocanthion_R']
    assert names_of(right) == ['palpebral_fissure_length_R']
    unnamed = ['exocanthion', 'endocanthion']
    assert names_of(unnamed) == ['palpebral_fissure_length']
    # Right and left corners of two different eyes are no fissure.
    assert names_of(['exocanthion_R', 'endocanthion_L']) == []
    # An index needs both its distances.
    eyes = ['exocanthion_R', 'endocanthion_R', 'endocanthion_L']
    assert 'intercanthal_index' not in names_of(eyes)
    assert names_of([*eyes, 'exocanthion_L'])[-1] == 'intercanthal_index'


def test_the_config_overrides_the_file_which_overrides_the_standard():
    eye = ['exocanthion_R', 'endocanthion_R']
    meta = dict(keypoint_id2name=dict(enumerate(eye)))
    assert [m.name for m in measurements_of_set(meta)] == [
        'palpebral_fissure_length_R'
    ]
    meta['measurements'] = [dict(name='own', landmarks=eye)]
    assert [m.name for m in measurements_of_set(meta)] == ['own']
    given = [Measurement('given', 'distance', tuple(eye))]
    assert [m.name for m in measurements_of_set(meta, given)] == ['given']
    meta['measurements'] = []
    assert measurements_of_set(meta) == ()


def test_standard_measures_are_found_in_any_spelling():
    spelled = ['exocanthionRight', 'exocanthion-l', 'Endocanthion r']
    found = {m.name: m.of for m in standard_measurements(spelled)}
    assert found == {
        'outer_canthal_distance': ('exocanthionRight', 'exocanthion-l'),
        'palpebral_fissure_length_R': ('exocanthionRight', 'Endocanthion r'),
    }
    # Which of two is meant, nobody knows.
    assert not standard_measurements(['alare-R', 'alare-r', 'alare l'])
