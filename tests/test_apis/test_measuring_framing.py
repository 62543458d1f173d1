"""Frames: what the network sees of a photograph."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landmark_set import smooth_noise

from mmpose_ctd.apis.measuring.framing import (
    Frame,
    cut_frame,
    fit_template,
    frame_by_template,
    landmark_template,
)

RANDOM = np.random.default_rng(0)
SHAPE = RANDOM.uniform(0.25, 0.75, (7, 2))


def test_units_go_from_corner_to_corner():
    frame = Frame(10, 20, 40, 80)
    # Pixel centres have whole coordinates: the corner is half a pixel off.
    corners = np.array([[9.5, 19.5], [49.5, 99.5]])
    np.testing.assert_allclose(frame.to_units(corners), [[0, 0], [1, 2]])
    np.testing.assert_allclose(
        frame.to_image(frame.to_units(corners)), corners
    )


@given(
    scale=st.floats(0.05, 50),
    x=st.floats(-100, 100),
    y=st.floats(-100, 100),
)
def test_fit_template_finds_scale_and_shift(scale, x, y):
    found, shift = fit_template(SHAPE, scale * SHAPE + (x, y))
    assert found == pytest.approx(scale, rel=1e-6)
    np.testing.assert_allclose(shift, [x, y], atol=1e-6 * (1 + scale))


def test_template_is_the_common_shape_at_the_median_place():
    scales = np.array([0.8, 0.9, 1.0, 1.1, 1.5])
    shifts = np.array([[0, 0.1], [0.1, 0], [0, 0], [-0.1, 0], [0, -0.1]])
    centre = SHAPE.mean(axis=0)
    faces = np.stack(
        [s * (SHAPE - centre) + centre + t for s, t in zip(scales, shifts)]
    )
    visible = np.ones(faces.shape[:2], bool)
    np.testing.assert_allclose(
        landmark_template(faces, visible), SHAPE, atol=1e-6
    )
    # A landmark that some faces lack is where the others have it.
    faces[1:3, 3] = 1e6
    visible[1:3, 3] = False
    np.testing.assert_allclose(
        landmark_template(faces, visible), SHAPE, atol=1e-3
    )
    visible[:, 5] = False
    template = landmark_template(faces, visible)
    assert np.isnan(template[5]).all() and np.isfinite(template[4]).all()


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_disorderly_landmarks_still_give_pixels(seed):
    random = np.random.default_rng(seed)
    points = random.normal(0, 10.0 ** random.integers(0, 6), SHAPE.shape)
    image = np.zeros((40, 60, 3), np.uint8)
    frame = frame_by_template(SHAPE, points, 1.0, (60, 40))
    picture, _ = cut_frame(image, frame, (32, 32))
    assert picture.shape[0] <= 32 and picture.shape[1] <= 32


def test_the_cut_shows_points_where_the_frame_says():
    """A bright spot's centroid, through cropping and shrinking."""
    image = np.zeros((400, 300, 3), np.uint8)
    truth = np.array([150.5, 220.0])
    image[210:231, 140:162] = 255  # its centroid is the truth
    for frame in (Frame(60, 100, 200, 200), Frame(-40, -20, 390, 390)):
        picture, shown = cut_frame(image, frame, (64, 64))
        weights = picture[..., 0].astype(float)
        rows, columns = np.indices(weights.shape)
        found = np.array([(weights * columns).sum(), (weights * rows).sum()])
        found = found / weights.sum()
        units = (found + 0.5) / picture.shape[1]
        # Of a pixel of the picture; grey levels are rounded.
        error = np.abs(shown.to_image(units) - truth).max()
        assert error < 0.03 * frame.width / 64


def test_the_cut_averages_and_never_enlarges():
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 200
    picture, _ = cut_frame(stripes, Frame(0, 0, 512, 512), (64, 64))
    # Reading single pixels would give 0 or 200.
    np.testing.assert_allclose(picture, 100, atol=1)
    small = smooth_noise(20, 20)
    picture, shown = cut_frame(small, Frame(0, 0, 20, 20), (64, 64))
    np.testing.assert_array_equal(picture, small)
    assert shown == (0, 0, 20, 20)


def test_outside_of_the_photograph_its_border_goes_on():
    image = smooth_noise(30, 20)
    picture, _ = cut_frame(image, Frame(-10, -5, 50, 50), (50, 50))
    np.testing.assert_array_equal(picture[:5, 10:40], image[:1].repeat(5, 0))
    np.testing.assert_array_equal(picture[5:25, 10:40], image)
