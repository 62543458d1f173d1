"""Whether a face looks like those that the model was trained on.

Compared are the encoder's features, the shape of the landmarks, and the turn
of the head. Of the training faces only means and directions of variation are
kept: a face's own features could identify a person.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, BeforeValidator, PlainSerializer

# Directions of variation kept of the features; 80 faces determine no more.
_DIRECTIONS = 24
# Share of the mean variance that every direction is given.
_SHRINKAGE = 0.2


# How a calibration file holds arrays.
class _Packed(BaseModel, strict=True):
    shape: list[int]
    float32: str


def _floats(value: Any) -> np.ndarray:
    """Base64 of little-endian 32-bit floats, unpacked."""
    packed = _Packed.model_validate(value)
    data = base64.b64decode(packed.float32, validate=True)
    return np.frombuffer(data, '<f4').reshape(packed.shape).astype(float)


def _packed(values: np.ndarray) -> dict:
    data = np.ascontiguousarray(values, dtype='<f4')
    text = base64.b64encode(data.tobytes()).decode()
    return dict(shape=list(data.shape), float32=text)


Array = Annotated[
    np.ndarray, BeforeValidator(_floats), PlainSerializer(_packed)
]


@dataclass
class Appearance:
    r"""Mahalanobis distance of features from the training faces'.

    Features are scaled to length 1. Their covariance is shrunk as in
    Friedman's regularised discriminant analysis (1989),

    .. math:: (1 - \alpha) S + \alpha \frac{\operatorname{tr} S}{C} I,

    and of its variances all but the largest are replaced by their mean
    (Tipping and Bishop, 1999).

    Attributes:
        mean (np.ndarray): (C,).
        directions (np.ndarray): Orthonormal rows, (D, C).
        variances (np.ndarray): Along them, (D,).
        rest (float): Along any other.
    """

    mean: Array
    directions: Array
    variances: Array
    rest: float

    def distances(self, features: np.ndarray) -> np.ndarray:
        """Of N faces' features (N, C), per dimension: about 1 is usual."""
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
class MeanShape:
    r"""Procrustes distance of landmarks from the mean training face.

    Attributes:
        mean (np.ndarray): (K, 2), centred, of size 1; NaN for a landmark
            that no training face has.
    """

    mean: np.ndarray

    def distances(self, points: np.ndarray) -> np.ndarray:
        r"""Full Procrustes distance of N faces (N, K, 2) from the mean, (N,).

        .. math:: \sqrt{1 - r^2}, \quad r = |\sum_k \bar m_k z_k|

        for complex coordinates z of size 1 (Dryden and Mardia, Statistical
        Shape Analysis, 1998). Place, size and turn do not count.
        """
        return np.sqrt(np.maximum(0, 1 - np.abs(self._fit(points)) ** 2))

    def rolls(self, points: np.ndarray) -> np.ndarray:
        """Turn of each face in the plane, degrees, (N,)."""
        return np.degrees(np.angle(self._fit(points)))

    def _fit(self, points: np.ndarray) -> np.ndarray:
        known = np.isfinite(self.mean).all(axis=1)
        mean = _complex(self.mean[known][None])[0]
        return _complex(np.asarray(points)[:, known]) @ mean.conj()


def fit_shape(points: np.ndarray) -> MeanShape:
    """Full Procrustes mean of faces' landmarks (N, K, 2).

    It is the first eigenvector of the sum of z z* (Kent, 1994).
    """
    known = np.isfinite(points).all(axis=(0, 2))
    z = _complex(points[:, known])
    _, vectors = np.linalg.eigh(z.T @ z.conj())
    mean = vectors[:, -1]
    # An eigenvector may have any turn; give it that of the faces.
    turn = (z @ mean.conj()).sum()
    mean = mean * turn / abs(turn)
    full = np.full(points.shape[1:], np.nan)
    full[known] = np.column_stack([mean.real, mean.imag])
    return MeanShape(full)


def _complex(points: np.ndarray) -> np.ndarray:
    """Centred complex coordinates of size 1, (N, K)."""
    z = points[..., 0] + 1j * points[..., 1]
    z = z - z.mean(axis=1, keepdims=True)
    size = np.linalg.norm(z, axis=1, keepdims=True)
    return z / np.maximum(size, 1e-12)


def left_out_distances(
    values: np.ndarray,
    subjects: np.ndarray,
    fit: Callable[[np.ndarray], Appearance | MeanShape],
) -> np.ndarray:
    """Distances of each subject's faces from a fit to all others, (N,).

    ``values`` are what ``fit`` takes, first axis N, of ``subjects`` (N,).
    """
    found = np.zeros(len(values))
    for subject in np.unique(subjects):
        own = subjects == subject
        found[own] = fit(values[~own]).distances(values[own])
    return found
