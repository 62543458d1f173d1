"""From the mesh of a face to its landmarks: what can be fitted.

n: faces, V: vertices, K: landmarks, S: strengths of a penalty.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmpose_ctd.datasets.cross_fit import site_offsets, subject_folds
from mmpose_ctd.datasets.mesh_fit import FittedMesh, fit_mesh, into_frame

from .ridge_fit import fit_ridges, fit_vertex_ridges

__all__ = ['METHODS', 'best_strength', 'fit_method', 'residuals_without']

#: Name -> what is fitted, and the strengths to choose from.
_RIDGES = {
    'ridge': (fit_ridges, [*10.0 ** np.arange(-5, 3.25, 0.5)]),
    'vertex+ridge': (
        fit_vertex_ridges,
        [*10.0 ** np.arange(-4, 2.25, 0.5), np.inf],
    ),
}
METHODS = ('vertex', *_RIDGES)


@dataclass(frozen=True)
class _FittedRidge(FittedMesh):
    strength: float


def fit_method(
    method: str,
    meshes: np.ndarray,
    points: np.ndarray,
    subjects: Sequence,
    sites: Sequence[str] | None = None,
) -> FittedMesh:
    """:func:`.fit_mesh` with one of ``METHODS``; a ridge has a strength."""
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
    return _FittedRidge(frame, fitted, offsets, strength)


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
