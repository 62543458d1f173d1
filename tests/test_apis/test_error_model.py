"""Error SDs from heat-maps: what the fit recovers, and what it promises."""

import numpy as np
import pytest
import torch

from mmpose_ctd.apis.measuring.error_model import (
    LEVELS,
    SPREADS,
    fit_error_model,
    heatmap_spreads,
    log_score,
    measure_deviations,
)
from mmpose_ctd.evaluation.functional.measurements import (
    Measurement,
    measure,
)

# ------------------------------------------------------- spreads of heat-maps


def gaussian(sigma, at=(32, 32), size=65, height=1.0):
    y, x = np.indices((size, size))
    squared = (x - at[0]) ** 2 + (y - at[1]) ** 2
    return height * np.exp(-squared / (2 * sigma**2))


def spreads_of(*maps):
    found = heatmap_spreads(torch.from_numpy(np.stack(maps)[None]))
    return {name: spreads[0].numpy() for name, spreads in found.items()}


def test_spreads_grow_with_sigma_and_not_with_height():
    found = spreads_of(
        *(gaussian(s) for s in (1.5, 3.0, 6.0)), gaussian(3.0, height=0.3)
    )
    for name in ('moment', 'entropy'):
        # The floor takes the tails away; the ratio to sigma stays.
        ratios = found[name] / (1.5, 3.0, 6.0, 3.0)
        assert ratios == pytest.approx([ratios[0]] * 4, rel=0.02)
        assert 0.7 < ratios[0] < 1.1
    assert found['inverse_peak'][3] == pytest.approx(1 / 0.3)


def test_entropy_of_an_even_patch_has_a_closed_form():
    patch = np.zeros((20, 20))
    patch[4:9, 6:13] = 0.7
    expected = np.sqrt(5 * 7 / (2 * np.pi * np.e))
    assert spreads_of(patch)['entropy'][0] == pytest.approx(expected)


def test_a_second_peak_is_seen_by_moment_and_entropy():
    one = gaussian(2, (16, 32))
    found = spreads_of(one, one + gaussian(2, (48, 32), height=0.8))
    assert found['moment'][1] > 3 * found['moment'][0]
    assert found['entropy'][1] > 1.2 * found['entropy'][0]


@pytest.mark.parametrize('value', [0.0, -1.0, 0.5, np.nan, 1e-30])
def test_maps_without_a_peak_are_finite_and_uncertain(value):
    found = spreads_of(np.full((16, 16), value), gaussian(1.5, (8, 8), 16))
    for name in SPREADS:
        assert np.isfinite(found[name]).all() and (found[name] > 0).all()
        if name != 'inverse_peak':
            assert found[name][0] > found[name][1]


# -------------------------------------------------------------------- the fit


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
    found = model.landmarks - model.landmarks.mean()
    np.testing.assert_allclose(found, [0.5, 0, -0.5], atol=0.06)
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
    errors[:, 1] = np.nan
    model = fit_error_model(errors, spreads, 'moment')
    assert model.landmarks[1] == 0
    assert np.isfinite(model.deviations(spreads)).all()


def test_few_faces_shrink_landmarks_together():
    """By chance alone: the truth has equal landmarks."""
    errors, spreads, _ = simulated(8, deltas=[0.0] * 12)
    few = fit_error_model(errors, spreads, 'moment')
    spread = np.exp(few.slope * np.log(spreads['moment']))
    raw = 0.5 * np.log(np.mean((errors / spread) ** 2, 0))
    assert np.ptp(few.landmarks) < 0.5 * np.ptp(raw)


def test_a_spread_that_predicts_the_error_scores_better():
    errors, spreads, _ = simulated(600)
    test, of_test, _ = simulated(600, seed=1)
    fits = [fit_error_model(errors, spreads, k) for k in ('moment', 'none')]
    scores = [log_score(test, fit.deviations(of_test)) for fit in fits]
    assert scores[0] < scores[1] - 0.05
    same = fits[1].deviations(spreads)
    assert same.shape == errors.shape and (same == same[:1]).all()


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


# ------------------------------------------------------------------ measures

NAMES = ['a', 'b', 'c', 'd']
MEASURES = (
    Measurement('ab', 'distance', ('a', 'b')),
    Measurement('cd', 'distance', ('c', 'd')),
    Measurement('ratio', 'ratio', ('ab', 'cd')),
    Measurement('angle', 'angle', ('a', 'b', 'c')),
)
POINTS = np.array([[[0.0, 0], [30, 40], [90, 10], [20, 80]]])
SDS = np.array([[0.3, 0.4, 0.2, 0.6]])


def test_measures_errors_agree_with_the_closed_form_and_simulation():
    found = measure_deviations(POINTS, SDS, NAMES, MEASURES)
    assert found['ab'][0] == pytest.approx(np.hypot(0.3, 0.4), rel=1e-6)
    random = np.random.default_rng(0)
    noise = random.normal(size=(40_000, 4, 2)) * SDS[..., None]
    drawn = measure(POINTS + noise, None, NAMES, MEASURES)
    for name, sd in found.items():
        assert sd[0] == pytest.approx(drawn[name].std(), rel=0.02)


def test_faces_have_their_own_scale_and_do_not_mix():
    one = measure_deviations(POINTS, SDS, NAMES, MEASURES)
    both = measure_deviations(
        np.concatenate([POINTS, 100 * POINTS]),
        np.concatenate([SDS, 100 * SDS]),
        NAMES,
        MEASURES,
    )
    for name, factor in (('ab', 100), ('ratio', 1), ('angle', 1)):
        expected = one[name][0] * np.array([1, factor])
        assert both[name] == pytest.approx(expected)
