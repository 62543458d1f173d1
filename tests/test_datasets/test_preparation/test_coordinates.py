"""Coordinates of a file in pixels of the upright photograph."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from PIL import Image, ImageOps

from mmpose_ctd.datasets.annotation_formats import Refused
from mmpose_ctd.datasets.preparation.coordinates import (
    clicked_size,
    in_pixels,
    to_upright,
    turn_upright,
)
from mmpose_ctd.datasets.upright_image import PhotographSize

#: 60x80 upright, stored as 80x60.
TURNED = PhotographSize((80, 60), 6)


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
    points = np.array([[x, y]], dtype=float)
    turned = turn_upright(points, orientation, (width, height))
    assert turned.tolist() == [[column, row]]


@pytest.mark.parametrize(
    'frame, size, is_stored',
    [
        ('auto', None, False),
        ('auto', (60, 80), False),
        ('auto', (80, 60), True),
        ('stored', None, True),
        ('stored', (80, 60), True),
        ('upright', None, False),
        ('upright', (60, 80), False),
    ],
)
def test_the_size_in_the_record_decides_the_frame(frame, size, is_stored):
    found = clicked_size(TURNED, frame, size)
    assert found == (is_stored, (80, 60) if is_stored else (60, 80))


@pytest.mark.parametrize(
    'frame, size, found',
    [
        ('auto', (30, 40), '30x40'),
        ('upright', (80, 60), '--frame upright'),
        ('stored', (60, 80), '--frame stored'),
    ],
)
def test_another_size_is_refused(frame, size, found):
    with pytest.raises(Refused) as error:
        clicked_size(TURNED, frame, size)
    assert found in error.value.found and error.value.cure


@pytest.mark.parametrize(
    'first_pixel, y_up, point, expected',
    [
        (0, False, (0, 0), (0, 0)),
        (1, False, (1, 1), (0, 0)),
        (0.5, False, (0.5, 0.5), (0, 0)),
        # The centre of the lowest pixel at the left.
        (0, True, (0, 0), (0, 79)),
        (0.5, True, (0.5, 0.5), (0, 79)),
        (1, True, (60, 80), (59, 0)),
    ],
)
def test_axes_and_first_pixel(first_pixel, y_up, point, expected):
    points = np.array([point], dtype=float)
    photograph = PhotographSize((60, 80))
    found = to_upright(points, photograph, False, first_pixel, y_up)
    assert found.tolist() == [list(expected)]


def test_the_lower_edge_is_that_of_the_frame_clicked_in():
    """y up in the stored pixels, 60 high, turned right by 90 degrees."""
    found = to_upright(np.array([[0.0, 0.0]]), TURNED, True, 0, True)
    # Stored: column 0, lowest row 59; upright: first row, first column.
    assert found.tolist() == [[0, 0]]


def test_units_become_pixels():
    ends = np.array([[0.1, 0.5], [0.2, 0.5]])
    found = in_pixels(ends, 'share', (400, 200), None)
    assert_allclose(found, [[40, 100], [80, 100]])
    assert_allclose(in_pixels(ends, 'scaled', (400, 200), 0.1), ends * 10)
    assert_allclose(in_pixels(ends, '50', (400, 200), None), ends * 50)
    with pytest.raises(Refused):
        in_pixels(ends, 'scaled', (400, 200), None)
