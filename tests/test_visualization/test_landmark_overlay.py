"""Marks are where the points are, on one face and on a sheet."""

import numpy as np
import pytest

from mmpose_ctd.visualization import _canvas as canvas
from mmpose_ctd.visualization import (
    draw_landmarks,
    landmark_grid,
    landmark_overlay,
    landmark_sheet,
)

GREY = np.full((128, 128, 3), 128, dtype=np.uint8)


def mask(picture, colour):
    """Where a picture has a colour, up to the softness of drawn edges."""
    distance = np.abs(picture.astype(int) - colour).max(axis=-1)
    return distance < 60


def centre_of(picture, colour):
    """Mean position (x, y) of the pixels of a colour."""
    y, x = np.nonzero(mask(picture, colour))
    assert x.size, f'no pixel of {colour}'
    return np.array([x.mean(), y.mean()])


def drawn(picture, colour):
    return int(mask(picture, colour).sum())


def draw(image, pred, truth, visible=None, error=1.0, unit='px', **kwargs):
    visible = np.ones(len(truth), bool) if visible is None else visible
    return draw_landmarks(image, pred, truth, visible, error, unit, **kwargs)


@pytest.mark.parametrize('point', [(64.0, 64.0), (20.25, 100.5), (100.0, 9.0)])
def test_marks_lie_on_their_points_after_enlargement(point):
    truth = np.array([point])
    pred = truth + (8, -4)
    picture = draw(GREY, pred, truth)[:768]
    # Each pixel became 6 x 6; its centre lies 2.5 after its corner.
    expected = truth[0] * 6 + 2.5
    # The line joins ring and dot and is of the prediction's colour.
    assert np.abs(centre_of(picture, canvas.TRUTH) - expected).max() < 1.5
    dot = picture[tuple((pred[0] * 6 + 2.5).round().astype(int)[::-1])]
    assert tuple(dot) == canvas.PREDICTION


def test_a_line_joins_prediction_and_truth_if_that_is_visible():
    truth, pred = np.array([[30.0, 64.0]]), np.array([[90.0, 64.0]])
    picture = draw(GREY, pred, truth)
    assert drawn(picture[380:394, 350:370], canvas.PREDICTION) >= 20
    picture = draw(GREY, pred, truth, np.array([False]))[:768]
    assert drawn(picture, canvas.TRUTH) == 0
    assert np.abs(centre_of(picture, canvas.PREDICTION) - 542.5).min() < 1
    assert (picture[380:394, 350:370] == 128).all()


def test_image_is_enlarged_never_shrunk_and_not_changed():
    face = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    before = face.copy()
    points = np.array([[10.0, 10.0]])
    picture = draw(face, points, points)
    assert picture.shape[1] == 1152 and picture.shape[0] > 768
    np.testing.assert_array_equal(face, before)
    large = np.full((900, 1000, 3), 128, np.uint8)
    assert draw(large, points, points).shape[1] == 1000


def test_margin_shows_only_the_landmarks():
    truth = np.array([[40.0, 40.0], [60.0, 60.0]])
    whole, near = (
        draw(GREY, truth, truth),
        draw(GREY, truth, truth, margin=0.3),
    )
    assert near.shape == whole.shape
    near, whole = (
        np.ptp(np.nonzero(mask(one[:768], canvas.TRUTH))[1])
        for one in (near, whole)
    )
    assert near > 2.5 * whole


def test_grid_has_a_row_for_each_system_and_a_column_for_each_face(
    monkeypatch,
):
    captions = []

    def text_bar(width, left='', right='', **kwargs):
        captions.extend(filter(None, (left, right)))
        return canvas.text_bar(width, left, right, **kwargs)

    monkeypatch.setattr(landmark_overlay, 'text_bar', text_bar)
    rng = np.random.default_rng(0)
    truth = rng.uniform(30, 90, size=(3, 5, 2))
    images = [GREY, GREY, np.full((200, 150, 3), 90, np.uint8)]
    systems = {'FT': truth + [3, 4], 'CTD-ED': truth + [0, 1]}
    # One wild prediction shrinks no face.
    systems['wild'] = truth.copy()
    systems['wild'][0, 0] = 1e5, -1e5
    visible = np.ones((3, 5), bool)
    picture = landmark_grid(images, systems, truth, visible, 'abc')
    assert captions[:14] == [
        text
        for system, error in (('FT', '5.00 px'), ('CTD-ED', '1.00 px'))
        for text in (system, *(t for name in 'abc' for t in (name, error)))
    ]
    assert picture.shape[1] == 3 * 400 + 4 * 8
    assert 3 * 400 < picture.shape[0] < 4 * 400
    for part in np.array_split(picture[:-40], 3):
        assert drawn(part, canvas.TRUTH) and drawn(part, canvas.PREDICTION)


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
    drawn = landmark_sheet([image], [points], [*IS_COLOUR], ['a'])
    factor = 360 / max(size)
    left = (360 - round(width * factor)) // 2
    top = (360 - round(height * factor)) // 2
    for (name, is_colour), share in zip(IS_COLOUR.items(), shares):
        x, y = share * size * factor - 0.5 + (left, top)
        pixel = drawn[round(y), round(x)].tolist()
        assert is_colour(*pixel), (name, pixel)


def test_pictures_fill_rows_and_missing_landmarks_are_not_drawn():
    one, three = (
        landmark_sheet(
            [GREY] * n, [np.zeros((3, 3))] * n, [*IS_COLOUR], ['a'] * n
        )
        for n in (5, 11)
    )
    assert three.shape[1] == one.shape[1]
    assert three.shape[0] > 2.5 * one.shape[0]
    assert (one[:360, :360] == 128).all()
