"""Planted problems of points are found, and nothing else."""

import cv2
import numpy as np
import pytest

EYES = [
    ('exocanthion_R', 'exocanthion_L'),
    ('endocanthion_R', 'endocanthion_L'),
]
MOUTH = [
    ('cheilion_R', 'cheilion_L'),
    ('crista_philtri_R', 'crista_philtri_L'),
]
ALL = range(24)


def every_pair(faulty):
    rights = [name for name in faulty.names if name.endswith('_R')]
    return [(name, name[:-1] + 'L') for name in rights]


@pytest.mark.parametrize(
    'places, pairs',
    [
        ([5], MOUTH[1:]),
        ([0, 3, 4, 11], EYES),
        ([0, 3, 4, 11], [('alar_base_R', 'alar_base_L')]),
        (ALL, EYES),
    ],
)
def test_exchanged_pairs_and_groups(faulty, places, pairs):
    faulty.exchange(places, *pairs)
    (finding,) = faulty.found(('left-right', 'error'))
    # Of the whole set no single image is named.
    assert finding.photos == (() if places is ALL else tuple(places))
    assert {*finding.landmarks} == {name for pair in pairs for name in pair}


def test_all_pairs_of_a_face_or_of_the_set(faulty):
    faulty.exchange([7], *every_pair(faulty))
    (finding,) = faulty.found(('left-right', 'error'))
    assert finding.photos == (7,) and 'all pairs' in finding.message
    faulty.exchange({*ALL} - {7}, *every_pair(faulty))
    (finding,) = faulty.found(('left-right', 'warning'))
    assert finding.photos == () and 'in most faces' in finding.message


def test_faces_that_are_right_in_a_set_that_is_not(faulty):
    faulty.exchange({*ALL} - {2, 9}, *EYES)
    whole, single = faulty.found(*[('left-right', 'error')] * 2)
    assert (whole.photos, single.photos) == ((), (2, 9))


def test_too_few_faces_to_compare_with_exchanged_eyes(faulty):
    faulty.keep(3)
    faulty.exchange(range(3), *EYES)
    finding, note = faulty.found(('left-right', 'error'), ('outliers', 'note'))
    assert {*finding.landmarks} == {name for pair in EYES for name in pair}
    assert '3 labelled faces' in note.message


def test_names_that_are_off_by_one(faulty):
    for place in ALL:
        faulty.change(
            place, lambda v: v.__setitem__(slice(None), np.roll(v, 1, 0))
        )
    findings = faulty.check().findings
    (finding,) = [f for f in findings if str(f.severity) == 'error']
    assert finding.check == 'left-right' and finding.photos == ()
    assert '--count-from' in finding.message


def test_names_in_the_wrong_order(faulty):
    faulty.exchange([9], ('subnasale', 'labrale_inferius'))
    (finding,) = faulty.found(('order', 'error'))
    assert finding.photos == (9,)
    assert finding.landmarks == ('subnasale', 'labrale_inferius')


def test_a_misplaced_point_and_where_it_belongs(faulty):
    k = faulty.names.index('alar_base_R')
    true = faulty.annotations[3]['keypoints'][3 * k : 3 * k + 2]

    def misplace(values):
        values[k, :2] += (9, 7)

    faulty.change(3, misplace)
    (finding,) = faulty.found(('outliers', 'warning'))
    assert finding.photos == (3,) and finding.landmarks == ('alar_base_R',)
    # Closer to the truth than to the planted point.
    expected = finding.expected['alar_base_R']
    assert np.linalg.norm(np.subtract(expected, true)) < 4
    assert finding.score > 6
    faulty.found(outlier_z=1e6)


def test_a_face_that_lies_on_its_side(faulty):
    def turn(values):
        values[:, 0], values[:, 1] = values[:, 1].copy(), 127 - values[:, 0]

    faulty.change(6, turn)
    (finding,) = faulty.found(('pose', 'warning'), ignore=['face-fit'])
    assert finding.photos == (6,)
    assert finding.score == pytest.approx(90, abs=15)


@pytest.mark.parametrize('y, severity', [(140.0, 'warning'), (900.0, 'error')])
def test_points_out_of_the_frame(faulty, y, severity):
    k = faulty.names.index('gnathion')
    faulty.change(2, lambda v: v.__setitem__((k, 1), y))
    (finding,) = faulty.found(('frame', severity))
    assert finding.photos == (2,) and finding.landmarks == ('gnathion',)


def test_points_of_a_copy_of_half_the_size(faulty):
    faulty.change(
        5, lambda v: v.__setitem__((slice(None), slice(2)), v[:, :2] / 2)
    )
    (finding,) = faulty.found(('face-fit', 'warning'))
    assert finding.photos == (5,)


@pytest.mark.parametrize('empty, reported', [([5], True), ([3, 5, 7], False)])
def test_a_photograph_without_a_face(faulty, empty, reported):
    """It is odd if nearly all the others show one."""
    for place in empty:
        noise = np.random.default_rng(place).integers(0, 255, (128, 128, 3))
        cv2.imwrite(str(faulty.file(place)), noise.astype(np.uint8))
    for finding in faulty.found(*[('face-fit', 'warning')] * reported):
        assert finding.photos == (5,)


def test_implausible_scales_are_one_finding_a_direction(faulty):
    for image in faulty.images:
        image['mm_per_px'] = 1.2
    faulty.found()
    for place, scale in ((2, 0.02), (3, 0.03), (4, 0.02), (7, 8.0)):
        faulty.images[place]['mm_per_px'] = scale
    small, large = faulty.found(*[('scale', 'error')] * 2)
    assert small.photos == (2, 3, 4) and large.photos == (7,)
    assert 'mm_per_px=0.02 to 0.03 ' in small.message
