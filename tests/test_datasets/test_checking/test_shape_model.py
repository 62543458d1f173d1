"""Alignment against closed forms, and the model against a known Gaussian."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_ctd.datasets.checking.shape_model import (
    align,
    fit_faces,
    mean_shape,
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


def test_missing_points_are_no_obstacle_and_too_few_give_nan():
    target, points = shape(), 3j * shape() + 5
    points[4:] = np.nan
    a, b = similarity(points, target)
    assert a == pytest.approx(1 / 3j) and b == pytest.approx(-5 / 3j)
    points[1:] = np.nan
    assert np.isnan(similarity(points, target)[0])
    # All in one place is no shape either.
    assert np.isnan(similarity(np.ones(12, complex), target)[0])


def test_the_mean_shape_is_that_of_all_faces_wherever_they_are():
    random = np.random.default_rng(1)
    true = shape()
    true = true - true.mean()
    true /= np.sqrt(np.mean(np.abs(true) ** 2))
    faces = true + 0.01 * (
        random.normal(size=(30, 12)) + 1j * random.normal(size=(30, 12))
    )
    turns = np.exp(1j * random.uniform(-0.3, 0.3, (30, 1)))
    faces = faces * turns * random.uniform(20, 200, (30, 1)) + 300
    faces[:5, 3] += 500
    mean = mean_shape(faces)
    assert abs(np.mean(mean)) < 1e-9
    a, b = similarity(mean, true)
    assert abs(abs(a) - 1) < 0.01
    assert np.abs(a * mean + b - true).max() < 0.02
    aligned, _, _ = align(faces, mean)
    assert np.abs(aligned[5:] - mean).max() < 0.1


def gaussian_faces(n=100, noise=0.3, seed=2):
    """Faces of two modes of variation, and label noise in pixels."""
    random = np.random.default_rng(seed)
    mean, modes = shape(10) * 40, [shape(10, s) * 6 for s in (5, 6)]
    faces = mean + sum(random.normal(size=(n, 1)) * mode for mode in modes)
    points = np.stack([faces.real, faces.imag], axis=-1)
    return points + random.normal(scale=noise, size=points.shape)


def test_the_others_say_where_a_point_belongs():
    points = gaussian_faces()
    _, fits = fit_faces(points, range(100), threshold=6)
    errors = [
        np.linalg.norm(fit.expected - p, axis=1)
        for fit, p in zip(fits, points)
    ]
    spread = np.linalg.norm(points - points.mean(axis=0), axis=2)
    # The modes move points by many pixels.
    assert np.median(errors) < 0.4 * np.median(spread)
    assert sum(bool(fit.suspects) for fit in fits) < 0.05 * 100


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
