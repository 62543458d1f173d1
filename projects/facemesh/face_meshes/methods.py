"""From the mesh of a face to its landmarks: what can be fitted."""

from collections.abc import Sequence

import numpy as np

from mmpose_ctd.datasets.mesh_fit import FittedMesh, fit_mesh

from .ridge_fit import fit_ridges, fit_vertex_ridges

__all__ = ['METHODS', 'fit_method']

#: Name -> what `fit_mesh` takes.
_FITS = {
    'vertex': {},
    'ridge': dict(
        fit=fit_ridges, strengths=[*10.0 ** np.arange(-5, 3.25, 0.5)]
    ),
    'vertex+ridge': dict(
        fit=fit_vertex_ridges,
        strengths=[*10.0 ** np.arange(-4, 2.25, 0.5), np.inf],
    ),
}
METHODS = tuple(_FITS)


def fit_method(
    method: str,
    meshes: np.ndarray,
    points: np.ndarray,
    subjects: Sequence,
    sites: Sequence[str] | None = None,
) -> FittedMesh:
    """:func:`.fit_mesh` with one of ``METHODS``."""
    return fit_mesh(meshes, points, subjects, sites, **_FITS[method])
