"""Pictures of synthetic faces, and landmarks that are exact."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_ctd.datasets.synthetic import LANDMARKS, render_face
from mmpose_ctd.datasets.synthetic.anatomy import landmarks
from mmpose_ctd.datasets.synthetic.parameters import (
    MARGIN,
    sample_imaging,
    sample_person,
)

INDEX = {name: i for i, name in enumerate(LANDMARKS)}
SIZE = 256


def sample(seed, site='north'):
    rng = np.random.default_rng(seed)
    person = sample_person(rng)
    return person, sample_imaging(rng, person, site)


def projection(person, imaging):
    shape = imaging.express(person.shape)
    return shape, imaging.projection(shape, SIZE)


def truth(person, imaging):
    """The landmarks, without drawing the face."""
    shape, to = projection(person, imaging)
    return to.to_image(landmarks(shape))


@pytest.mark.parametrize('seed', range(2))
def test_pixels_and_landmarks_go_through_the_same_map(seed):
    """Sampled at a landmark's pixel, the pixel grid gives the landmark."""
    shape, to = projection(*sample(seed))
    face = landmarks(shape)
    pixels = to.to_image(face)
    np.testing.assert_allclose(to.to_face(pixels), face, atol=1e-6)
    for axis, grid in enumerate(to.grid(SIZE)):
        here = cv2.remap(
            grid, *pixels.astype('f4').T, interpolation=cv2.INTER_LINEAR
        )
        assert np.abs(here[:, 0] - face[:, axis]).max() * to.scale < 0.02


def painted_change(person, imaging, **looks):
    """Where the picture changes when the person's looks do, (H, W)."""
    first, second = (
        render_face(p, imaging, SIZE)[0].astype(float)
        for p in (person, replace(person, **looks))
    )
    change = np.abs(first - second).sum(-1)
    return change / change.max()


def frontal(seed):
    """A face without makeup, seen large and straight from the front."""
    person, imaging = sample(seed)
    imaging = replace(
        imaging, roll=0.0, yaw=0.0, pitch=0.0, scale=0.45,
        centre=(0.5, 0.25), lip_gap=0.0, blur=0.0, noise=0.0, jpeg=None,
    )  # fmt: skip
    shape = replace(
        person.shape, lean=0.0, mouth_tilt=0.0, brow_tilt=0.0, larger=0.0
    )
    person = replace(
        person, makeup=0.0, beard=False, stubble=0.0, shape=shape,
        hair_style='bald',
    )  # fmt: skip
    return person, imaging


@pytest.mark.parametrize('seed', range(2))
def test_landmarks_lie_on_the_edges_of_what_is_painted(seed):
    person, imaging = frontal(seed)
    points = dict(zip(LANDMARKS, truth(person, imaging)))
    # The border of the vermilion.
    inside = painted_change(person, imaging, lips=(0.05, 0.5, 0.05)) > 0.25
    rows, columns = np.nonzero(inside)
    for name, edge in (('R', columns.min()), ('L', columns.max())):
        assert abs(edge - points[f'cheilion_{name}'][0]) < 5
    for name in ('crista_philtri_R', 'labrale_superius', 'crista_philtri_L'):
        x, y = points[name]
        column = np.nonzero(inside[:, round(x)])[0]
        assert abs(column.min() - 0.5 - y) < 1.5, name
    assert abs(rows.max() + 0.5 - points['labrale_inferius'][1]) < 1.5
    # The ends of the eyes; the colour fades towards caruncle and lashes.
    change = painted_change(person, imaging, sclera=(0.1, 0.9, 0.1))
    _, columns = np.nonzero(change > 0.1)
    middle = points['subnasale'][0]
    for ends, first, last in (
        (columns[columns < middle], 'exocanthion_R', 'endocanthion_R'),
        (columns[columns > middle], 'endocanthion_L', 'exocanthion_L'),
    ):
        assert -1 < ends.min() - points[first][0] < 5
        assert -1 < points[last][0] - ends.max() < 5
    # A beard grows down to the edge of the chin, and not on the neck.
    x, y = points['gnathion']
    person = replace(person, beard=True, stubble=1.0)
    change = painted_change(person, imaging, hair=(0.05, 0.9, 0.05))
    column = np.nonzero(change[:, round(x)] > 0.1)[0]
    assert abs(column.max() + 0.5 - y) < 1.5


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(['north', 'south']))
def test_landmarks_lie_inside_and_in_anatomical_order(seed, name):
    person, imaging = sample(seed, name)
    points = truth(person, imaging)
    assert points.min() >= MARGIN * SIZE - 0.51
    assert points.max() <= (1 - MARGIN) * SIZE - 0.49
    assert abs(imaging.roll) < np.radians(12.5)
    x, y = (points - points[INDEX['subnasale']]).T
    cos, sin = np.cos(imaging.roll), np.sin(imaging.roll)
    x, y = cos * x + sin * y, cos * y - sin * x
    for right in (n for n in LANDMARKS if n.endswith('_R')):
        assert x[INDEX[right]] < x[INDEX[right[:-1] + 'L']], right
    assert (np.diff(x[:4]) > 0).all()
    downwards = (
        'endocanthion_R', 'subnasale', 'philtrum_top_R', 'philtrum_bottom_R',
        'labrale_superius', 'stomion', 'labrale_inferius', 'gnathion',
    )  # fmt: skip
    assert (np.diff(y[[INDEX[name] for name in downwards]]) > 0).all()
