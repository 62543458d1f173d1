"""Alignment against closed forms, and the model against a known Gaussian."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_ctd.datasets.checking.shape_model import (
    fit_faces,
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


def gaussian_faces(n=100, noise=0.3, seed=2):
    """Faces of two modes of variation, and label noise in pixels."""
    random = np.random.default_rng(seed)
    mean, modes = shape(10) * 40, [shape(10, s) * 6 for s in (5, 6)]
    faces = mean + sum(random.normal(size=(n, 1)) * mode for mode in modes)
    points = np.stack([faces.real, faces.imag], axis=-1)
    return points + random.normal(scale=noise, size=points.shape)


def test_a_displaced_point_is_found_alone_even_without_a_neighbour():
    points = gaussian_faces()
    points[7, 4] += (25, -20)
    points[7, 5] = np.nan
    points[3, 2:] = np.nan
    _, fits = fit_faces(points, range(100), threshold=6)
    assert fits[7].suspects == [4]
    assert np.isnan(fits[7].z[5]) and np.isfinite(fits[7].expected[5]).all()
    # A face of too few points is left out.
    assert [n for n, fit in enumerate(fits) if fit is None] == [3]
