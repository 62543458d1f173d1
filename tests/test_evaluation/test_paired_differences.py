"""Paired tests, and seeds and subjects as samples.

Against published examples, enumeration, loops, ANOVA and simulation.
"""

from itertools import product

import numpy as np
import pandas as pd
import pingouin
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import (
    bootstrap_interval,
    cohens_dz,
    crossed_bootstrap_interval,
    crossed_effects_interval,
    holm,
    sign_flip_test,
)

# Darwin's heights of crossed less self-fertilised maize, 1/8 inch; R. A.
# Fisher, The Design of Experiments, section 21: 1726 of the 32768 settings
# of the signs are as extreme.
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
INTERVALS = [crossed_bootstrap_interval, crossed_effects_interval]

# ----------------------------------------------------------- over subjects


def test_the_sign_flip_test_is_fishers_and_enumerates_few_subjects():
    found = sign_flip_test(DARWIN, num_resamples=2**15)
    assert found == pytest.approx(1726 / 32768)
    x = np.random.default_rng(3).normal(0.4, 1, 9)
    means = [abs(np.dot(s, x)) for s in product((-1, 1), repeat=len(x))]
    expected = np.mean(np.array(means) >= abs(x.sum()) - 1e-12)
    assert sign_flip_test(x) == pytest.approx(expected)


def test_many_normal_differences_give_the_p_of_the_t_test():
    x = np.random.default_rng(0).normal(0.2, 1, 60)
    found = sign_flip_test(x)
    theirs = stats.ttest_1samp(x, 0).pvalue
    assert found == pytest.approx(theirs, abs=0.012)
    assert found == pytest.approx(sign_flip_test(-x), abs=0.01)
    assert found == sign_flip_test(x)


def test_holds_its_level_on_skewed_differences():
    """Symmetric but heavy-tailed: 5 % of tests reject, not more."""
    rng = np.random.default_rng(0)
    x = rng.standard_t(2, size=(300, 7))
    rejected = np.mean([sign_flip_test(row) < 0.05 for row in x])
    assert 0.015 < rejected < 0.08


def test_nothing_is_found_in_nothing():
    assert sign_flip_test(np.zeros(20)) == 1.0
    assert np.isnan(sign_flip_test([3.0]))
    assert np.isnan(cohens_dz([0.3, 0.3, 0.3])) and np.isnan(cohens_dz([0.3]))


@pytest.mark.parametrize('number', [1, 4, 13])
def test_holm_is_that_of_statsmodels(number):
    values = np.random.default_rng(number).beta(0.3, 1, number)
    values[-1] = values[0]  # a tie
    theirs = multipletests(values, method='holm')[1]
    np.testing.assert_allclose(holm(values), theirs, atol=1e-12)
    # What was not tested does not count.
    found = holm([*values, np.nan])
    np.testing.assert_allclose(found, [*theirs, np.nan], atol=1e-12)


@settings(deadline=None, max_examples=10)
@given(st.lists(st.floats(-5, 5), min_size=3, max_size=20))
def test_cohens_dz_is_that_of_pingouin(values):
    x = np.array(values)
    if x.std() < 1e-6:
        return
    # t = d_z sqrt(n)
    t = float(pingouin.ttest(x, 0)['T'].iloc[0])
    assert cohens_dz(x) == pytest.approx(t / np.sqrt(len(x)), abs=1e-9)


# ------------------------------------------------- over seeds and subjects


def crossed(seeds=3, subjects=40, spread=(0.05, 0.1, 0.1), mean=0.0, rng=0):
    rng = np.random.default_rng(rng)
    of_seed, of_subject, rest = spread
    return (
        mean
        + rng.normal(0, of_seed, (seeds, 1))
        + rng.normal(0, of_subject, (1, subjects))
        + rng.normal(0, rest, (seeds, subjects))
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
    # Equal seeds do not matter, and leave the interval over subjects.
    np.testing.assert_allclose(
        crossed_bootstrap_interval(np.repeat(values[:1], 4, axis=0), groups),
        bootstrap_interval(values[0], groups),
    )


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
    ms_seed, ms_subject, rest = anova_lm(fit)['mean_sq']
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
    for i in range(50):
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
    for interval in INTERVALS:
        one = np.full(50, 'a')
        assert interval(values, blocks=one) == interval(values)
        with pytest.raises(InputError, match='in two blocks'):
            interval(values[:, :3], [0, 1, 1], blocks=['a', 'a', 'b'])


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


@pytest.mark.parametrize('interval', INTERVALS)
def test_a_subjects_images_count_as_one_and_unknown_ones_not(interval):
    values = crossed(subjects=10)
    doubled = np.repeat(values, 3, axis=1)

    def ends(*arguments):
        found = interval(*arguments)
        return found if isinstance(found, tuple) else (found.low, found.high)

    np.testing.assert_allclose(
        ends(doubled, np.repeat(np.arange(10), 3)), ends(values)
    )
    more = np.hstack([values, np.full((3, 2), np.nan)])
    assert interval(more) == interval(values)


def test_what_has_no_interval():
    one_seed, one_subject = crossed(seeds=1), crossed(subjects=5)
    groups = np.zeros(5, dtype=int)
    for values, names in ((one_seed, None), (one_subject, groups)):
        assert np.isnan(crossed_bootstrap_interval(values, names)).all()
        found = crossed_effects_interval(values, names)
        assert found.mean == pytest.approx(values.mean())
        assert np.isnan([found.low, found.high, found.p_value]).all()
    constant = crossed_effects_interval(np.full((3, 5), 0.1))
    assert constant.mean == pytest.approx(0.1) and np.isnan(constant.p_value)


def test_t_interval_covers_nearly_as_it_says_where_few_seeds_differ():
    """What the interval over subjects and the bootstrap do not."""
    hits, runs = np.zeros(4), 600
    for i in range(runs):
        values = crossed(spread=(0.05, 0.1, 0.1), rng=i)
        random = crossed_effects_interval(values)
        values_of_sites, sites = two_sites(rng=i)
        blocks = crossed_effects_interval(values_of_sites, blocks=sites)
        ends = (
            (random.low, random.high),
            crossed_bootstrap_interval(values, num_resamples=100),
            bootstrap_interval(values.mean(axis=0), num_resamples=100),
            (blocks.low, blocks.high),
        )
        hits += [low <= 0 <= high for low, high in ends]
    t, bootstrap, faces, of_blocks = hits / runs
    assert 0.91 <= t <= 0.97 and of_blocks >= 0.92
    assert faces < 0.8 and faces < bootstrap < t


@pytest.mark.parametrize('interval', INTERVALS)
def test_an_image_that_some_seeds_lack_is_refused(interval):
    for values in ([[1.0, np.nan], [1.0, 2.0]], [[1.0, 2.0], [1.0, np.nan]]):
        with pytest.raises(InputError):
            interval(values)
