"""Points and the photograph they were clicked in."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from mmpose_ctd.datasets.annotation_formats import Refused
from mmpose_ctd.datasets.preparation.upright_points import (
    clicked_size,
    to_upright,
    turn_upright,
)
from mmpose_ctd.datasets.upright_image import Photograph, read_photograph


@given(
    st.integers(1, 8),
    st.integers(1, 9),
    st.integers(1, 9),
    st.data(),
)
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


@pytest.fixture
def turned(tmp_path):
    """60x80 upright, stored as 80x60."""

    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new('RGB', (80, 60)).save(tmp_path / 'a.png', exif=exif)
    return read_photograph(tmp_path / 'a.png')


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
def test_the_size_in_the_record_tells_the_frame(
    turned, frame, size, is_stored
):
    found = clicked_size(turned, frame, size)
    assert found == (is_stored, (80, 60) if is_stored else (60, 80))


@pytest.mark.parametrize(
    'frame, size, words',
    [
        ('auto', (30, 40), 'labelled at 30x40 pixels.*has 60x80'),
        ('upright', (80, 60), '--frame upright means 60x80'),
        ('stored', (60, 80), '--frame stored means 80x60'),
    ],
)
def test_another_size_is_refused(turned, frame, size, words):
    with pytest.raises(Refused, match=words):
        clicked_size(turned, frame, size)


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
    photograph = Photograph(np.zeros((80, 60, 3), np.uint8), 1)
    points = np.array([point], dtype=float)
    found = to_upright(points, photograph, False, first_pixel, y_up)
    assert found.tolist() == [list(expected)]


def test_the_lower_edge_is_that_of_the_frame_clicked_in(turned):
    """y up in the stored pixels, 60 high, turned right by 90 degrees."""
    points = np.array([[0.0, 0.0]])
    found = to_upright(points, turned, True, 0, True)
    # Stored: column 0, lowest row 59; upright: first row, first column.
    assert found.tolist() == [[0, 0]]
