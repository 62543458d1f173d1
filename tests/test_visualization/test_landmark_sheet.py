"""Contact sheets of labelled pictures."""

import numpy as np
import pytest

from mmpose_ctd.visualization import landmark_sheet

NAMES = ('eye_R', 'eye_L', 'chin')
# BGR: orange, blue, green.
IS_COLOUR = {
    'eye_R': lambda b, g, r: r > 200 and b < 60,
    'eye_L': lambda b, g, r: b > 200 and r < 60,
    'chin': lambda b, g, r: g > 150 and r < 90 and b < 90,
}


@pytest.mark.parametrize('size', [(64, 64), (40, 80), (900, 700)])
def test_each_landmark_has_its_colour_in_its_place(size):
    width, height = size
    shares = np.array([[0.25, 0.3], [0.75, 0.3], [0.5, 0.8]])
    points = np.column_stack([shares * size - 0.5, [2, 2, 2]])
    image = np.full((height, width, 3), 128, np.uint8)
    sheet = landmark_sheet([image], [points], NAMES, ['a'])
    factor = 360 / max(size)
    left = (360 - round(width * factor)) // 2
    top = (360 - round(height * factor)) // 2
    for name, share in zip(NAMES, shares):
        x, y = share * size * factor - 0.5 + (left, top)
        pixel = sheet[round(y), round(x)].tolist()
        assert IS_COLOUR[name](*pixel), (name, pixel)


def test_a_missing_landmark_is_not_drawn():
    image = np.full((50, 50, 3), 128, np.uint8)
    none = np.zeros((3, 3))
    sheet = landmark_sheet([image], [none], NAMES, ['a'])
    assert (sheet[:360, :360] == 128).all()


def test_pictures_fill_rows():
    image = np.zeros((50, 50, 3), np.uint8)
    points = [np.zeros((3, 3))] * 11
    one = landmark_sheet([image] * 5, points[:5], NAMES, 'abcde')
    three = landmark_sheet([image] * 11, points, NAMES, 'abcdefghijk')
    assert three.shape[1] == one.shape[1]
    assert three.shape[0] > 2.5 * one.shape[0]


@pytest.mark.parametrize(
    'images, keypoints, titles, words',
    [
        (0, 0, 0, '0 images'),
        (2, 1, 2, '1 arrays'),
        (1, 1, 2, '2 titles'),
    ],
)
def test_lengths_must_agree(images, keypoints, titles, words):
    image = np.zeros((9, 9, 3), np.uint8)
    with pytest.raises(ValueError, match=words):
        landmark_sheet(
            [image] * images,
            [np.zeros((3, 3))] * keypoints,
            NAMES,
            ['a'] * titles,
        )


def test_another_number_of_landmarks_is_refused():
    image = np.zeros((9, 9, 3), np.uint8)
    with pytest.raises(ValueError, match=r"'a' are \(2, 3\)"):
        landmark_sheet([image], [np.zeros((2, 3))], NAMES, ['a'])
