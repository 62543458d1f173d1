"""What is fitted to labelled faces, against independent answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_meshes import framed_meshes as framed
from random_meshes import random_meshes

from mmpose_ctd.datasets.mesh_fit import fit_vertices, to_complex, to_plane
from projects.facemesh.face_meshes.methods import (
    METHODS,
    best_strength,
    fit_method,
    fit_ridges,
    fit_vertex_ridges,
    residuals_without,
    ridge_path,
)


def noise(shape, size, seed=1):
    random = np.random.default_rng(seed)
    return size * (random.normal(size=shape) + 1j * random.normal(size=shape))


FITS = {
    'vertex': fit_vertices,
    'ridge': lambda meshes, points: fit_ridges(meshes, points, [0.1])[0],
    'vertex+ridge': lambda meshes, points: fit_vertex_ridges(
        meshes, points, [0.1]
    )[0],
}


@pytest.mark.parametrize('name', FITS)
def test_a_landmark_is_fitted_to_the_faces_that_have_it(name):
    meshes, points = framed(), framed(num_vertices=3, seed=2)
    some = points.copy()
    some[[0, 4, 5], 1] = np.nan
    some[:, 2] = np.nan
    found = FITS[name](meshes, some).predict(framed(seed=8))
    kept = np.isfinite(some[:, 1])
    alone = FITS[name](meshes[kept], points[kept, 1:2])
    whole = FITS[name](meshes, points)
    new = framed(seed=8)
    np.testing.assert_allclose(found[:, 0], whole.predict(new)[:, 0])
    if name != 'vertex+ridge':
        np.testing.assert_allclose(found[:, 1], alone.predict(new)[:, 0])
    assert np.isfinite(found[:, 1]).all()
    assert np.isnan(found[:, 2]).all()


@settings(deadline=None)
@given(
    st.integers(2, 12),
    st.integers(1, 9),
    st.floats(1e-4, 1e3),
    st.integers(0, 10**6),
)
def test_ridge_solves_the_normal_equations(num, width, strength, seed):
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(num, width)), random.normal(size=(num, 2))
    # Weights and an intercept that is not penalised, in one system.
    design = np.column_stack([x, np.ones(num)])
    penalty = np.diag([strength] * width + [0])
    solved = np.linalg.solve(design.T @ design + penalty, design.T @ y)
    new = random.normal(size=(4, width))
    np.testing.assert_allclose(
        ridge_path(x, y, [7.0, strength])[1](new),
        np.column_stack([new, np.ones(4)]) @ solved,
        rtol=1e-6,
        atol=1e-8,
    )


def test_ridge_learns_what_no_vertex_tells():
    """A landmark between two vertices, the same linear map for all faces."""
    meshes, new = framed(60), framed(30, seed=9)
    points, truth = (
        (z[:, 1:2] + 2 * z[:, 5:6]) / 3 + 0.2 for z in (meshes, new)
    )
    errors = [
        np.abs(fit.predict(new) - truth).mean()
        for fit in (
            fit_vertices(meshes, points),
            fit_ridges(meshes, points, [1e-6])[0],
            fit_vertex_ridges(meshes, points, [1e-6])[0],
        )
    ]
    assert errors[1] < 1e-4 and errors[2] < 1e-4 < errors[0]


def test_an_infinite_correction_leaves_the_vertex_alone():
    meshes, points = framed(), framed(num_vertices=3, seed=2)
    both = fit_vertex_ridges(meshes, points, [np.inf, 1e-3])
    vertex = fit_vertices(meshes, points)
    new = framed(seed=4)
    np.testing.assert_allclose(both[0].predict(new), vertex.predict(new))
    assert not np.allclose(both[1].predict(new), vertex.predict(new))


def test_the_strength_is_chosen_on_subjects_that_the_fit_did_not_see():
    meshes, points = framed(12), framed(12, num_vertices=2, seed=3)
    subjects = np.array([f's{i // 2}' for i in range(12)])
    seen, judged = [], []

    class Fit:
        def predict(self, out):
            judged.append(who(out))
            return np.zeros((len(out), 2), complex)

    def who(faces):
        rows = [int(np.flatnonzero(meshes[:, 0] == f[0])[0]) for f in faces]
        return {*subjects[rows]}

    def fit(faces, targets, strengths):
        assert len(faces) == len(targets)
        seen.append(who(faces))
        return [Fit() for _ in strengths]

    residuals_without(fit, [1.0], meshes, points, subjects)
    assert [a | b for a, b in zip(seen, judged)] == [{*subjects}] * 6
    assert [a & b for a, b in zip(seen, judged)] == [set()] * 6


def test_with_one_subject_there_is_nothing_to_choose_by():
    meshes, points = framed(3), framed(3, num_vertices=2, seed=3)
    strengths = [1.0, 10.0]
    residuals = residuals_without(
        lambda *_: pytest.fail('fitted'), strengths, meshes, points, ['a'] * 3
    )
    assert residuals is None
    assert best_strength(residuals, strengths) == pytest.approx(10)


def _strength(fit, strengths, *faces):
    return best_strength(residuals_without(fit, strengths, *faces), strengths)


@pytest.mark.parametrize('fit', [fit_ridges, fit_vertex_ridges])
def test_what_can_be_learned_is_penalised_less_than_noise(fit):
    meshes = framed(40)
    signal = meshes[:, :1] * 0.5 + meshes[:, 3:4] * 0.5
    random = noise((40, 1), 0.1)
    strengths = [1e-4, 1e-2, 1.0, 1e2, 1e4]
    people = np.arange(40)
    weak = _strength(fit, strengths, meshes, signal, people)
    strong = _strength(fit, strengths, meshes, random, people)
    assert weak <= 1e-2 < strong


@pytest.mark.parametrize('method', METHODS)
@settings(deadline=None, max_examples=25)
@given(
    st.floats(0.2, 5),
    st.floats(-3, 3),
    st.floats(-500, 500),
    st.integers(0, 1000),
)
def test_predictions_move_turn_and_grow_with_the_image(
    method, scale, turn, shift, seed
):
    """New photographs of other framing, and training ones, too."""
    meshes = random_meshes(9, num_vertices=6, seed=seed)
    # Nearer to one vertex: between two the choice would be rounding's.
    points = meshes[:, :2, :2] * 0.6 + meshes[:, 2:4, :2] * 0.4
    people = np.arange(6)
    fitted = fit_method(method, meshes[:6], points[:6], people)
    before = to_complex(fitted.predict(meshes[6:]))

    def moved(z):
        return to_plane(scale * np.exp(1j * turn) * to_complex(z) + shift)

    after = to_complex(fitted.predict(moved(meshes[6:])))
    expected = to_complex(moved(to_plane(before)))
    np.testing.assert_allclose(after, expected, rtol=1e-6, atol=1e-5)
    refitted = fit_method(method, moved(meshes[:6]), moved(points[:6]), people)
    again = to_complex(refitted.predict(meshes[6:]))
    np.testing.assert_allclose(again, before, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize('method', ['vertex', 'vertex+ridge'])
def test_sites_that_place_landmarks_differently_get_offsets(method):
    meshes = framed(40)
    sites = ['a', 'b'] * 20
    points = meshes[:, 3:5] + noise((40, 2), 0.01)
    points[1::2] += 0.2
    meshes, points = to_plane(meshes), to_plane(points)
    train, test = slice(0, 30), slice(30, 40)
    fitted = fit_method(
        method, meshes[train], points[train], np.arange(30), sites[train]
    )
    with_site = fitted.predict(meshes[test], sites[test]) - points[test]
    without = fitted.predict(meshes[test]) - points[test]
    assert np.abs(with_site).mean() < 0.3 * np.abs(without).mean()
    unknown = fitted.predict(meshes[test], ['c'] * 10)
    np.testing.assert_array_equal(unknown, fitted.predict(meshes[test]))
