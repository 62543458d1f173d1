"""Faces like and unlike those of the training."""

import numpy as np
import pytest
from scipy.spatial import procrustes

from mmpose_ctd.apis.measuring import familiarity
from mmpose_ctd.apis.measuring.familiarity import (
    fit_appearance,
    fit_shape,
    left_out_distances,
)

RANDOM = np.random.default_rng(0)


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_appearance_is_mahalanobis_with_the_shrunk_covariance():
    """Few dimensions: every direction is kept, nothing is pooled."""
    x = RANDOM.normal(1, 0.5, (200, 6))
    new = RANDOM.normal(1, 1.0, (20, 6))
    covariance = np.cov(unit(x), rowvar=False)
    alpha = familiarity._SHRINKAGE
    shrunk = (1 - alpha) * covariance + alpha * np.eye(6) * (
        np.trace(covariance) / 6
    )
    centred = unit(new) - unit(x).mean(axis=0)
    expected = np.sqrt(
        np.einsum('ni,ij,nj->n', centred, np.linalg.inv(shrunk), centred) / 6
    )
    # The length of features does not count.
    np.testing.assert_allclose(fit_appearance(x).distances(7 * new), expected)


def test_others_are_further_off_than_left_out_faces():
    centre = RANDOM.normal(0, 1, 100)
    x = centre + RANDOM.normal(0, 0.2, (80, 100))
    others = RANDOM.normal(0, 1, (20, 100))
    left = left_out_distances(x, np.arange(80), fit_appearance)
    assert fit_appearance(x).distances(others).min() > left.max()
    # Faces that were fitted to would look nearer than they are.
    assert left.mean() > fit_appearance(x).distances(x).mean()


def test_a_subject_is_left_out_with_all_its_images():
    x = RANDOM.normal(1, 0.3, (40, 30))
    subjects = np.repeat(np.arange(20), 2)
    left = left_out_distances(x, subjects, fit_appearance)
    expected = fit_appearance(x[2:]).distances(x[:2])
    np.testing.assert_allclose(left[:2], expected)


def test_no_face_is_kept():
    """No stored row is a face's own feature vector."""
    x = unit(RANDOM.normal(1, 0.5, (40, 50)))
    model = fit_appearance(x)
    rows = [model.mean, *model.directions]
    likeness = np.abs(np.stack(rows[1:]) @ (x - x.mean(0)).T)
    likeness = likeness / np.linalg.norm(x - x.mean(0), axis=1)
    assert likeness.max() < 0.99
    assert len(rows) - 1 <= familiarity._DIRECTIONS


def test_shape_distance_is_procrustes():
    base = RANDOM.uniform(0, 1, (9, 2))
    faces = base + RANDOM.normal(0, 0.02, (30, 9, 2))
    shape = fit_shape(faces)
    for face in faces[:5]:
        # scipy gives the squared distance of both at size 1; it may mirror,
        # which is never better here.
        _, _, disparity = procrustes(shape.mean, face)
        assert shape.distances(face[None])[0] ** 2 == pytest.approx(disparity)


@pytest.mark.parametrize('degrees', [-170, -30, 0, 10, 90])
def test_shape_forgets_place_size_and_turn_and_tells_the_roll(degrees):
    base = RANDOM.uniform(0, 1, (9, 2))
    shape = fit_shape(base + RANDOM.normal(0, 0.01, (30, 9, 2)))
    a = np.radians(degrees)
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    moved = 300 * base @ turn + 5000
    assert shape.distances(moved[None]) == pytest.approx(
        shape.distances(base[None]), abs=1e-9
    )
    assert shape.rolls(moved[None])[0] == pytest.approx(degrees, abs=2)


def test_a_landmark_that_nobody_has_is_left_out():
    base = RANDOM.uniform(0, 1, (9, 2))
    faces = base + RANDOM.normal(0, 0.01, (30, 9, 2))
    faces[:, 4] = np.nan
    shape = fit_shape(faces)
    assert np.isnan(shape.mean[4]).all()
    assert shape.distances(base[None])[0] < 0.1
