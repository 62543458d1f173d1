"""The face-normalised frame: similarities of the plane onto the mean mesh.

n: faces, V: vertices, K: landmarks. Points are complex numbers x + iy here:
a similarity (scale, rotation, shift) is then z -> a * z + b.
"""

from dataclasses import dataclass

import numpy as np

from mmpose_ctd.apis.measuring.familiarity import fit_shape

__all__ = ['FaceFrame', 'to_complex', 'to_plane']


def to_complex(points: np.ndarray) -> np.ndarray:
    """x + iy of points (..., 2 or 3); a third coordinate is left out."""
    return points[..., 0] + 1j * points[..., 1]


def to_plane(points: np.ndarray) -> np.ndarray:
    """x and y of complex points, (..., 2)."""
    return np.stack([points.real, points.imag], axis=-1)


@dataclass(frozen=True)
class FaceFrame:
    r"""Takes faces to the mean mesh of the training faces and back.

    Each mesh has the similarity of its own that lays it over the mean mesh
    :math:`m` by least squares (ordinary Procrustes analysis):

    .. math::
        a = \frac{\sum_v \overline{(z_v - \bar z)} (m_v - \bar m)}
                 {\sum_v |z_v - \bar z|^2}, \quad b = \bar m - a \bar z

    The mean is that of full Procrustes analysis (Dryden and Mardia,
    Statistical Shape Analysis, 1998). Its centre is 0 and its vertices' root
    mean square distance from there is 1, the unit of the frame. How the mean
    is turned changes nothing that is fitted in the frame.

    Attributes:
        mean (np.ndarray): Complex, (V,).
    """

    mean: np.ndarray

    @classmethod
    def fit(cls, meshes: np.ndarray) -> 'FaceFrame':
        """Of training faces' meshes, complex, (n, V)."""
        mean = to_complex(fit_shape(to_plane(meshes)).mean)
        return cls(mean * np.sqrt(len(mean)))

    def similarities(
        self, meshes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """a and b of each of n meshes (n, V), complex, both (n, 1)."""
        centre = meshes.mean(axis=1, keepdims=True)
        centred = meshes - centre
        a = (centred.conj() * self.mean).sum(axis=1, keepdims=True)
        a /= (np.abs(centred) ** 2).sum(axis=1, keepdims=True)
        return a, self.mean.mean() - a * centre
