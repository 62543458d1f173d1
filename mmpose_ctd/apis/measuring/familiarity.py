"""Tells whether a face looks like those the model was trained on.

Three things are compared with the training faces: the encoder's features,
the shape that the landmarks form, and how the heads are turned. What is kept
of the training faces are means and directions of variation, no face's own
features, which would be a recogniser's template of a person.
"""

from dataclasses import dataclass

import numpy as np

__all__ = [
    'Appearance',
    'Shape',
    'fit_appearance',
    'fit_shape',
    'left_out_distances',
]

# Directions of variation kept of the features: 80 faces tell no more.
_DIRECTIONS = 24
# Share of the mean variance that every direction is given.
_SHRINKAGE = 0.2


@dataclass
class Appearance:
    r"""Mahalanobis distance of features from the training faces'.

    The features, their lengths set to 1, with the covariance shrunk as
    Friedman's regularised discriminant analysis (1989) does,

    .. math:: (1 - \alpha) S + \alpha \frac{\operatorname{tr} S}{C} I

    of whose variances the largest are kept; the others count as their mean
    (Tipping and Bishop, 1999).

    Attributes:
        mean (np.ndarray): (C,).
        directions (np.ndarray): Orthonormal rows, (D, C).
        variances (np.ndarray): Along them, (D,).
        rest (float): Along any other.
    """

    mean: np.ndarray
    directions: np.ndarray
    variances: np.ndarray
    rest: float

    def distances(self, features: np.ndarray) -> np.ndarray:
        """Of N faces' features (N, C), per dimension, so that 1 is usual."""
        centred = _unit(features) - self.mean
        along = centred @ self.directions.T
        outside = (centred**2).sum(axis=1) - (along**2).sum(axis=1)
        total = (along**2 / self.variances).sum(axis=1)
        total += np.maximum(outside, 0) / self.rest
        return np.sqrt(total / self.mean.size)


def fit_appearance(features: np.ndarray) -> Appearance:
    """Fit to training faces' features (N, C)."""
    unit = _unit(features)
    n, c = unit.shape
    mean = unit.mean(axis=0)
    _, sizes, directions = np.linalg.svd(unit - mean, full_matrices=False)
    variances = sizes**2 / max(n - 1, 1)
    total = max(variances.sum(), 1e-12)
    keep = min(_DIRECTIONS, max(n - 2, 1), c)
    shrunk = (1 - _SHRINKAGE) * variances[:keep] + _SHRINKAGE * total / c
    left = (1 - _SHRINKAGE) * variances[keep:].sum() / max(c - keep, 1)
    return Appearance(
        mean, directions[:keep], shrunk, float(left + _SHRINKAGE * total / c)
    )


def _unit(features: np.ndarray) -> np.ndarray:
    features = np.asarray(features, dtype=np.float64)
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.maximum(length, 1e-12)


@dataclass
class Shape:
    r"""Procrustes distance of landmarks from the mean training face.

    Attributes:
        mean (np.ndarray): (K, 2), centred, of size 1; NaN for a landmark
            that no training face has.
    """

    mean: np.ndarray

    def distances(self, points: np.ndarray) -> np.ndarray:
        r"""After moving, scaling and turning each onto the mean, (N,).

        .. math:: \sqrt{1 - r^2}, \quad r = |\sum_k \bar m_k z_k|

        for complex coordinates z of size 1: the full Procrustes distance
        (Dryden and Mardia, Statistical Shape Analysis, 1998).
        """
        return np.sqrt(np.maximum(0, 1 - np.abs(self._fit(points)) ** 2))

    def rolls(self, points: np.ndarray) -> np.ndarray:
        """By how much each is turned in the plane, degrees, (N,)."""
        return np.degrees(np.angle(self._fit(points)))

    def _fit(self, points: np.ndarray) -> np.ndarray:
        known = np.isfinite(self.mean).all(axis=1)
        mean = _complex(self.mean[known][None])[0]
        return _complex(np.asarray(points)[:, known]) @ mean.conj()


def fit_shape(points: np.ndarray) -> Shape:
    """The mean of faces' landmarks (N, K, 2), full Procrustes.

    The first eigenvector of the sum of z z* (Kent, 1994).
    """
    known = np.isfinite(points).all(axis=(0, 2))
    z = _complex(points[:, known])
    _, vectors = np.linalg.eigh(z.T @ z.conj())
    mean = vectors[:, -1]
    # Eigenvectors may be turned by any angle: as the faces are.
    turn = (z @ mean.conj()).sum()
    mean = mean * turn / abs(turn)
    full = np.full(points.shape[1:], np.nan)
    full[known] = np.column_stack([mean.real, mean.imag])
    return Shape(full)


def _complex(points: np.ndarray) -> np.ndarray:
    """Centred complex coordinates of size 1, (N, K)."""
    z = points[..., 0] + 1j * points[..., 1]
    z = z - z.mean(axis=1, keepdims=True)
    size = np.linalg.norm(z, axis=1, keepdims=True)
    return z / np.maximum(size, 1e-12)


def left_out_distances(
    values: np.ndarray, subjects: np.ndarray, fit
) -> np.ndarray:
    """Distances of each subject's faces from a fit to all others.

    Args:
        values (np.ndarray): What ``fit`` takes, first axis N.
        subjects (np.ndarray): Who is on each image, (N,).
        fit (Callable): ``fit_appearance`` or ``fit_shape``.

    Returns:
        np.ndarray: (N,).
    """
    found = np.zeros(len(values))
    for subject in np.unique(subjects):
        own = subjects == subject
        found[own] = fit(values[~own]).distances(values[own])
    return found
