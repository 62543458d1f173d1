"""Learns landmarks from the dense landmarks of a few labelled faces.

Each landmark is a vertex of the face's mesh and an offset from it, in a frame
that a face's place, size and turn do not change. Annotators of different sites
may have offsets of their own.

n: faces, V: vertices, K: landmarks. Points are complex numbers x + iy inside:
a similarity (scale, rotation, shift) is then z -> a * z + b.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .cross_fit import site_offsets, subject_folds

# Against far vertices that fit a few faces by chance: of 10 labelled faces,
# the best of 478 vertices without it is a worse choice. Chosen on training
# faces only.
_FAR = 0.1


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
        z = meshes - meshes.mean(axis=1, keepdims=True)
        z /= np.linalg.norm(z, axis=1, keepdims=True)
        # The first eigenvector of the sum of z z* (Kent, 1994).
        mean = np.linalg.eigh(z.T @ z.conj())[1][:, -1]
        # It may have any turn; give it that of the faces.
        turn = (z @ mean.conj()).sum()
        return cls(mean * turn / abs(turn) * np.sqrt(len(mean)))

    def similarities(
        self, meshes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """a and b of each of n meshes (n, V), complex, both (n, 1)."""
        centre = meshes.mean(axis=1, keepdims=True)
        centred = meshes - centre
        a = (centred.conj() * self.mean).sum(axis=1, keepdims=True)
        a /= (np.abs(centred) ** 2).sum(axis=1, keepdims=True)
        return a, self.mean.mean() - a * centre


@dataclass(frozen=True)
class VertexFit:
    """A vertex for each landmark, (K,), and the complex offset from it."""

    vertices: np.ndarray
    offsets: np.ndarray

    def predict(self, meshes: np.ndarray) -> np.ndarray:
        """Landmarks (m, K) of meshes (m, V)."""
        return meshes[:, self.vertices] + self.offsets


def fit_vertices(
    meshes: np.ndarray, points: np.ndarray, far: float = _FAR
) -> VertexFit:
    r"""Choose, for each landmark, the vertex whose offset varies least.

    With the differences :math:`d_{iv} = p_i - z_{iv}` of a landmark's n
    labelled faces from vertex v and their mean :math:`\bar d_v`, the offset,
    it is the vertex of the least

    .. math:: \frac1{n-1} \sum_i |d_{iv} - \bar d_v|^2
              + \frac{c}{n} |\bar d_v|^2

    The second term is what one knows without labels: that a far vertex
    follows a landmark worse than a near one. It fades as labels come.

    ``meshes`` are (n, V), ``points`` (n, K), both complex, NaN where not
    labelled; ``far`` is c. A landmark that no face has gets NaN as offset.
    """
    vertices, offsets = [], []
    for landmark in points.T:
        known = np.isfinite(landmark)
        n = int(known.sum())
        if n == 0:
            vertices.append(0)
            offsets.append(complex(np.nan, np.nan))
            continue
        differences = landmark[known, None] - meshes[known]
        mean = differences.mean(axis=0)
        spread = (np.abs(differences - mean) ** 2).sum(axis=0)
        cost = spread / max(n - 1, 1) + far / n * np.abs(mean) ** 2
        best = int(np.argmin(cost))
        vertices.append(best)
        offsets.append(mean[best])
    return VertexFit(np.array(vertices), np.array(offsets))


@dataclass(frozen=True)
class FittedMesh:
    """A fit in the frame of the training faces.

    ``offsets`` are those of sites (:func:`.site_offsets`), if used.
    """

    frame: FaceFrame
    fit: VertexFit
    offsets: dict[str, np.ndarray]

    def predict(
        self, meshes: np.ndarray, sites: Sequence[str] | None = None
    ) -> np.ndarray:
        """Landmarks (m, K, 2) of meshes (m, V, 2 or more), in their unit.

        ``sites`` are where the m faces were taken.
        """
        meshes = to_complex(meshes)
        a, b = self.frame.similarities(meshes)
        points = self.fit.predict(a * meshes + b)
        if self.offsets and sites is not None:
            none = np.zeros(points.shape[1])
            points -= np.stack([self.offsets.get(s, none) for s in sites])
        return to_plane((points - b) / a)


def fit_mesh(
    meshes: np.ndarray,
    points: np.ndarray,
    subjects: Sequence,
    sites: Sequence[str] | None = None,
) -> FittedMesh:
    """Fit to labelled faces; nothing but these is looked at.

    Args:
        meshes (np.ndarray): Finite, (n, V, 2 or more).
        points (np.ndarray): True landmarks in the same unit, (n, K, 2), NaN
            where not labelled. A landmark that no face has is predicted as
            NaN.
        subjects (Sequence): Whose faces are left out together to judge a fit.
        sites (Sequence[str], optional): With at least two sites of three
            faces each site gets offsets. Defaults to None: no offsets.
    """
    frame, meshes, points = into_frame(meshes, points)
    fold, offsets = subject_folds(subjects), {}
    if sites is not None and fold.max() > 0:
        # Predicted less true, by fits without the face's subject.
        residuals = np.full(points.shape, np.nan + 0j)
        for number in range(fold.max() + 1):
            out = fold == number
            fit = fit_vertices(meshes[~out], points[~out])
            residuals[out] = fit.predict(meshes[out]) - points[out]
        offsets = site_offsets(residuals, sites)
    return FittedMesh(frame, fit_vertices(meshes, points), offsets)


def into_frame(
    meshes: np.ndarray, points: np.ndarray
) -> tuple[FaceFrame, np.ndarray, np.ndarray]:
    """The frame of training faces, and meshes and points in it, complex."""
    meshes, points = to_complex(meshes), to_complex(points)
    frame = FaceFrame.fit(meshes)
    a, b = frame.similarities(meshes)
    return frame, a * meshes + b, a * points + b
