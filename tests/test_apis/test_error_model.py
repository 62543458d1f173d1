"""Error SDs from heat-maps: what the fit recovers, and what it promises."""

import numpy as np
import pytest

from mmpose_ctd.apis.measuring.error_model import (
    LEVELS,
    fit_error_model,
    folds,
    log_score,
)


def simulated(n, seed=0, offset=-0.3, slope=1.4, deltas=(0.5, 0.0, -0.5)):
    """Errors whose SDs are known, (n, K), and the spreads behind them."""
    random = np.random.default_rng(seed)
    spread = random.lognormal(0.2, 0.4, (n, len(deltas)))
    sigma = np.exp(offset + np.array(deltas) + slope * np.log(spread))
    errors = np.hypot(*(sigma * random.normal(size=(2, n, len(deltas)))))
    return errors, dict(moment=spread), sigma


def test_recovers_what_made_the_errors():
    errors, spreads, sigma = simulated(4000)
    model = fit_error_model(errors, spreads, 'moment')
    assert model.slope == pytest.approx(1.4, abs=0.05)
    np.testing.assert_allclose(model.deviations(spreads), sigma, rtol=0.08)
    # Distances of two Gaussian errors are Rayleigh distributed.
    for level in LEVELS:
        expected = np.sqrt(-2 * np.log(1 - level))
        assert model.radii[level] == pytest.approx(expected, rel=0.04)


def test_missing_truth_counts_nothing():
    errors, spreads, _ = simulated(500)
    more = {k: np.concatenate([v, 9 * v[:50]]) for k, v in spreads.items()}
    longer = np.concatenate([errors, np.full((50, 3), np.nan)])
    one = fit_error_model(errors, spreads, 'moment')
    other = fit_error_model(longer, more, 'moment')
    assert other.slope == pytest.approx(one.slope, abs=1e-4)
    assert other.offset == pytest.approx(one.offset, abs=1e-4)


def test_few_faces_shrink_landmarks_together():
    """By chance alone: the truth has equal landmarks."""
    errors, spreads, _ = simulated(8, deltas=[0.0] * 12)
    few = fit_error_model(errors, spreads, 'moment')
    raw = 0.5 * np.log(
        np.mean(
            (errors / np.exp(few.slope * np.log(spreads['moment']))) ** 2, 0
        )
    )
    assert np.ptp(few.landmarks) < 0.5 * np.ptp(raw)


def test_many_faces_keep_landmarks_apart():
    errors, spreads, _ = simulated(2000)
    model = fit_error_model(errors, spreads, 'moment')
    found = model.landmarks - model.landmarks.mean()
    np.testing.assert_allclose(found, [0.5, 0, -0.5], atol=0.06)


def test_a_landmark_without_labels_gets_the_usual_error():
    errors, spreads, _ = simulated(300)
    errors[:, 1] = np.nan
    model = fit_error_model(errors, spreads, 'moment')
    assert model.landmarks[1] == 0
    assert np.isfinite(model.deviations(spreads)).all()


def test_none_gives_the_same_on_all_faces():
    errors, spreads, _ = simulated(100, slope=0.0)
    model = fit_error_model(errors, spreads, 'none')
    found = model.deviations(spreads)
    assert found.shape == errors.shape and (found == found[:1]).all()
    assert model.slope == 0


def test_a_spread_that_tells_the_error_scores_better():
    errors, spreads, _ = simulated(600)
    test, of_test, _ = simulated(600, seed=1)
    scores = [
        log_score(
            test, fit_error_model(errors, spreads, kind).deviations(of_test)
        )
        for kind in ('moment', 'none')
    ]
    assert scores[0] < scores[1] - 0.05


def test_radii_hold_on_new_faces_with_heavy_tails():
    """Not Gaussian: a Gaussian's radii would be wrong here."""
    random = np.random.default_rng(3)
    errors = np.abs(random.standard_t(3, (800, 4)))
    model = fit_error_model(errors, {}, 'none')
    new = np.abs(random.standard_t(3, (4000, 4)))
    for level in LEVELS:
        share = (new <= model.radii[level] * model.deviations({})).mean()
        assert share == pytest.approx(level, abs=0.025)


def test_the_rank_of_the_radii_is_conformal():
    errors = np.arange(1.0, 20)[:, None]  # 19 errors: rank 19 of 20 at 95 %
    model = fit_error_model(errors, {}, 'none')
    sd = model.deviations({})[0, 0]
    assert model.radii[0.95] * sd == pytest.approx(19)
    assert model.radii[0.5] * sd == pytest.approx(10)


def test_a_subject_is_in_one_fold():
    subjects = np.array([f's{i // 3}' for i in range(60)])
    fold = folds(subjects, 10)
    assert all(len(set(fold[subjects == s])) == 1 for s in set(subjects))
    assert sorted(np.bincount(fold)) == [6] * 10
    assert folds(subjects[:9], 10).max() == 2
    np.testing.assert_array_equal(fold, folds(subjects, 10))
