"""From the mesh of a face to its landmarks: what can be fitted.

n: faces, V: vertices, K: landmarks.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmpose_ctd.apis.mesh_fit import FittedMesh, fit_mesh

from .cross_validation import choose_strength
from .ridge_fit import fit_ridges, fit_vertex_ridges

__all__ = ['METHODS', 'fit_method']

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


def fit_method(
    method: str,
    meshes: np.ndarray,
    points: np.ndarray,
    subjects: Sequence,
) -> FittedMesh:
    """Fit to labelled faces; nothing but these is looked at.

    Args:
        method (str): One of ``METHODS``.
        meshes (np.ndarray): Finite, (n, V, 2 or more).
        points (np.ndarray): True landmarks in the same unit, (n, K, 2), NaN
            where not labelled. Every landmark is labelled on some face.
        subjects (Sequence): Who is on each, n; whose faces are left out
            together to choose the strength.

    Returns:
        FittedMesh: The fit.
    """
    if method == 'vertex':
        return fit_mesh(meshes, points)
    fits, strengths = _RIDGES[method]
    chosen = []

    def fit(meshes: np.ndarray, points: np.ndarray):
        strength = choose_strength(fits, strengths, meshes, points, subjects)
        chosen.append(strength)
        return fits(meshes, points, [strength])[0]

    return replace(fit_mesh(meshes, points, fit), strength=chosen[0])
