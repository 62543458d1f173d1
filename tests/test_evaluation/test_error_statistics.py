"""ME, CED, FR and AUC, against loops."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmpose_ctd.evaluation.functional import (
    area_under_ced,
    cumulative_error_distribution,
    failure_rate,
    mean_error,
)

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


@given(errors=ERRORS, threshold=st.floats(0.1, 30))
def test_agree_with_loops(errors, threshold):
    e = errors.tolist()
    assert mean_error(errors) == pytest.approx(sum(e) / len(e))
    over = sum(x > threshold for x in e) / len(e)
    assert failure_rate(errors, threshold) == pytest.approx(over)
    within = sum(x <= threshold for x in e) / len(e)
    ced = cumulative_error_distribution(errors, threshold)
    assert ced == pytest.approx(within)


def test_an_error_equal_to_the_threshold_is_no_failure():
    assert failure_rate([5.0, 5.0001], 5) == 0.5
    assert cumulative_error_distribution([5.0, 5.0001], 5) == 0.5


@given(errors=ERRORS, threshold=st.floats(0.5, 30))
def test_area_is_the_integral_of_the_ced(errors, threshold):
    # The CED is constant between errors: integrate it piece by piece.
    inside = np.sort(errors[errors < threshold])
    corners = np.concatenate([[0.0], inside, [threshold]])
    levels = cumulative_error_distribution(errors, corners[:-1])
    area = (levels * np.diff(corners)).sum() / threshold
    assert area_under_ced(errors, threshold) == pytest.approx(area, abs=1e-9)


@given(errors=ERRORS, factor=st.floats(0.01, 100))
def test_area_and_failures_do_not_depend_on_the_unit(errors, factor):
    # An error on the threshold itself may round to either side.
    assume(np.abs(errors - 5).min() > 1e-9)
    assert area_under_ced(errors * factor, 5 * factor) == pytest.approx(
        area_under_ced(errors, 5), abs=1e-9
    )
    assert failure_rate(errors * factor, 5 * factor) == failure_rate(errors, 5)


@given(errors=ERRORS, seed=st.integers(0, 9))
def test_order_and_unmeasured_images_do_not_matter(errors, seed):
    mixed = np.concatenate([errors, [np.nan, np.nan]])
    np.random.default_rng(seed).shuffle(mixed)
    for statistic in STATISTICS:
        assert statistic(mixed) == pytest.approx(statistic(errors))


def test_perfection_scores_one_exactly():
    assert area_under_ced(np.zeros(7), 5) == 1.0


@pytest.mark.parametrize('statistic', STATISTICS)
@pytest.mark.parametrize(
    'errors, message',
    [
        ([], 'errors is empty'),
        ([np.nan, np.nan], 'all 2 errors are NaN'),
        ([1.0, np.inf], '1 of 2 errors are infinite'),
        ([1.0, -0.5], 'must not be negative, found -0.5'),
        (np.ones((2, 3)), r'must be a vector \(N,\), found shape \(2, 3\)'),
    ],
)
def test_errors_that_are_none_are_refused(statistic, errors, message):
    with pytest.raises(ValueError, match=message):
        statistic(errors)


@pytest.mark.parametrize('threshold', [0, -1, np.nan, np.inf, 'wide'])
@pytest.mark.parametrize('statistic', [failure_rate, area_under_ced])
def test_a_threshold_is_positive_and_finite(statistic, threshold):
    with pytest.raises(ValueError, match='threshold must be'):
        statistic([1.0], threshold)


def test_nan_thresholds_are_refused():
    with pytest.raises(ValueError, match='thresholds holds NaN'):
        cumulative_error_distribution([1.0], [1.0, np.nan])
