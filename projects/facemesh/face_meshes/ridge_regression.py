"""Ridge regression of several strengths at once.

n: faces, F: features, T: targets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ['LinearMap', 'ridge_path']


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
