"""Distances, ME, CED, FR and AUC, against loops over Python's own floats."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from refusals import refused

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import (
    area_under_ced,
    cumulative_error_distribution,
    failure_rate,
    image_errors,
    mean_error,
    point_errors,
)

POINTS = arrays(np.float64, (3, 4, 2), elements=st.floats(-1e4, 1e4, width=32))
SEEN = arrays(np.int64, (3, 4), elements=st.integers(0, 2))
ERRORS = arrays(
    np.float64,
    st.integers(1, 30),
    elements=st.floats(0, 20, allow_subnormal=False),
)
STATISTICS = [
    mean_error,
    lambda e: failure_rate(e, 5),
    lambda e: area_under_ced(e, 5),
    lambda e: cumulative_error_distribution(e, [5.0])[0],
]


@settings(max_examples=20)
@given(pred=POINTS, gt=POINTS, visible=SEEN)
def test_distances_agree_with_a_loop(pred, gt, visible):
    errors = point_errors(pred, gt, visible)
    for i in range(3):
        for k in range(4):
            expected = math.nan
            if visible[i, k]:
                expected = math.dist(pred[i, k], gt[i, k])
            assert errors[i, k] == pytest.approx(expected, nan_ok=True)


def test_an_invisible_truth_may_hold_anything():
    gt = np.array([[[0.0, 0.0], [np.nan, np.inf]]])
    for hidden in (0, np.nan):
        errors = point_errors(np.ones((1, 2, 2)), gt, [[1, hidden]])
        assert errors[0, 0] == pytest.approx(math.sqrt(2))
        assert math.isnan(errors[0, 1])


@pytest.mark.parametrize('bad', [np.nan, np.inf])
def test_points_that_are_not_finite_are_refused(bad):
    zeros, points = np.zeros((2, 3, 2)), np.zeros((2, 3, 2))
    points[1, 2, 0] = bad
    # A prediction even where it is invisible, a truth where it is visible.
    for args in (
        (points, zeros, zeros[..., 0]),
        (zeros, points, zeros[..., 0] + 1),
    ):
        with pytest.raises(InputError, match='image 1, landmark 2'):
            point_errors(*args)


@pytest.mark.parametrize(
    'pred, gt, visible',
    [
        ((2, 4, 3), (2, 4, 3), (2, 4)),
        ((2, 4, 2), (2, 5, 2), (2, 4)),
        ((2, 4, 2), (2, 4, 2), (2, 4, 2)),
    ],
)
def test_wrong_shapes_are_refused(pred, gt, visible):
    with pytest.raises(InputError):
        point_errors(np.zeros(pred), np.zeros(gt), np.ones(visible))


def test_image_errors_average_the_visible_landmarks_only():
    errors = image_errors([[1.0, np.nan, 4.0], [np.nan] * 3, [2.0, 2.0, 5.0]])
    np.testing.assert_array_equal(errors, [2.5, np.nan, 3.0])
    with pytest.raises(InputError):
        image_errors(np.zeros(3))


@given(errors=ERRORS, threshold=st.floats(0.5, 30))
def test_statistics_agree_with_loops_and_the_integral(errors, threshold):
    e = errors.tolist()
    assert mean_error(errors) == pytest.approx(sum(e) / len(e))
    over = sum(x > threshold for x in e) / len(e)
    assert failure_rate(errors, threshold) == pytest.approx(over)
    ced = cumulative_error_distribution(errors, threshold)
    assert ced == pytest.approx(1 - over)
    # The CED is constant between errors: integrate it piece by piece.
    inside = np.sort(errors[errors < threshold])
    corners = np.concatenate([[0.0], inside, [threshold]])
    levels = cumulative_error_distribution(errors, corners[:-1])
    area = (levels * np.diff(corners)).sum() / threshold
    assert area_under_ced(errors, threshold) == pytest.approx(area, abs=1e-9)


def test_an_error_equal_to_the_threshold_is_no_failure():
    assert failure_rate([5.0, 5.0001], 5) == 0.5
    assert cumulative_error_distribution([5.0, 5.0001], 5) == 0.5
    assert area_under_ced(np.zeros(7), 5) == 1.0


@settings(max_examples=30)
@given(errors=ERRORS, factor=st.floats(0.01, 100), seed=st.integers(0, 9))
def test_unit_order_and_unmeasured_images_do_not_matter(errors, factor, seed):
    # An error on the threshold itself may round to either side.
    assume(np.abs(errors - 5).min() > 1e-9)
    mixed = np.concatenate([errors, [np.nan, np.nan]])
    np.random.default_rng(seed).shuffle(mixed)
    for statistic in STATISTICS:
        assert statistic(mixed) == pytest.approx(statistic(errors))
    for statistic in (failure_rate, area_under_ced):
        assert statistic(mixed * factor, 5 * factor) == pytest.approx(
            statistic(errors, 5), abs=1e-9
        )


@pytest.mark.parametrize('statistic', STATISTICS)
@pytest.mark.parametrize(
    'errors', [[], [np.nan], [1.0, np.inf], [1.0, -0.5], np.ones((2, 3))]
)
def test_wrong_errors_are_refused(statistic, errors):
    with pytest.raises(InputError):
        statistic(errors)


@pytest.mark.parametrize('threshold', [0, -1, np.nan, np.inf, 'wide'])
def test_a_threshold_is_positive_and_finite(threshold):
    for statistic in (failure_rate, area_under_ced):
        with refused('threshold'):
            statistic([1.0], threshold)
    with pytest.raises(InputError):
        cumulative_error_distribution([1.0], [1.0, np.nan])
