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
    """Mean squares by statsmodels, degrees of freedom by Hillis 2007.

    Never less than the paired t test over subjects.
    """
    seeds, subjects = values.shape
    table = pd.DataFrame(
        [(s, c, values[s, c]) for s in range(seeds) for c in range(subjects)],
        columns=['seed', 'subject', 'y'],
    )
    fit = smf.ols('y ~ C(seed) + C(subject)', table).fit()
    squares = anova_lm(fit)['mean_sq']
    ms_seed, ms_subject, rest = squares
    ms_seed = max(ms_seed, rest)
    total = ms_seed + max(ms_subject - rest, 0)
    freedom = min(total**2 / (ms_seed**2 / (seeds - 1)), subjects - 1)
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


@pytest.mark.parametrize('seeds', [2, 3])
def test_trainings_to_come_are_never_surer_than_these(seeds):
    for i in range(200):
        values = crossed(seeds=seeds, spread=(0.0, 0.05, 0.15), rng=i)
        found = crossed_effects_interval(values)
        paired = stats.ttest_1samp(values.mean(axis=0), 0)
        low, high = paired.confidence_interval(0.95)
        assert found.high - found.low >= (high - low) * (1 - 1e-9)
        assert found.p_value >= paired.pvalue * (1 - 1e-9)


def two_sites(rng=0, spread=(0.1, 0.05, 0.15)):
    """Each with networks and subjects of its own."""
    sites = [crossed(3, n, spread, rng=[rng, n]) for n in (30, 20)]
    return np.hstack(sites), np.repeat(['a', 'b'], [30, 20])


def test_blocks_do_not_know_each_others_seeds():
    """Which of a site's networks is called seed 0 says nothing."""
    values, sites = two_sites()
    swapped = values.copy()
    swapped[:, :30] = values[[2, 0, 1], :30]
    found = crossed_effects_interval(values, blocks=sites)
    other = crossed_effects_interval(swapped, blocks=sites)
    assert (found.low, found.high) == pytest.approx((other.low, other.high))
    # It can fail: glued together they are another sample.
    glued = crossed_effects_interval(swapped)
    assert glued.low != pytest.approx(crossed_effects_interval(values).low)
    ends = [
        crossed_bootstrap_interval(v, blocks=sites, num_resamples=8000)
        for v in (values, swapped)
    ]
    np.testing.assert_allclose(*ends, atol=0.01)


def test_variances_of_blocks_add():
    """Satterthwaite by hand, from each block's own interval."""
    values, sites = two_sites()
    total, below = 0.0, 0.0
    for site, share in (('a', 0.6), ('b', 0.4)):
        one = crossed_effects_interval(values[:, sites == site])
        reach = (one.high - one.low) / 2
        variance = (reach / stats.t.ppf(0.975, one.freedom) * share) ** 2
        total += variance
        below += variance**2 / one.freedom
    freedom = total**2 / below
    found = crossed_effects_interval(values, blocks=sites)
    assert found.freedom == pytest.approx(freedom)
    reach = stats.t.ppf(0.975, freedom) * total**0.5
    assert found.low == pytest.approx(values.mean() - reach)
    assert found.high == pytest.approx(values.mean() + reach)


def test_one_block_is_none():
    values = crossed()
    sites = np.full(40, 'a')
    for interval in (crossed_effects_interval, crossed_bootstrap_interval):
        assert interval(values, blocks=sites) == interval(values)


def test_a_group_lies_in_one_block():
    with pytest.raises(InputError, match='in two blocks'):
        crossed_effects_interval(
            crossed(subjects=4), [0, 1, 1, 2], blocks=['a', 'a', 'b', 'b']
        )


def test_intervals_cover_where_blocks_differ():
    hits = 0
    for i in range(500):
        values, sites = two_sites(rng=i)
        found = crossed_effects_interval(values, blocks=sites)
        hits += found.low <= 0 <= found.high
    assert hits / 500 >= 0.92


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
