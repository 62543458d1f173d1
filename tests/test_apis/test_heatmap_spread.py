"""Numbers that tell how sure a heat-map is."""

import numpy as np
import pytest

from mmpose_ctd.apis.measuring.heatmap_spread import SPREADS, heatmap_spreads


def gaussian(sigma, at=(32, 32), size=65, height=1.0):
    y, x = np.indices((size, size))
    squared = (x - at[0]) ** 2 + (y - at[1]) ** 2
    return height * np.exp(-squared / (2 * sigma**2))


def spreads_of(*maps):
    return {k: v[0] for k, v in heatmap_spreads(np.stack(maps)[None]).items()}


def test_moment_grows_with_sigma_and_is_near_it():
    found = spreads_of(*(gaussian(s) for s in (1.5, 3.0, 6.0)))
    # The floor takes the tails away; the ratio to sigma stays.
    ratios = found['moment'] / (1.5, 3.0, 6.0)
    assert ratios == pytest.approx([ratios[0]] * 3, rel=0.02)
    assert 0.7 < ratios[0] < 1
    ratios = found['entropy'] / (1.5, 3.0, 6.0)
    assert ratios == pytest.approx([ratios[0]] * 3, rel=0.02)


def test_entropy_of_an_even_patch_has_a_closed_form():
    patch = np.zeros((20, 20))
    patch[4:9, 6:13] = 0.7
    found = spreads_of(patch)
    expected = np.sqrt(5 * 7 / (2 * np.pi * np.e))
    assert found['entropy'][0] == pytest.approx(expected)
    assert found['inverse_peak'][0] == pytest.approx(1 / 0.7)


def test_a_second_peak_is_seen_by_moment_and_entropy():
    one = gaussian(2, (16, 32))
    two = one + gaussian(2, (48, 32), height=0.8)
    found = spreads_of(one, two)
    assert found['moment'][1] > 3 * found['moment'][0]
    assert found['entropy'][1] > 1.2 * found['entropy'][0]


def test_height_does_not_matter_to_spread():
    found = spreads_of(gaussian(2), gaussian(2, height=0.3))
    for name in ('moment', 'entropy'):
        assert found[name][1] == pytest.approx(found[name][0])
    assert found['inverse_peak'][1] == pytest.approx(1 / 0.3)


@pytest.mark.parametrize('value', [0.0, -1.0, 0.5, np.nan, 1e-30])
def test_maps_without_a_peak_are_finite_and_unsure(value):
    found = spreads_of(np.full((16, 16), value), gaussian(1.5, (8, 8), 16))
    for name in SPREADS:
        assert np.isfinite(found[name]).all() and (found[name] > 0).all()
        if name != 'inverse_peak':
            assert found[name][0] > found[name][1]
