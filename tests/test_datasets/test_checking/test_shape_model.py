"""Alignment against closed forms, and the model against a known Gaussian."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_ctd.datasets.checking.shape_model import (
    similarity,
)


def shape(k=12, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=k) + 1j * random.normal(size=k)


@settings(deadline=None, max_examples=40)
@given(
    st.floats(0.1, 50),
    st.floats(-3.1, 3.1),
    st.complex_numbers(max_magnitude=1e4),
    st.sets(st.integers(0, 11), max_size=3),
)
def test_a_similarity_is_recovered_whatever_a_few_points_do(
    scale, angle, shift, wild
):
    target = shape()
    a = scale * np.exp(1j * angle)
    points = (target - shift) / a
    points[list(wild)] += 1000 / scale
    found_a, found_b = similarity(points, target)
    assert found_a == pytest.approx(a, rel=1e-3)
    sound = [k for k in range(12) if k not in wild]
    assert np.abs(found_a * points + found_b - target)[sound].max() < 1e-2
