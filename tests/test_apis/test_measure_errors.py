"""Uncertainty of measures, against closed forms and simulation."""

import numpy as np
import pytest

from mmpose_ctd.apis.measuring.measure_errors import measure_deviations
from mmpose_ctd.evaluation.functional.measurements import (
    Measurement,
    measure,
)

NAMES = ['a', 'b', 'c', 'd']
AB = Measurement('ab', 'distance', ('a', 'b'))
CD = Measurement('cd', 'distance', ('c', 'd'))
RATIO = Measurement('ratio', 'ratio', ('ab', 'cd'))
ANGLE = Measurement('angle', 'angle', ('a', 'b', 'c'))
ALL = (AB, CD, RATIO, ANGLE)
POINTS = np.array([[[0.0, 0], [30, 40], [90, 10], [20, 80]]])
SDS = np.array([[0.3, 0.4, 0.2, 0.6]])


def test_a_distance_has_a_closed_form():
    found = measure_deviations(POINTS, SDS, NAMES, [AB, CD])
    assert found['ab'][0] == pytest.approx(np.hypot(0.3, 0.4), rel=1e-6)
    assert found['cd'][0] == pytest.approx(np.hypot(0.2, 0.6), rel=1e-6)


def test_all_kinds_agree_with_simulation():
    random = np.random.default_rng(0)
    noise = random.normal(size=(40_000, 4, 2)) * SDS[..., None]
    drawn = measure(POINTS + noise, None, NAMES, ALL)
    found = measure_deviations(POINTS, SDS, NAMES, ALL)
    for one in ALL:
        assert found[one.name][0] == pytest.approx(
            drawn[one.name].std(), rel=0.02
        )


@pytest.mark.parametrize('factor', [0.01, 100])
def test_scales_with_the_photograph(factor):
    one = measure_deviations(POINTS, SDS, NAMES, ALL)
    other = measure_deviations(factor * POINTS, factor * SDS, NAMES, ALL)
    for kind, expected in (('ab', factor), ('ratio', 1), ('angle', 1)):
        assert other[kind][0] == pytest.approx(expected * one[kind][0])


def test_faces_do_not_mix():
    two = np.concatenate([POINTS, 2 * POINTS])
    sds = np.concatenate([SDS, SDS])
    both = measure_deviations(two, sds, NAMES, ALL)
    for i in range(2):
        alone = measure_deviations(two[i : i + 1], sds[:1], NAMES, ALL)
        for name in both:
            assert both[name][i] == pytest.approx(alone[name][0])
