"""From the mesh of a face to its landmarks: what can be fitted.

n: faces, V: vertices, K: landmarks, F: features, T: targets, S: strengths of
a penalty. Points are complex, in the frame of :class:`.FaceFrame`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmpose_ctd.datasets.cross_fit import site_offsets, subject_folds
from mmpose_ctd.datasets.mesh_fit import (
    FittedMesh,
    VertexFit,
    fit_mesh,
    fit_vertices,
    into_frame,
    to_complex,
    to_plane,
)

__all__ = [
    'METHODS',
    'best_strength',
    'fit_method',
    'fit_ridges',
    'fit_vertex_ridges',
    'residuals_without',
    'ridge_path',
]

# Vertices around a landmark that correct its own vertex. 16 to all 478 are
# alike within 0.03 px on training faces.
_NEIGHBOURS = 64


@dataclass(frozen=True)
class LinearMap:
    """y = mean_y + (x - mean_x) W.

    Attributes:
        mean_x (np.ndarray): (F,).
        mean_y (np.ndarray): (T,).
        weights (np.ndarray): W, (F, T).
    """

    mean_x: np.ndarray
    mean_y: np.ndarray
    weights: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Targets (m, T) of features (m, F)."""
        return self.mean_y + (x - self.mean_x) @ self.weights


def ridge_path(
    x: np.ndarray, y: np.ndarray, strengths: Sequence[float]
) -> list[LinearMap]:
    r"""Fit once for each strength of the penalty.

    .. math:: W = \arg\min_W \lVert Y - X W \rVert^2
                  + \lambda \lVert W \rVert^2
                = V \operatorname{diag}\bigl(\tfrac{s}{s^2 + \lambda}\bigr)
                  U^T Y

    for centred X = U diag(s) V^T and Y (Hoerl and Kennard, 1970): means are
    not shrunk.

    Args:
        x (np.ndarray): (n, F).
        y (np.ndarray): (n, T).
        strengths (Sequence[float]): The lambdas, above 0; infinity gives the
            mean.

    Returns:
        list[LinearMap]: One a strength.
    """
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    u, s, vt = np.linalg.svd(x - mean_x, full_matrices=False)
    along = u.T @ (y - mean_y)
    return [
        LinearMap(
            mean_x, mean_y, vt.T @ ((s / (s**2 + strength))[:, None] * along)
        )
        for strength in strengths
    ]


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


#: Name -> what is fitted, and the strengths to choose from.
_RIDGES = {
    'ridge': (fit_ridges, [*10.0 ** np.arange(-5, 3.25, 0.5)]),
    'vertex+ridge': (
        fit_vertex_ridges,
        [*10.0 ** np.arange(-4, 2.25, 0.5), np.inf],
    ),
}
METHODS = ('vertex', *_RIDGES)


def fit_method(
    method: str,
    meshes: np.ndarray,
    points: np.ndarray,
    subjects: Sequence,
    sites: Sequence[str] | None = None,
) -> FittedMesh:
    """:func:`.fit_mesh` with one of ``METHODS``."""
    if method == 'vertex':
        return fit_mesh(meshes, points, subjects, sites)
    fit, strengths = _RIDGES[method]
    frame, meshes, points = into_frame(meshes, points)
    residuals = residuals_without(fit, strengths, meshes, points, subjects)
    strength = best_strength(residuals, strengths)
    offsets = {}
    if residuals is not None and sites is not None:
        offsets = site_offsets(residuals[strengths.index(strength)], sites)
    fitted = fit(meshes, points, [strength])[0]
    return FittedMesh(frame, fitted, offsets)


def residuals_without(
    fit: Callable,
    strengths: Sequence[float],
    meshes: np.ndarray,
    points: np.ndarray,
    subjects: Sequence,
) -> np.ndarray | None:
    """What a fit without a face's subject leaves of its landmarks.

    ``fit`` takes meshes (n, V), points (n, K), NaN where not labelled, and
    S strengths, and returns one fit a strength; all that it chooses is chosen
    without them. The result is predicted less true, (S, n, K), NaN where not
    labelled; None of a single subject.
    """
    folds = subject_folds(subjects)
    if folds.max() == 0:
        return None
    residuals = np.full((len(strengths), *points.shape), np.nan + 0j)
    for fold in range(folds.max() + 1):
        out = folds == fold
        fits = fit(meshes[~out], points[~out], strengths)
        for s, fitted in enumerate(fits):
            residuals[s, out] = fitted.predict(meshes[out]) - points[out]
    return residuals


def best_strength(
    residuals: np.ndarray | None, strengths: Sequence[float]
) -> float:
    """The strength with the least mean distance on subjects left out.

    The largest where there are no residuals of :func:`residuals_without`.
    """
    if residuals is None or not np.isfinite(residuals[0]).any():
        return max(strengths)
    known = np.isfinite(residuals[0])
    distances = np.abs(residuals[:, known]).mean(axis=1)
    return float(strengths[int(distances.argmin())])
