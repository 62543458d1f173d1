"""What is cut out, and coordinates in pixels of the upright photograph."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from refusals import refused

from mmpose_ctd.datasets.preparation.picture import (
    clicked_size,
    frame_box,
    frame_image,
    to_upright,
)
from mmpose_ctd.datasets.upright_image import PhotographSize

shares = st.floats(0, 1)
UPRIGHT = PhotographSize((60, 80))
#: 60x80 upright, stored as 80x60.
TURNED = PhotographSize((80, 60), 6)


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
    out = crop.width if size is None else min(size, crop.width)
    assert crop.out_width == (size if size and enlarge else out)
    # Where it fits into the image, it lies there.
    if crop.width <= min(width, height):
        assert 0 <= crop.x <= width - crop.width
        assert 0 <= crop.y <= height - crop.height


@pytest.mark.parametrize(
    'box, margin, points, image, expected',
    [
        # As asked; cut to the photograph; beyond it for points alone.
        ((460, 360, 100, 80), 0.5, (500, 540), (1000, 900), (410, 300, 200)),
        ((60, 60, 120, 120), 1, (90, 140), (240, 200), (20, 0, 200)),
        ((100, 20, 60, 60), 0, (0, 299), (300, 100), (-2, -3, 304)),
    ],
)
def test_margin_and_place_of_a_frame(box, margin, points, image, expected):
    low, high = points
    y = box[1] + box[3] / 2
    points = np.array([[low, y], [high, y]], dtype=float)
    crop = frame_box(box, points, margin, image, None)
    if expected[0] < 0:
        assert crop.width > image[0] and crop.y < 0
    else:
        assert (crop.x, crop.y, crop.width) == expected


@pytest.mark.parametrize(
    'image, size, enlarge, expected',
    [
        ((400, 300), None, False, (400, 300)),
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


@settings(max_examples=50)
@given(st.integers(1, 8), st.integers(1, 9), st.integers(1, 9), st.data())
def test_points_turn_as_pixels_do(orientation, width, height, data):
    """Pillow turns the pixels; the points must follow."""
    x = data.draw(st.integers(0, width - 1))
    y = data.draw(st.integers(0, height - 1))
    stored = np.zeros((height, width), np.uint8)
    stored[y, x] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(stored).save(file, 'PNG', exif=exif)
    upright = ImageOps.exif_transpose(Image.open(file))
    row, column = np.argwhere(np.asarray(upright) == 255)[0]
    photograph = PhotographSize((width, height), orientation)
    points = np.array([[x, y]], dtype=float)
    turned = to_upright(points, photograph, True, 0, False)
    assert turned.tolist() == [[column, row]]


@pytest.mark.parametrize(
    'frame, size, is_stored',
    [
        ('auto', None, False),
        ('auto', (60, 80), False),
        ('auto', (80, 60), True),
        ('stored', None, True),
        ('auto', (30, 40), None),
        ('upright', (80, 60), None),
    ],
)
def test_the_size_in_the_record_decides_the_frame(frame, size, is_stored):
    if is_stored is None:
        with refused(found=f'{size[0]}x{size[1]}'):
            clicked_size(TURNED, frame, size)
    else:
        stated = (80, 60) if is_stored else (60, 80)
        assert clicked_size(TURNED, frame, size) == (is_stored, stated)


@pytest.mark.parametrize(
    'photograph, first_pixel, y_up, point, expected',
    [
        (UPRIGHT, 1, False, (1, 1), (0, 0)),
        # The centre of the lowest pixel at the left.
        (UPRIGHT, 0.5, True, (0.5, 0.5), (0, 79)),
        (UPRIGHT, 1, True, (60, 80), (59, 0)),
        # Stored: column 0, lowest row 59; upright: first row, first column.
        (TURNED, 0, True, (0, 0), (0, 0)),
    ],
)
def test_axes_and_first_pixel(photograph, first_pixel, y_up, point, expected):
    points = np.array([point], dtype=float)
    is_stored = photograph is TURNED
    found = to_upright(points, photograph, is_stored, first_pixel, y_up)
    assert found.tolist() == [list(expected)]
