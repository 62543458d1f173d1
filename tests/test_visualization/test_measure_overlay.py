"""The overlay of a measured face."""

import cv2
import numpy as np
import pytest

from mmpose_ctd.visualization.measure_overlay import draw_measures

POINTS = np.array([[100.0, 80], [200, 80], [150, 220]])
VALUES = {
    'width': (100.0, 90.0, 110.0, 'px'),
    'height': (np.nan, np.nan, np.nan, ''),
    'a_very_long_name_of_a_measure_that_nobody_would_choose': (
        1.0,
        np.nan,
        np.nan,
        'ratio',
    ),
}


def draw(image=None, points=POINTS, radii=(5.0, 5.0, 5.0), status='measured'):
    image = np.full((300, 300, 3), 128, 'u1') if image is None else image
    radii = None if radii is None else np.array(radii)
    return draw_measures(
        image, points, radii, VALUES, dict(width=(0, 1)), status
    )


def test_all_pictures_have_one_size_and_leave_the_photograph_alone():
    image = np.full((300, 300, 3), 128, np.uint8)
    sizes = {draw(image).shape}
    assert (image == 128).all()
    sizes.add(draw(cv2.resize(image, (40, 60)), POINTS / 8).shape)
    sizes.add(draw(cv2.resize(image, (3000, 2000)), POINTS * 9).shape)
    sizes.add(draw(points=POINTS * 1e3).shape)
    assert len(sizes) == 1


def test_dots_lie_on_the_landmarks():
    """Against a photograph that has a mark of its own there."""
    picture = draw(radii=None)[:, :900]
    orange = (picture == (0, 140, 255)).all(axis=-1)
    count, _, _, centres = cv2.connectedComponentsWithStats(
        orange.astype(np.uint8)
    )
    assert count - 1 == 3
    found = centres[1:][np.argsort(centres[1:, 1] * 1e4 + centres[1:, 0])]
    # Distances in the picture are those of the photograph, enlarged.
    ratio = np.linalg.norm(found[1] - found[2]) / np.hypot(50, 140)
    other = np.linalg.norm(found[0] - found[1]) / 100
    assert ratio == pytest.approx(other, rel=0.02)


def test_circles_and_bar_tell_the_status():
    sure, unsure = draw(), draw(radii=None, status='check')

    def is_green(picture):
        blue, green, red = np.moveaxis(picture[:, :900].astype(int), -1, 0)
        return ((green > red + 100) & (green > blue + 50)).any()

    assert is_green(sure) and not is_green(unsure)
    assert tuple(sure[5, 905]) != tuple(unsure[5, 905])
