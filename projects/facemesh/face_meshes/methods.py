"""From the mesh of a face to its landmarks: what can be fitted.

n: faces, V: vertices, K: landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .cross_validation import best_strength, residuals_without
from .face_frame import FaceFrame, to_complex, to_plane
from .ridge_fit import fit_ridges, fit_vertex_ridges
from .site_offsets import site_offsets
from .vertex_fit import fit_vertices

__all__ = ['METHODS', 'FittedMethod', 'fit_method']


def _vertices(meshes, points, strengths) -> list:
    return [fit_vertices(meshes, points) for _ in strengths]


#: Name -> fit of several strengths, and the strengths to choose from; of
#: `vertex` there is nothing to choose.
_FITS = {
    'vertex': (_vertices, [np.inf]),
    'ridge': (fit_ridges, [*10.0 ** np.arange(-5, 3.25, 0.5)]),
    'vertex+ridge': (
        fit_vertex_ridges,
        [*10.0 ** np.arange(-4, 2.25, 0.5), np.inf],
    ),
}
METHODS = tuple(_FITS)


@dataclass(frozen=True)
class FittedMethod:
    """A fit in the frame of the training faces.

    Attributes:
        frame (FaceFrame): The frame.
        fit (Any): What predicts in it.
        strength (float, optional): Of ridge regression, as chosen; None
            without it.
        offsets (dict[str, np.ndarray]): Of sites, see
            :func:`.site_offsets`; empty where they are not used.
    """

    frame: FaceFrame
    fit: Any
    strength: float | None = None
    offsets: dict[str, np.ndarray] = field(default_factory=dict)

    def predict(
        self, meshes: np.ndarray, sites: Sequence[str] | None = None
    ) -> np.ndarray:
        """Landmarks of faces, in the unit of their meshes.

        Args:
            meshes (np.ndarray): (m, V, 2 or more); depth is not used.
            sites (Sequence[str], optional): Where each face was taken, m. A
                site without an offset has none. Defaults to None.

        Returns:
            np.ndarray: (m, K, 2).
        """
        meshes = to_complex(meshes)
        a, b = self.frame.similarities(meshes)
        points = self.fit.predict(a * meshes + b)
        if self.offsets and sites is not None:
            none = np.zeros(points.shape[1])
            points -= np.stack([self.offsets.get(s, none) for s in sites])
        return to_plane((points - b) / a)


def fit_method(
    method: str,
    meshes: np.ndarray,
    points: np.ndarray,
    subjects: Sequence,
    sites: Sequence[str] | None = None,
) -> FittedMethod:
    """Fit to labelled faces; nothing but these is looked at.

    Args:
        method (str): One of ``METHODS``.
        meshes (np.ndarray): Finite, (n, V, 2 or more).
        points (np.ndarray): True landmarks in the same unit, (n, K, 2), NaN
            where not labelled. Every landmark is labelled on some face.
        subjects (Sequence): Who is on each, n; whose faces are left out
            together to choose the strength.
        sites (Sequence[str], optional): Where each was taken, n. With at
            least two sites of three faces each site gets offsets. Defaults
            to None: no offsets.

    Returns:
        FittedMethod: The fit.
    """
    meshes, points = to_complex(meshes), to_complex(points)
    frame = FaceFrame.fit(meshes)
    a, b = frame.similarities(meshes)
    meshes, points = a * meshes + b, a * points + b
    fit, strengths = _FITS[method]
    residuals = None
    if len(strengths) > 1 or sites is not None:
        residuals = residuals_without(fit, strengths, meshes, points, subjects)
    strength = best_strength(residuals, strengths)
    offsets = {}
    if residuals is not None and sites is not None:
        offsets = site_offsets(residuals[strengths.index(strength)], sites)
    return FittedMethod(
        frame=frame,
        fit=fit(meshes, points, [strength])[0],
        strength=strength if len(strengths) > 1 else None,
        offsets=offsets,
    )
