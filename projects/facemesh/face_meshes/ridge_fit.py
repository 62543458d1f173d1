"""Landmarks by ridge regression from a mesh.

n: faces, V: vertices, K: landmarks. Points are complex, in the frame of
:class:`.FaceFrame`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmpose_ctd.apis.mesh_fit import (
    VertexFit,
    fit_vertices,
    to_complex,
    to_plane,
)

from .ridge_regression import LinearMap, ridge_path

__all__ = [
    'RidgeFit',
    'VertexRidgeFit',
    'fit_ridges',
    'fit_vertex_ridges',
]

# Vertices around a landmark that correct its own vertex. 16 to all 478 are
# alike within 0.03 px on training faces.
_NEIGHBOURS = 64


@dataclass(frozen=True)
class RidgeFit:
    """Every landmark from the vertices that it is regressed on.

    Attributes:
        vertices (list[np.ndarray]): Numbers of each landmark's vertices, K
            arrays.
        maps (list[LinearMap | None]): From their coordinates to the
            landmark's; None for a landmark that no face has.
    """

    vertices: list[np.ndarray]
    maps: list[LinearMap | None]

    def predict(self, meshes: np.ndarray) -> np.ndarray:
        """Landmarks (m, K) of meshes (m, V)."""
        found = np.full((len(meshes), len(self.maps)), np.nan + 0j)
        for k, (vertices, fit) in enumerate(zip(self.vertices, self.maps)):
            if fit is not None:
                found[:, k] = to_complex(fit(_features(meshes[:, vertices])))
        return found


@dataclass(frozen=True)
class VertexRidgeFit:
    """A vertex and an offset, corrected by ridge regression."""

    vertex: VertexFit
    correction: RidgeFit

    def predict(self, meshes: np.ndarray) -> np.ndarray:
        """Landmarks (m, K) of meshes (m, V)."""
        return self.vertex.predict(meshes) + self.correction.predict(meshes)


def fit_ridges(
    meshes: np.ndarray, points: np.ndarray, strengths: Sequence[float]
) -> list[RidgeFit]:
    """Regress all landmarks on all vertices.

    Args:
        meshes (np.ndarray): Complex, (n, V).
        points (np.ndarray): True landmarks, complex, (n, K), NaN where not
            labelled.
        strengths (Sequence[float]): Of the penalty.

    Returns:
        list[RidgeFit]: One a strength.
    """
    everything = np.arange(meshes.shape[1])
    return _fit(meshes, points, [everything] * points.shape[1], strengths)


def fit_vertex_ridges(
    meshes: np.ndarray, points: np.ndarray, strengths: Sequence[float]
) -> list[VertexRidgeFit]:
    """Regress what :func:`.fit_vertices` leaves on the vertices nearby.

    Args:
        meshes (np.ndarray): As for :func:`fit_ridges`.
        points (np.ndarray): Likewise.
        strengths (Sequence[float]): Of the penalty; infinity gives the
            vertex and its offset alone.

    Returns:
        list[VertexRidgeFit]: One a strength.
    """
    vertex = fit_vertices(meshes, points)
    middle = meshes.mean(axis=0)
    places = middle[vertex.vertices] + vertex.offsets
    nearest = [
        np.argsort(np.abs(middle - place), kind='stable')[:_NEIGHBOURS]
        for place in places
    ]
    rest = points - vertex.predict(meshes)
    return [
        VertexRidgeFit(vertex, ridge)
        for ridge in _fit(meshes, rest, nearest, strengths)
    ]


def _features(vertices: np.ndarray) -> np.ndarray:
    return to_plane(vertices).reshape(len(vertices), -1)


def _fit(
    meshes: np.ndarray,
    targets: np.ndarray,
    vertices: list[np.ndarray],
    strengths: Sequence[float],
) -> list[RidgeFit]:
    paths = []
    for target, chosen in zip(targets.T, vertices):
        known = np.isfinite(target)
        if not known.any():
            paths.append([None] * len(strengths))
            continue
        features = _features(meshes[np.ix_(known, chosen)])
        paths.append(ridge_path(features, to_plane(target[known]), strengths))
    return [RidgeFit(vertices, list(maps)) for maps in zip(*paths)]
