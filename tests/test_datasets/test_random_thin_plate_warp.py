"""The warp moves landmarks as it moves the image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.dataset import Compose
from scipy.interpolate import RBFInterpolator

from mmpose_ctd.datasets.transforms import RandomThinPlateWarp
from mmpose_ctd.datasets.transforms.random_thin_plate_warp import (
    _MAX_STRAIN,
    _Warp,
)
from mmpose_ctd.errors import InputError


def dots(points, width, height, sigma=2.0):
    """A picture of one soft dot for each point, (n, H, W), in float32."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.stack(
        [
            np.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * sigma**2))
            for a, b in points
        ]
    )


def peaks(pictures):
    """The highest place of each picture, by a parabola through its log."""
    found = []
    for picture in pictures:
        log = np.log(np.maximum(picture, 1e-6)).astype(float)
        y, x = np.unravel_index(picture.argmax(), picture.shape)
        patch = log[y - 1 : y + 2, x - 1 : x + 2].ravel()
        v, u = np.mgrid[-1:2, -1:2].reshape(2, -1)
        design = np.stack([u * u, u * v, v * v, u, v, np.ones(9)], -1)
        a, b, c, d, e, _ = np.linalg.lstsq(design, patch, rcond=None)[0]
        step = np.linalg.solve([[2 * a, b], [b, 2 * c]], [-d, -e])
        found.append([x + step[0], y + step[1]])
    return np.array(found)


def warped(points, width=128, height=128, seed=0, **settings):
    """Dots and points through the registered transform."""
    np.random.seed(seed)
    results = dict(
        # Channels last, as many as there are dots.
        img=dots(points, width, height).transpose(1, 2, 0).copy(),
        transformed_keypoints=np.array(points, np.float32)[None],
    )
    pipeline = Compose([dict(type='RandomThinPlateWarp', **settings)])
    results = pipeline(results)
    return results['img'].transpose(2, 0, 1), results['transformed_keypoints'][
        0
    ]


POINTS = [(30.2, 40.7), (64.0, 64.0), (101.5, 33.3), (88.8, 97.1)]


@pytest.mark.parametrize('size, seed', [((128, 128), 0), ((96, 160), 1)])
def test_a_dot_ends_where_its_landmark_says(size, seed):
    points = np.array(POINTS) * np.array(size) / 128
    pictures, moved = warped(points, *size, seed=seed, amplitude=0.03)
    assert np.abs(moved - points).max() > 1.0
    # OpenCV reads between pixels in steps of 1/32.
    np.testing.assert_allclose(peaks(pictures), moved, atol=0.05)
    # The other way about would be off by twice the displacement.
    wrong = 2 * points - moved
    assert np.abs(peaks(pictures) - wrong).max() > 1.5


def test_the_field_is_the_thin_plate_spline_of_scipy():
    random = np.random.default_rng(0)
    draw = random.standard_normal((25, 2))
    warp = _Warp(draw, 100, 80)
    x, y = np.meshgrid(np.linspace(0, 99, 5), np.linspace(0, 79, 5))
    controls = np.stack([x.ravel(), y.ravel()], -1)
    design = np.hstack([np.ones((25, 1)), controls])
    bending = draw - design @ np.linalg.lstsq(design, draw, rcond=None)[0]
    oracle = RBFInterpolator(controls, bending, kernel='thin_plate_spline')
    places = random.uniform(0, 79, (50, 2))
    expected = oracle(places)
    found = warp.displacement(places)
    # All of it may have been made smaller.
    ratio = (found * expected).sum() / (expected**2).sum()
    assert 0 < ratio <= 1 + 1e-9
    np.testing.assert_allclose(found, ratio * expected, atol=1e-8)
    # An affine change of the control points therefore does nothing at all.
    affine = _Warp(design @ np.array([[3, 1], [0.1, 0], [0, 0.2]]), 100, 80)
    assert np.abs(affine.displacement(controls)).max() < 1e-9


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    grid=st.integers(3, 12),
    amplitude=st.floats(0.001, 0.2),
)
def test_it_is_one_to_one_and_points_are_its_inverse(seed, grid, amplitude):
    random = np.random.default_rng(seed)
    width, height = random.integers(24, 80, 2)
    draw = random.standard_normal((grid**2, 2)) * amplitude * 64
    warp = _Warp(draw, width, height)
    x, y = warp.sources()
    # The backward map's Jacobian is positive: nothing folds over.
    jacobian = np.diff(x, axis=1)[:-1] * np.diff(y, axis=0)[:, :-1]
    jacobian -= np.diff(x, axis=0)[:, :-1] * np.diff(y, axis=1)[:-1]
    assert jacobian.min() >= (1 - _MAX_STRAIN) ** 2 * 0.99
    points = random.uniform(0, 1, (20, 2)) * warp.last
    moved = warp.forward(points)
    np.testing.assert_allclose(
        moved + warp.displacement(moved), points, atol=2e-4
    )


def test_seed_and_probability_decide():
    first, second, other = (warped(POINTS, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert not np.array_equal(first[1], other[1])
    for arguments in (dict(prob=0.0), dict(amplitude=0.0)):
        pictures, moved = warped(POINTS, **arguments)
        assert np.array_equal(pictures, dots(POINTS, 128, 128))
        assert np.array_equal(moved, np.float32(POINTS))
    # Later draws do not depend on the probability.
    after = []
    for prob in (0.0, 1.0):
        warped(POINTS, prob=prob)
        after.append(np.random.random())
    assert after[0] == after[1]


def test_types_visibility_and_the_given_points_stay():
    np.random.seed(0)
    image = np.random.randint(0, 256, (64, 64, 3), np.uint8)
    points = np.zeros((1, 4, 3), np.float32)
    points[..., :2] = [(-9, 25), (32, 70), (1e6, -1e6), (0, 0)]
    points[..., 2] = [0, 1, 2, 1]
    before = points.copy()
    found = RandomThinPlateWarp(0.05).transform(
        dict(img=image, transformed_keypoints=points)
    )
    moved = found['transformed_keypoints']
    assert found['img'].dtype == np.uint8
    assert found['img'].shape == image.shape
    assert moved.dtype == np.float32 and np.array_equal(points, before)
    assert np.array_equal(moved[..., 2], points[..., 2])
    # Landmarks outside of the input stay outside and finite.
    assert moved[0, 0, 0] < 0 and moved[0, 1, 1] > 63
    np.testing.assert_allclose(moved[0, 2, :2], points[0, 2, :2], atol=30)


def test_wrong_arguments_and_places_are_refused():
    for argument in (dict(amplitude=-0.1), dict(prob=1.5), dict(grid=2)):
        ((name, value),) = argument.items()
        with pytest.raises(InputError, match=f'{name}={value}'):
            RandomThinPlateWarp(**argument)
    with pytest.raises(InputError, match='TopdownAffine'):
        RandomThinPlateWarp().transform(dict(img=np.zeros((8, 8, 3))))
