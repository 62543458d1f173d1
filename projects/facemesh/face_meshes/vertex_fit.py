"""A vertex and an offset for each landmark.

n: faces, V: vertices, K: landmarks. Points are complex, in the frame of
:class:`.FaceFrame`.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ['VertexFit', 'fit_vertices']

# Against far vertices that fit a few faces by chance: of 10 labelled faces,
# the best of 478 vertices without it is a worse choice. Chosen on training
# faces only.
_FAR = 0.1


@dataclass(frozen=True)
class VertexFit:
    """What is chosen for each landmark.

    Attributes:
        vertices (np.ndarray): Numbers of the vertices, (K,).
        offsets (np.ndarray): From vertex to landmark, complex, (K,).
    """

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

    Args:
        meshes (np.ndarray): Complex, (n, V).
        points (np.ndarray): True landmarks, complex, (n, K), NaN where not
            labelled.
        far (float): c; 0 chooses by the labels alone. Defaults to 0.1.

    Returns:
        VertexFit: NaN as offset of a landmark that no face has.
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
