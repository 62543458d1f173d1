"""Crops: pixels and points stay together."""

import numpy as np
import pytest
from clinic_folder import dotted, spot_near
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mmpose_ctd.datasets.image_crop import ImageCrop

sizes = st.integers(1, 6000)
starts = st.integers(-4000, 4000)


@settings(max_examples=40)
@given(starts, starts, sizes, sizes, sizes, sizes)
def test_corners_of_the_crop_become_corners_of_the_result(
    x, y, width, height, out_w, out_h
):
    crop = ImageCrop(x, y, width, height, out_w, out_h)
    corners = np.array([[x, y], [x + width, y + height]]) - 0.5
    expected = np.array([[0, 0], [out_w, out_h]]) - 0.5
    assert_allclose(crop.forward(corners), expected, atol=1e-6)


@pytest.mark.parametrize('out', [64, 173, 256])
def test_a_spot_is_found_where_its_point_goes(out):
    points = np.array([[81.3, 72.9], [150.0, 160.25], [203.6, 101.5]])
    image = dotted(points, (280, 240), sigma=4)
    crop = ImageCrop(41, 30, 200, 200, out, out)
    picture = crop.pixels(image)
    for point in crop.forward(points):
        found = spot_near(picture, point, radius=round(16 * out / 200))
        assert_allclose(found, point, atol=0.03)


def test_fine_stripes_do_not_alias():
    image = np.zeros((300, 300, 3), np.uint8)
    image[:, ::2] = 255
    picture = ImageCrop(0, 0, 300, 300, 64, 64).pixels(image)
    # Reading single pixels would give 0 and 255.
    assert np.abs(picture.astype(float) - 127.5).max() < 30
