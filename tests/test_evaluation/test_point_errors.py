"""Distances of landmarks, against a loop over Python's own hypot."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmpose_ctd.evaluation.functional import image_errors, point_errors

POINTS = arrays(np.float64, (3, 4, 2), elements=st.floats(-1e4, 1e4, width=32))
SEEN = arrays(np.int64, (3, 4), elements=st.integers(0, 2))


@given(pred=POINTS, gt=POINTS, visible=SEEN)
def test_agrees_with_a_loop(pred, gt, visible):
    errors = point_errors(pred, gt, visible)
    for i in range(3):
        for k in range(4):
            if not visible[i, k]:
                assert math.isnan(errors[i, k])
                continue
            dx, dy = pred[i, k] - gt[i, k]
            assert errors[i, k] == pytest.approx(math.hypot(dx, dy))


@given(pred=POINTS, gt=POINTS, visible=SEEN, angle=st.floats(0, 6.28))
def test_does_not_depend_on_shift_or_rotation(pred, gt, visible, angle):
    c, s = math.cos(angle), math.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    np.testing.assert_allclose(
        point_errors(pred @ turn + 7, gt @ turn + 7, visible),
        point_errors(pred, gt, visible),
        rtol=1e-6,
        atol=1e-6,
    )


def test_an_invisible_truth_may_hold_anything():
    gt = np.array([[[0.0, 0.0], [np.nan, np.inf]]])
    errors = point_errors(np.ones((1, 2, 2)), gt, [[1, 0]])
    assert errors[0, 0] == pytest.approx(math.sqrt(2))
    assert math.isnan(errors[0, 1])


def test_a_visibility_of_nan_is_not_visible():
    errors = point_errors(
        np.ones((1, 2, 2)), np.zeros((1, 2, 2)), [[np.nan, 1.0]]
    )
    assert np.isnan(errors[0]).tolist() == [True, False]


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_a_non_finite_prediction_is_an_error_even_where_invisible(bad):
    pred = np.zeros((2, 3, 2))
    pred[1, 2, 0] = bad
    with pytest.raises(ValueError, match='image 1, landmark 2'):
        point_errors(pred, np.zeros((2, 3, 2)), np.zeros((2, 3)))


def test_a_non_finite_visible_truth_is_an_error():
    gt = np.full((1, 1, 2), np.nan)
    with pytest.raises(ValueError, match='gt is not finite in 1 of 1'):
        point_errors(np.zeros((1, 1, 2)), gt, np.ones((1, 1)))


@pytest.mark.parametrize(
    'pred, gt, visible, message',
    [
        ((4, 2), (4, 2), (4,), r'pred must be \(N, K, 2\)'),
        ((2, 4, 3), (2, 4, 3), (2, 4), r'pred must be \(N, K, 2\)'),
        ((2, 4, 2), (2, 5, 2), (2, 4), 'gt must have the shape'),
        ((2, 4, 2), (2, 4, 2), (2, 4, 2), r'visible must be \(N, K\)'),
        ((2, 4, 2), (2, 4, 2), (4, 2), r'visible must be \(N, K\)'),
    ],
)
def test_wrong_shapes_are_named(pred, gt, visible, message):
    with pytest.raises(ValueError, match=message):
        point_errors(np.zeros(pred), np.zeros(gt), np.ones(visible))


def test_image_errors_average_the_visible_landmarks_only():
    errors = image_errors([[1.0, np.nan, 4.0], [np.nan] * 3, [2.0, 2.0, 5.0]])
    np.testing.assert_array_equal(errors, [2.5, np.nan, 3.0])


def test_image_errors_want_a_matrix():
    with pytest.raises(ValueError, match=r'found shape \(3,\)'):
        image_errors(np.zeros(3))
