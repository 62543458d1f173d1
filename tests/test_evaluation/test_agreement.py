"""Agreement against published examples, pingouin and statsmodels."""

import numpy as np
import pandas as pd
import pingouin
import pytest
import statsmodels.api as sm

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import agreement
from mmpose_ctd.evaluation.functional.agreement import (
    _people_drawn,
    total_sd,
)

# J. M. Bland, D. G. Altman, Lancet 1986 (i), table: peak expiratory flow
# (l/min) of 17 people, first readings of a Wright and of a mini meter.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650]
WRIGHT += [433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658]
MINI += [445, 432, 626, 260, 477, 259, 350, 451]


def random_pairs(n=40, seed=0, bias=0.5, noise=1.0):
    rng = np.random.default_rng(seed)
    manual = rng.normal(30, 3, n)
    return manual, manual + bias + rng.normal(0, noise, n)


def long_table(ratings):
    n, k = np.shape(ratings)
    return pd.DataFrame(
        dict(
            target=np.repeat(np.arange(n), k),
            rater=np.tile(np.arange(k), n),
            score=np.ravel(ratings).astype(float),
        )
    )


def icc_of_pingouin(ratings):
    table = pingouin.intraclass_corr(
        long_table(ratings), 'target', 'rater', 'score'
    )
    # McGraw and Wong's name of Shrout and Fleiss's ICC(2,1).
    row = table[table['Type'] == 'ICC(A,1)'].iloc[0]
    interval = next(row[name] for name in row.index if 'CI95' in name)
    return row['ICC'], np.asarray(interval, dtype=float)


def test_the_lancets_example():
    found = agreement(MINI, WRIGHT)
    # Printed there: -2.1 and 38.8; limits with 2 SD instead of 1.96.
    assert found.bias.value == pytest.approx(-2.1, abs=0.05)
    assert found.sd == pytest.approx(38.8, abs=0.05)
    half = (found.loa_high.value - found.loa_low.value) / 2
    assert 2 * half / 1.959964 == pytest.approx(2 * 38.8, abs=0.1)
    assert found.bias.low == pytest.approx(-22.0, abs=0.1)
    assert found.bias.high == pytest.approx(17.8, abs=0.1)
    # Of a limit: +-34.6 by the approximation of 1986, 2.12 SD sqrt(3/n).
    reach = found.loa_low.value - found.loa_low.low
    assert reach == pytest.approx(34.6, rel=0.02)
    assert found.n == found.num_subjects == 17


@pytest.mark.parametrize('noise, bias', [(0.2, 4.0), (6.0, 0.0)])
def test_bias_and_icc_are_pingouins(noise, bias):
    ratings = np.column_stack(random_pairs(bias=bias, noise=noise))
    both = agreement(*ratings.T)
    test = pingouin.ttest(ratings[:, 1] - ratings[:, 0], 0)
    interval = next(test[name] for name in test if 'CI95' in name).iloc[0]
    assert both.bias[1:] == pytest.approx(tuple(interval), abs=0.0051)
    found = both.icc
    value, (low, high) = icc_of_pingouin(ratings)
    assert found.value == pytest.approx(value, abs=1e-6)
    assert found.low == pytest.approx(low, abs=0.0051)
    assert found.high == pytest.approx(high, abs=0.0051)
    assert found.low < found.value < found.high


def test_the_slope_is_that_of_statsmodels():
    manual, predicted = random_pairs(noise=2.0)
    predicted = 10 + 0.6 * predicted
    found = agreement(manual, predicted)
    line = sm.OLS(
        predicted - manual, sm.add_constant((predicted + manual) / 2)
    ).fit()
    assert found.slope.value == pytest.approx(line.params[1])
    assert found.slope[1:] == pytest.approx(tuple(line.conf_int()[1]))
    assert any('slope is below 0' in note for note in found.notes)


def test_only_pairs_of_two_count():
    manual, predicted = random_pairs(12)
    manual[3] = predicted[7] = np.nan
    found = agreement(manual, predicted)
    kept = np.delete(np.arange(12), [3, 7])
    assert found == agreement(manual[kept], predicted[kept])
    assert found.n == 10


# -------------------------------------------------- several images a person


def repeated(people, each, between, within, seed=0):
    """Differences with known components of variance, and whose they are."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), each)
    values = rng.normal(0, between, people)[who]
    return values + rng.normal(0, within, len(who)), who


def test_total_sd_of_uneven_people_is_that_of_a_mixed_model_nearly():
    rng = np.random.default_rng(1)
    who = np.repeat(np.arange(200), rng.integers(1, 5, 200))
    values = rng.normal(0, 2, 200)[who] + rng.normal(0, 1, len(who))
    model = sm.MixedLM(values, np.ones(len(values)), groups=who).fit()
    total = np.sqrt(model.scale + float(np.asarray(model.cov_re).ravel()[0]))
    assert total_sd(values, who) == pytest.approx(total, rel=0.03)


def test_images_of_one_person_widen_the_intervals():
    differences, who = repeated(15, 4, between=2.0, within=0.3)
    manual = np.random.default_rng(3).normal(30, 3, 60)
    by_person = agreement(manual, manual + differences, who, 200)
    as_if_strangers = agreement(manual, manual + differences)
    assert by_person.interval == 'bootstrap over subjects'
    assert (by_person.n, by_person.num_subjects) == (60, 15)

    def width(estimate):
        return estimate.high - estimate.low

    assert width(by_person.bias) > 1.4 * width(as_if_strangers.bias)
    assert width(by_person.loa_high) > 1.2 * width(as_if_strangers.loa_high)
    for estimate in (by_person.loa_low, by_person.loa_high, by_person.icc):
        assert estimate.low < estimate.value < estimate.high


def test_a_person_drawn_twice_is_two_people():
    """Its pairs are counted as those of two different people."""
    groups = np.array(['a', 'a', 'b', 'b', 'b', 'c'])
    who = _people_drawn(np.array([0, 1, 0, 1, 5, 5, 2, 3, 4]), groups)
    assert who.tolist() == [0, 0, 1, 1, 2, 3, 4, 4, 4]


# ------------------------------------------------------- what is not known


@pytest.mark.parametrize('n', [0, 1, 2])
def test_fewer_than_three_pairs_have_no_limits(n):
    found = agreement(np.arange(float(n)), np.arange(float(n)) + 2)
    assert found.n == n
    for estimate in (found.loa_low, found.loa_high, found.icc, found.slope):
        assert np.isnan(estimate).all()
    assert np.isnan(found.sd) and np.isnan(found.bias.low)
    assert 'need three' in found.notes[0]
    if n:
        assert found.bias.value == found.mae == 2


def test_equal_measures_agree_and_say_that_nothing_varied():
    manual = np.array([30.1, 29.7, 31.3, 30.0])
    found = agreement(manual, manual + 0.1)
    assert found.sd == 0
    assert found.bias[:3] == pytest.approx((0.1, 0.1, 0.1))
    assert 'all differences are equal' in found.notes[0]
    # Constant differences lower it, and leave no error for an interval.
    assert 0.9 < found.icc.value < 1 and np.isnan(found.icc.low)
    assert agreement(manual, manual).icc.value == 1
    equal = agreement([30.0] * 5, [30.0] * 5)
    assert np.isnan(equal.icc).all() and np.isnan(equal.slope).all()
    assert any('ICC is not defined' in note for note in equal.notes)


def test_one_person_tells_nothing_of_others():
    manual, predicted = random_pairs(6)
    found = agreement(manual, predicted, ['ann'] * 6)
    assert np.isnan(found.sd) and np.isnan(found.loa_low).all()
    assert np.isnan(found.bias[1:]).all()
    assert found.interval == 'none' and 'one person' in found.notes[0]


@pytest.mark.parametrize(
    'arguments',
    [
        ([1.0, 2.0], [1.0]),
        ([1.0, np.inf], [1.0, 2.0]),
        ([1.0, 2.0], [1.0, 2.0], ['ann']),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments):
    with pytest.raises(InputError):
        agreement(*arguments)
