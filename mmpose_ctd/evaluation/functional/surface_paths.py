"""Lengths of shortest paths on a surface of triangles."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from mmpose_ctd.errors import InputError

# A place closer to a side, as a share of the triangle's height, is moved so
# far into it; of an edge of 2 mm this is 0.2 um.
_INSIDE = 1e-4
# Other paths to begin with, and how much longer than the shortest along
# edges they may be.
_DETOURS = 12
_LONGER = 1.45


class SurfacePaths:
    """Paths between K places of a surface.

    Each is a geodesic: a path along edges, pulled tight on the surface until
    no small change makes it shorter (N. Sharp, K. Crane, "You can find
    geodesic paths in triangle meshes by just flipping edges", ACM Trans.
    Graph. 39, 2020; library potpourri3d). There may be several, such as on
    either side of the nose: the shortest of those is taken that begin as the
    shortest path along edges, or as one of ``_DETOURS`` others. The length is
    exact if the shortest of all is among them, else too large.

    A path goes around holes. Where three or more triangles share an edge, or
    two of opposite sides, the surface is cut.

    Args:
        vertices (np.ndarray): (V, 3); equal points are one vertex.
        faces (np.ndarray): (F, 3), vertices of each triangle.
        places (np.ndarray): Triangle of each place, (K,).
        weights (np.ndarray): Its barycentric coordinates there, (K, 3).

    Attributes:
        num_cut (int): Edges at which the surface is cut.

    Raises:
        InputError: If potpourri3d is not installed.
    """

    def __init__(
        self,
        vertices: np.ndarray,
        faces: np.ndarray,
        places: Sequence[int],
        weights: np.ndarray,
    ) -> None:
        try:
            from potpourri3d import EdgeFlipGeodesicSolver
        except ImportError as error:
            raise InputError(
                where='lengths along a surface',
                found='potpourri3d is not installed',
                cure='pip install potpourri3d.',
            ) from error
        vertices, faces, ends = _with_places(vertices, faces, places, weights)
        # A triangle with one vertex twice has no area.
        sound = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
        vertices, faces, old, self.num_cut = _manifold(vertices, faces[sound])
        # A vertex that was split where parts meet: the first of them.
        self._ends = [int(np.flatnonzero(old == end)[0]) for end in ends]
        self._vertices = vertices
        self._edges = _edge_lengths(vertices, faces)
        _, self._parts = connected_components(self._edges, directed=False)
        self._solver = EdgeFlipGeodesicSolver(vertices, faces)

    def length(self, first: int, second: int) -> float:
        """Length of the path between two places; NaN without a path."""
        a, b = self._ends[first], self._ends[second]
        if a == b:
            return 0.0
        if self._parts[a] != self._parts[b]:
            return float('nan')
        starts = [[a, via, b] for via in self._detours(a, b)]
        paths = [self._solver.find_geodesic_path(a, b)]
        paths += map(self._solver.find_geodesic_path_poly, starts)
        return min(
            float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
            for path in paths
        )

    def _detours(self, a: int, b: int) -> list[int]:
        """Vertices about halfway between two, far from each other."""
        from_a, from_b = dijkstra(self._edges, False, indices=[a, b])
        both = from_a + from_b
        near = np.flatnonzero(both <= _LONGER * from_a[b])
        apart = np.abs(from_a[near] - from_b[near])
        middle = near[apart <= 0.3 * from_a[b]]
        chosen: list[int] = []
        away = -both[middle]
        for _ in range(min(_DETOURS, len(middle))):
            chosen.append(int(middle[away.argmax()]))
            step = self._vertices[middle] - self._vertices[chosen[-1]]
            reach = np.linalg.norm(step, axis=1)
            away = reach if len(chosen) == 1 else np.minimum(away, reach)
        return chosen


def _with_places(vertices, faces, places, weights):
    """Make each of K places a vertex: vertices, faces, and their numbers."""
    vertices, added = [*vertices], []
    # A triangle -> what it was divided into: vertices, and the barycentric
    # coordinates of these, (3, 3).
    divided = {int(f): [(faces[f], np.eye(3))] for f in places}
    ends = []
    for place, weight in zip(places, weights):
        pieces = divided[int(place)]
        shares = [np.linalg.solve(at.T, weight) for _, at in pieces]
        best = int(np.argmax([share.min() for share in shares]))
        corners, at = pieces[best]
        share = shares[best]
        if share.max() > 1 - _INSIDE:
            ends.append(int(corners[share.argmax()]))
            continue
        share = np.maximum(share, _INSIDE)
        share /= share.sum()
        new = len(vertices)
        vertices.append(share @ np.array([vertices[v] for v in corners]))
        ends.append(new)
        del pieces[best]
        for side in range(3):
            # The new vertex in the place of one corner keeps the turn.
            piece, where = corners.copy(), at.copy()
            piece[side], where[side] = new, share @ at
            pieces.append((piece, where))
    for pieces in divided.values():
        added += [piece for piece, _ in pieces]
    whole = np.delete(faces, [*divided], axis=0)
    return np.array(vertices), np.concatenate([whole, added]), ends


def _manifold(vertices, faces):
    """Cut a surface so that at most two triangles share an edge.

    Parts that touch at a vertex alone are separated. Returns the vertices,
    the faces, which vertex each was before, and the number of edges cut.
    """
    ends = np.stack([faces, np.roll(faces, -1, axis=1)], axis=-1)
    ends = ends.reshape(-1, 2)
    # Corners of triangles, by place in `faces`; an edge begins at one.
    first = np.arange(faces.size)
    second = first - first % 3 + (first + 1) % 3
    _, edge, counts = np.unique(
        np.sort(ends, axis=1), axis=0, return_inverse=True, return_counts=True
    )
    order = np.argsort(edge, kind='stable')
    starts = np.cumsum(counts) - counts
    pairs = order[starts[counts == 2, None] + np.arange(2)]
    turned = ends[pairs[:, 0], 0] == ends[pairs[:, 1], 1]
    num_cut = int((counts > 2).sum() + (~turned).sum())
    one, other = pairs[turned].T
    a = np.concatenate([first[one], second[one]])
    b = np.concatenate([second[other], first[other]])
    links = coo_array((np.ones(len(a)), (a, b)), shape=(faces.size,) * 2)
    number, vertex = connected_components(links, directed=False)
    old = np.zeros(number, dtype=int)
    old[vertex] = faces.ravel()
    return vertices[old], vertex.reshape(-1, 3), old, num_cut


def _edge_lengths(vertices, faces) -> csr_array:
    """Length of each edge, a graph of the vertices, (V, V)."""
    sides = [faces[:, [i, (i + 1) % 3]] for i in range(3)]
    sides = np.unique(np.sort(np.concatenate(sides), axis=1), axis=0)
    a, b = sides.T
    # A zero would be no edge.
    lengths = np.linalg.norm(vertices[a] - vertices[b], axis=1) + 1e-12
    return csr_array((lengths, (a, b)), shape=(len(vertices),) * 2)
