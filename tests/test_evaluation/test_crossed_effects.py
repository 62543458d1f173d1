"""Seeds and subjects as samples: against loops, ANOVA and simulation."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats.anova import anova_lm

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import (
    bootstrap_interval,
    crossed_bootstrap_interval,
    crossed_effects_interval,
)


def crossed(seeds=3, subjects=40, spread=(0.05, 0.1, 0.1), mean=0.0, rng=0):
    rng = np.random.default_rng(rng)
    of_seed, of_subject, rest = spread
    return (
        mean
        + rng.normal(0, of_seed, (seeds, 1))
        + rng.normal(0, of_subject, (1, subjects))
        + rng.normal(0, rest, (seeds, subjects))
    )


def test_equal_seeds_leave_the_interval_over_subjects():
    """Then seeds do not matter, and the draws are the same."""
    values = np.repeat(crossed()[:1], 4, axis=0)
    groups = np.arange(40) // 2
    np.testing.assert_allclose(
        crossed_bootstrap_interval(values, groups),
        bootstrap_interval(values[0], groups),
    )


def test_bootstrap_is_that_of_a_loop():
    values = crossed(seeds=4, subjects=12)
    groups = np.repeat([7, 3, 5, 1], [1, 5, 2, 4])
    rng = np.random.default_rng(5)
    means = []
    for _ in range(6000):
        seeds = rng.integers(0, 4, 4)
        people = rng.choice([1, 3, 5, 7], 4)
        images = np.concatenate([np.flatnonzero(groups == p) for p in people])
        means.append(values[np.ix_(seeds, images)].mean())
    expected = np.quantile(means, [0.025, 0.975])
    found = crossed_bootstrap_interval(values, groups, num_resamples=6000)
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_seeds_that_differ_widen_the_interval():
    values = crossed(spread=(0.2, 0.1, 0.0))
    faces = np.diff(bootstrap_interval(values.mean(axis=0)))[0]
    both = np.diff(crossed_bootstrap_interval(values))[0]
    random = crossed_effects_interval(values)
    assert both > 2 * faces
    assert random.high - random.low > both


def anova_by_hand(values):
    """Mean squares by statsmodels, degrees of freedom by Hillis 2007."""
    seeds, subjects = values.shape
    table = pd.DataFrame(
        [(s, c, values[s, c]) for s in range(seeds) for c in range(subjects)],
        columns=['seed', 'subject', 'y'],
    )
    fit = smf.ols('y ~ C(seed) + C(subject)', table).fit()
    squares = anova_lm(fit)['mean_sq']
    ms_seed, ms_subject, rest = squares
    total = ms_seed + max(ms_subject - rest, 0)
    freedom = total**2 / (ms_seed**2 / (seeds - 1))
    error = np.sqrt(total / values.size)
    t = stats.t(freedom)
    return (
        values.mean() - t.ppf(0.975) * error,
        values.mean() + t.ppf(0.975) * error,
        2 * t.sf(abs(values.mean()) / error),
    )


@pytest.mark.parametrize('spread', [(0.05, 0.1, 0.1), (0.01, 0.0, 0.2)])
def test_t_interval_has_the_mean_squares_of_an_anova(spread):
    values = crossed(subjects=15, spread=spread, mean=0.04)
    found = crossed_effects_interval(values)
    np.testing.assert_allclose(
        (found.low, found.high, found.p_value), anova_by_hand(values)
    )


def test_a_subjects_images_count_as_one():
    values = crossed(subjects=10)
    doubled = np.repeat(values, 3, axis=1)
    groups = np.repeat(np.arange(10), 3)
    assert crossed_effects_interval(doubled, groups).low == pytest.approx(
        crossed_effects_interval(values).low
    )
    np.testing.assert_allclose(
        crossed_bootstrap_interval(doubled, groups),
        crossed_bootstrap_interval(values),
    )


def test_t_interval_covers_nearly_as_it_says_where_few_seeds_differ():
    """What the interval over subjects and the bootstrap do not."""
    hits = np.zeros(3)
    for i in range(600):
        values = crossed(spread=(0.05, 0.1, 0.1), rng=i)
        random = crossed_effects_interval(values)
        ends = (
            (random.low, random.high),
            crossed_bootstrap_interval(values, num_resamples=200),
            bootstrap_interval(values.mean(axis=0), num_resamples=200),
        )
        hits += [low <= 0 <= high for low, high in ends]
    t, bootstrap, faces = hits / 600
    assert 0.91 <= t <= 0.97
    assert faces < 0.8 and faces < bootstrap < t


def test_one_seed_or_one_subject_has_no_interval():
    one_seed, one_subject = crossed(seeds=1), crossed(subjects=5)
    groups = np.zeros(5, dtype=int)
    for values, names in ((one_seed, None), (one_subject, groups)):
        assert np.isnan(crossed_bootstrap_interval(values, names)).all()
        found = crossed_effects_interval(values, names)
        assert found.mean == pytest.approx(values.mean())
        assert np.isnan([found.low, found.high, found.p_value]).all()


def test_constant_values_have_no_t():
    found = crossed_effects_interval(np.full((3, 5), 0.1))
    assert found.mean == pytest.approx(0.1) and np.isnan(found.p_value)


def test_unknown_images_take_no_part():
    values = crossed()
    more = np.hstack([values, np.full((3, 2), np.nan)])
    assert crossed_bootstrap_interval(more) == crossed_bootstrap_interval(
        values
    )
    assert crossed_effects_interval(more) == crossed_effects_interval(values)


@pytest.mark.parametrize(
    'values, message',
    [
        ([1.0, 2.0], 'a row a seed'),
        ([[1.0, np.nan], [1.0, 2.0]], 'with some seeds only'),
        ([[1.0, 2.0], [1.0, np.nan]], 'with some seeds only'),
        ([[np.nan], [np.nan]], 'nothing but NaN'),
    ],
)
@pytest.mark.parametrize(
    'interval', [crossed_bootstrap_interval, crossed_effects_interval]
)
def test_wrong_values_are_named(interval, values, message):
    with pytest.raises(InputError, match=message):
        interval(values)
