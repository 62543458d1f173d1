"""From the mesh of a face to its landmarks: what can be fitted.

n: faces, V: vertices, K: landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .cross_validation import choose_strength
from .face_frame import FaceFrame, to_complex, to_plane
from .ridge_fit import fit_ridges, fit_vertex_ridges
from .vertex_fit import fit_vertices

__all__ = ['METHODS', 'FittedMethod', 'fit_method']

#: Name -> fit of several strengths, and the strengths to choose from; no fit
#: has strengths where there is nothing to choose.
_RIDGES = {
    'ridge': (fit_ridges, [*10.0 ** np.arange(-5, 3.25, 0.5)]),
    'vertex+ridge': (
        fit_vertex_ridges,
        [*10.0 ** np.arange(-4, 2.25, 0.5), np.inf],
    ),
}
METHODS = ('vertex', *_RIDGES)


@dataclass(frozen=True)
class FittedMethod:
    """A fit in the frame of the training faces.

    Attributes:
        frame (FaceFrame): The frame.
        fit (Any): What predicts in it.
        strength (float, optional): Of ridge regression, as chosen; None
            without it.
    """

    frame: FaceFrame
    fit: Any
    strength: float | None = None

    def predict(self, meshes: np.ndarray) -> np.ndarray:
        """Landmarks of faces, in the unit of their meshes.

        Args:
            meshes (np.ndarray): (m, V, 2 or more); depth is not used.

        Returns:
            np.ndarray: (m, K, 2).
        """
        meshes = to_complex(meshes)
        a, b = self.frame.similarities(meshes)
        return to_plane((self.fit.predict(a * meshes + b) - b) / a)


def fit_method(
    method: str,
    meshes: np.ndarray,
    points: np.ndarray,
    subjects: Sequence,
) -> FittedMethod:
    """Fit to labelled faces; nothing but these is looked at.

    Args:
        method (str): One of ``METHODS``.
        meshes (np.ndarray): Finite, (n, V, 2 or more).
        points (np.ndarray): True landmarks in the same unit, (n, K, 2), NaN
            where not labelled. Every landmark is labelled on some face.
        subjects (Sequence): Who is on each, n; whose faces are left out
            together to choose the strength.

    Returns:
        FittedMethod: The fit.
    """
    meshes, points = to_complex(meshes), to_complex(points)
    frame = FaceFrame.fit(meshes)
    a, b = frame.similarities(meshes)
    meshes, points = a * meshes + b, a * points + b
    if method == 'vertex':
        return FittedMethod(frame, fit_vertices(meshes, points))
    fit, strengths = _RIDGES[method]
    strength = choose_strength(fit, strengths, meshes, points, subjects)
    return FittedMethod(frame, fit(meshes, points, [strength])[0], strength)
