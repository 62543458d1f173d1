"""Lengths along surfaces, compared with surfaces that can be unrolled."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_ctd.evaluation.functional.surface_paths import SurfacePaths

COLUMNS, ROWS, RADIUS, HEIGHT = 24, 12, 50.0, 120.0


def prism():
    """A closed tube of flat strips; vertices (n, 3) and faces (m, 3)."""
    angle = 2 * np.pi * np.arange(COLUMNS) / COLUMNS
    y = np.linspace(0, HEIGHT, ROWS + 1)
    vertices = [
        [RADIUS * np.cos(a), RADIUS * np.sin(a), h] for h in y for a in angle
    ]
    faces = []
    for row in range(ROWS):
        for c in range(COLUMNS):
            a, b = row * COLUMNS + c, row * COLUMNS + (c + 1) % COLUMNS
            faces += [[a, b, a + COLUMNS], [b, b + COLUMNS, a + COLUMNS]]
    return np.array(vertices), np.array(faces)


# Which triangle, and where in it.
places = st.tuples(
    st.integers(0, 2 * COLUMNS * ROWS - 1), st.floats(0, 1), st.floats(0, 1)
)


def unrolled(face, weights):
    """Columns and mm of a place on the prism."""
    row, c = divmod(face // 2, COLUMNS)
    corners = [[(0, 0), (1, 0), (0, 1)], [(1, 0), (1, 1), (0, 1)]][face % 2]
    x, y = weights @ np.array(corners)
    return c + x, (row + y) * HEIGHT / ROWS


@settings(max_examples=15, deadline=None)
@given(a=places, b=places)
def test_a_path_on_a_prism_is_straight_when_it_is_unrolled(a, b):
    vertices, faces = prism()
    weights = []
    for _, u, v in (a, b):
        u, v = (u, v) if u + v <= 1 else (1 - u, 1 - v)
        weights.append(np.array([1 - u - v, u, v]))
    paths = SurfacePaths(vertices, faces, [a[0], b[0]], np.array(weights))
    (c1, y1), (c2, y2) = map(unrolled, (a[0], b[0]), weights)
    around = abs(c1 - c2)
    around = min(around, COLUMNS - around)
    strip = 2 * RADIUS * np.sin(np.pi / COLUMNS)
    exact = np.hypot(around * strip, y1 - y2)
    # Places near an edge are moved by up to 0.0001 of a triangle.
    assert paths.length(0, 1) == pytest.approx(exact, abs=5e-3)
    assert paths.num_cut == 0


def square(hole=()):
    """21 x 21 vertices, 1 mm apart, without the cells of ``hole``."""
    x, y = np.meshgrid(np.arange(21.0), np.arange(21.0))
    vertices = np.column_stack([x.ravel(), y.ravel(), np.zeros(441)])
    faces = []
    for i in range(20):
        for j in range(20):
            if (i, j) not in hole:
                a = 21 * i + j
                faces += [[a, a + 1, a + 21], [a + 1, a + 22, a + 21]]
    return vertices, np.array(faces)


def between(vertices, faces, *points):
    """Paths between vertices at (x, y)."""
    at = [int(21 * y + x) for x, y in points]
    used = [int(np.flatnonzero((faces == i).any(axis=1))[0]) for i in at]
    weights = [faces[f] == i for f, i in zip(used, at)]
    return SurfacePaths(vertices, faces, used, np.array(weights, float))


def test_a_path_goes_around_a_hole():
    cells = {(i, j) for i in range(6, 14) for j in range(8, 12)}
    vertices, faces = square(cells)
    # From (0, 10) along the corners (8, 6) and (12, 6) to (20, 10).
    paths = between(vertices, faces, (0, 10), (20, 10))
    assert paths.length(0, 1) == pytest.approx(4 + 2 * np.hypot(8, 4))


def test_parts_that_do_not_touch_have_no_path():
    vertices, faces = square({(i, 10) for i in range(20)})
    paths = between(vertices, faces, (0, 3), (20, 3), (9, 20))
    assert np.isnan(paths.length(0, 1))
    assert paths.length(0, 2) == pytest.approx(np.hypot(9, 17))
    assert paths.length(1, 1) == 0


def test_a_surface_is_cut_where_three_triangles_meet():
    """A fin somewhere changes no path that keeps away from it."""
    vertices, faces = square()
    fin = [21 * 19 + 3, 21 * 19 + 4, len(vertices)]
    vertices = np.vstack([vertices, [3.5, 19, 5]])
    faces = np.vstack([faces, [fin], [[0, 0, 1]]])
    paths = between(vertices, faces, (2, 2), (17, 10))
    assert paths.num_cut == 1
    assert paths.length(0, 1) == pytest.approx(np.hypot(15, 8))


def test_paths_on_a_ball_are_arcs():
    ball = trimesh.creation.icosphere(4, radius=100.0)
    vertices, faces = np.array(ball.vertices), np.array(ball.faces)
    rng = np.random.default_rng(0)
    at = rng.choice(len(faces), 20, replace=False)
    weights = rng.dirichlet([1, 1, 1], 20)
    paths = SurfacePaths(vertices, faces, at, weights)
    points = (weights[:, :, None] * vertices[faces[at]]).sum(axis=1)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    for i in range(0, 20, 2):
        arc = 100 * np.arccos(points[i] @ points[i + 1])
        assert paths.length(i, i + 1) == pytest.approx(arc, rel=3e-3)
