"""What is cut out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_ctd.datasets.preparation.picture import frame_box, frame_image

shares = st.floats(0, 1)


@settings(max_examples=50)
@given(
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.lists(st.tuples(shares, shares), min_size=1, max_size=8),
    st.tuples(shares, shares, shares, shares),
    st.floats(0, 3),
    st.sampled_from([None, 16, 256, 1024]),
    st.booleans(),
)
def test_a_frame_is_square_and_holds_all_points(
    width, height, places, corners, margin, size, enlarge
):
    image = np.array([width, height])
    points = np.array(places) * (image - 1)
    x0, y0, x1, y1 = corners
    low = np.minimum((x0, y0), (x1, y1)) * image
    high = np.maximum((x0, y0), (x1, y1)) * image
    crop = frame_box(
        (*low, *(high - low)), points, margin, (width, height), size, enlarge
    )
    assert crop.width == crop.height
    assert crop.out_width == crop.out_height
    moved = crop.forward(points)
    assert (moved >= -0.5).all()
    assert (moved <= crop.out_width - 0.5).all()
    if size is None:
        assert crop.out_width == crop.width
    elif enlarge:
        assert crop.out_width == size
    else:
        assert crop.out_width == min(size, crop.width)
    # Where it fits into the image, it lies there.
    if crop.width <= min(width, height):
        assert 0 <= crop.x <= width - crop.width
        assert 0 <= crop.y <= height - crop.height


def test_margin_and_centre_are_as_asked():
    points = np.array([[500.0, 400.0], [540.0, 420.0]])
    box = (460, 360, 100, 80)
    crop = frame_box(box, points, 0.5, (1000, 900), None)
    assert (crop.width, crop.x, crop.y) == (200, 410, 300)


def test_a_frame_larger_than_the_photograph_is_cut_to_it():
    points = np.array([[100.0, 90.0], [140.0, 120.0]])
    crop = frame_box((60, 60, 120, 120), points, 1, (240, 200), None)
    assert crop.width == 200
    assert crop.y == 0


def test_it_reaches_beyond_only_for_points():
    points = np.array([[0.0, 50.0], [299.0, 50.0]])
    crop = frame_box((100, 20, 60, 60), points, 0, (300, 100), None)
    assert crop.width > 300
    assert crop.y < 0


@pytest.mark.parametrize(
    'image, size, enlarge, expected',
    [
        ((400, 300), None, False, (400, 300)),
        ((400, 300), 200, False, (200, 150)),
        ((300, 400), 200, False, (150, 200)),
        ((400, 300), 800, False, (400, 300)),
        ((400, 300), 800, True, (800, 600)),
        ((4000, 1), 16, False, (16, 1)),
    ],
)
def test_a_whole_photograph_keeps_its_shape(image, size, enlarge, expected):
    crop = frame_image(image, size, enlarge)
    assert (crop.x, crop.y, crop.width, crop.height) == (0, 0, *image)
    assert (crop.out_width, crop.out_height) == expected
