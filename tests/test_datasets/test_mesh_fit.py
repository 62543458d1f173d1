"""Landmarks from dense landmarks: the frame, and a vertex for each."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_meshes import framed_meshes as framed
from random_meshes import random_meshes

from mmpose_ctd.datasets.mesh_fit import (
    FaceFrame,
    fit_vertices,
    to_complex,
    to_plane,
)


@pytest.fixture
def meshes():
    return to_complex(random_meshes(7))


def test_the_similarity_is_that_of_least_squares(meshes):
    frame = FaceFrame.fit(meshes)
    a, b = frame.similarities(meshes)
    for n, mesh in enumerate(meshes):
        # x' = p x - q y + r, y' = q x + p y + s, solved as linear equations.
        one, none = np.ones(len(mesh)), np.zeros(len(mesh))
        rows = np.vstack(
            [
                np.column_stack([mesh.real, -mesh.imag, one, none]),
                np.column_stack([mesh.imag, mesh.real, none, one]),
            ]
        )
        target = np.concatenate([frame.mean.real, frame.mean.imag])
        p, q, r, s = np.linalg.lstsq(rows, target, rcond=None)[0]
        assert a[n, 0] == pytest.approx(p + 1j * q)
        assert b[n, 0] == pytest.approx(r + 1j * s)


@settings(deadline=None)
@given(
    st.floats(0.1, 10),
    st.floats(-3, 3),
    st.floats(-1000, 1000),
    st.floats(-1000, 1000),
)
def test_in_the_frame_a_face_does_not_know_where_it_was(scale, turn, x, y):
    meshes = to_complex(random_meshes(4))
    frame = FaceFrame.fit(meshes)
    a, b = frame.similarities(meshes)
    moved = scale * np.exp(1j * turn) * meshes + x + 1j * y
    c, d = frame.similarities(moved)
    np.testing.assert_allclose(c * moved + d, a * meshes + b, atol=1e-6)


@settings(deadline=None)
@given(st.integers(1, 6), st.floats(0, 2), st.integers(0, 10**6))
def test_the_choice_minimises_what_is_documented(num, far, seed):
    meshes = framed(num, seed=seed)
    points = framed(num, num_vertices=2, seed=seed + 1)
    fit = fit_vertices(meshes, points, far)
    for k in range(2):
        costs = []
        for v in range(meshes.shape[1]):
            d = to_plane(points[:, k] - meshes[:, v])
            variance = d.var(axis=0, ddof=1).sum() if num > 1 else 0.0
            costs.append(variance + far / num * (d.mean(axis=0) ** 2).sum())
        chosen = fit.vertices[k]
        assert costs[chosen] == pytest.approx(min(costs), abs=1e-12)
        assert fit.offsets[k] == pytest.approx(
            np.mean(points[:, k] - meshes[:, chosen])
        )
