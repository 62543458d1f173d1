"""Paired tests against published examples, enumeration and statsmodels."""

from itertools import product

import numpy as np
import pingouin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import cohens_dz, holm, sign_flip_test

# Darwin's heights of crossed less self-fertilised maize, 1/8 inch; R. A.
# Fisher, The Design of Experiments, section 21: 1726 of the 32768 settings
# of the signs are as extreme.
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_fishers_own_example():
    found = sign_flip_test(DARWIN, num_resamples=2**15)
    assert found == pytest.approx(1726 / 32768)


def test_few_subjects_are_enumerated():
    x = np.random.default_rng(3).normal(0.4, 1, 9)
    means = [abs(np.dot(s, x)) for s in product((-1, 1), repeat=len(x))]
    expected = np.mean(np.array(means) >= abs(x.sum()) - 1e-12)
    assert sign_flip_test(x) == pytest.approx(expected)


def test_many_normal_differences_give_the_p_of_the_t_test():
    for seed in range(5):
        x = np.random.default_rng(seed).normal(0.2, 1, 60)
        theirs = stats.ttest_1samp(x, 0).pvalue
        assert sign_flip_test(x) == pytest.approx(theirs, abs=0.012)


def test_holds_its_level_on_skewed_differences():
    """Symmetric but heavy-tailed: 5 % of tests reject, not more."""
    rng = np.random.default_rng(0)
    x = rng.standard_t(2, size=(400, 8))
    rejected = np.mean([sign_flip_test(row) < 0.05 for row in x])
    assert 0.02 < rejected < 0.08


def test_same_seed_same_p_and_sign_does_not_matter():
    x = np.random.default_rng(1).normal(0.2, 1, 40)
    assert sign_flip_test(x) == sign_flip_test(x)
    assert sign_flip_test(-x) == pytest.approx(sign_flip_test(x), abs=0.01)


def test_nothing_is_found_in_nothing():
    assert sign_flip_test(np.zeros(20)) == 1.0
    assert np.isnan(sign_flip_test([3.0]))


@pytest.mark.parametrize('number', [1, 4, 13])
def test_holm_is_that_of_statsmodels(number):
    values = np.random.default_rng(number).beta(0.3, 1, number)
    values[-1] = values[0]  # a tie
    theirs = multipletests(values, method='holm')[1]
    np.testing.assert_allclose(holm(values), theirs, atol=1e-12)


@given(p_values)
def test_holm_keeps_the_order_and_takes_nothing_off(values):
    found = holm(values)
    assert (found >= np.array(values)).all() and (found <= 1).all()
    order = np.argsort(values, kind='stable')
    assert (np.diff(found[order]) >= 0).all()


def test_holm_leaves_out_what_was_not_tested():
    found = holm([0.01, np.nan, 0.02])
    assert np.isnan(found[1])
    np.testing.assert_allclose(found[[0, 2]], holm([0.01, 0.02]))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-5, 5), min_size=3, max_size=20))
def test_cohens_dz_is_that_of_pingouin(values):
    x = np.array(values)
    if x.std() < 1e-6:
        return
    # t = d_z sqrt(n)
    table = pingouin.ttest(x, 0)
    t = float(table['T'].iloc[0])
    assert cohens_dz(x) == pytest.approx(t / np.sqrt(len(x)), abs=1e-9)


def test_equal_differences_have_no_effect_size():
    assert np.isnan(cohens_dz([0.3, 0.3, 0.3]))
    assert np.isnan(cohens_dz([0.3]))


@pytest.mark.parametrize('test', [sign_flip_test, cohens_dz])
def test_wrong_differences_are_named(test):
    with pytest.raises(InputError, match='one a subject'):
        test([[1.0, 2.0]])
    with pytest.raises(InputError, match='finite'):
        test([1.0, np.nan])
