"""Intervals over subjects, against scipy and a plain loop."""

import importlib

import numpy as np
import pytest
from scipy.stats import bootstrap

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import (
    bootstrap_interval,
    share_interval,
)


def _subjects(seed=0, num=30, images=3):
    """Errors that differ between subjects, hardly within one."""
    rng = np.random.default_rng(seed)
    groups = np.repeat([f's{i:02d}' for i in range(num)], images)
    values = np.repeat(rng.gamma(4.0, 0.6, size=num), images)
    return values + rng.normal(0, 0.01, values.shape), groups


def test_agrees_with_scipy_over_subjects_of_different_sizes():
    rng = np.random.default_rng(2)
    sizes = rng.integers(1, 6, size=40)
    groups = np.repeat(np.arange(40), sizes)
    values = rng.gamma(3.0, 1.0, size=40)[groups]
    totals = np.array([values[groups == g].sum() for g in range(40)])
    theirs = bootstrap(
        (totals, sizes.astype(float)),
        lambda t, n, axis: t.sum(axis=axis) / n.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=8000,
        method='percentile',
        random_state=np.random.default_rng(5),
    ).confidence_interval
    ours = bootstrap_interval(values, groups, num_resamples=8000)
    np.testing.assert_allclose(ours, theirs, atol=0.03)


def test_a_subjects_images_are_drawn_together():
    # Three images of a person say hardly more than one: the interval must
    # be that of the persons, not narrower by sqrt(3).
    values, groups = _subjects()
    by_subject = np.diff(bootstrap_interval(values, groups))[0]
    by_image = np.diff(bootstrap_interval(values))[0]
    persons = np.diff(bootstrap_interval(values[::3]))[0]
    assert by_subject == pytest.approx(persons, rel=0.05)
    assert by_image < 0.7 * by_subject


def test_the_mean_is_any_other_statistic_but_faster(monkeypatch):
    values, groups = _subjects()
    found = bootstrap_interval(values, groups)
    slow = bootstrap_interval(values, groups, statistic=np.mean)
    np.testing.assert_allclose(found, slow, rtol=1e-12)
    order = np.random.default_rng(0).permutation(len(values))
    shuffled = bootstrap_interval(values[order], groups[order])
    np.testing.assert_allclose(shuffled, found)
    assert bootstrap_interval(values, groups, seed=1) != found
    # Drawn in several blocks, if there are many groups.
    module = importlib.import_module(bootstrap_interval.__module__)
    monkeypatch.setattr(module, '_BLOCK', 1000)
    parts = bootstrap_interval(values, groups, num_resamples=3000)
    np.testing.assert_allclose(parts, found, atol=0.08)


def test_unmeasured_values_take_no_part():
    values, groups = _subjects()
    more = np.append(values, [np.nan, np.nan])
    names = np.append(groups, ['s00', 'nobody'])
    assert bootstrap_interval(more, names) == bootstrap_interval(
        values, groups
    )
    assert np.isnan(bootstrap_interval([1.0, np.nan], ['ann', 'bo'])).all()
    with pytest.raises(InputError):
        bootstrap_interval([np.nan], ['ann'])


def test_a_share_of_none_or_all_has_the_exact_interval():
    """Clopper and Pearson: (1 - high)^n = 0.025, over n subjects."""
    subjects = np.repeat(np.arange(20), 3)
    none = share_interval(np.zeros(60), subjects)
    assert none == pytest.approx((0, 1 - 0.025 ** (1 / 20)))
    low, high = share_interval(np.ones(60), subjects)
    assert (1 - high, 1 - low) == pytest.approx(none)
    some = np.arange(60) % 2
    assert share_interval(some, subjects) == bootstrap_interval(some, subjects)
    assert np.isnan(share_interval(np.zeros(3), ['ann'] * 3)).all()
