"""Measures how far each point lies from where the other points expect it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .alignment import align, mean_shape

# Added to the covariance's diagonal, times its mean variance: with few faces
# the expectation shrinks to the mean shape.
_RIDGE = 0.1
# Coordinates are clipped to this many deviations before the covariance.
_CLIP = 3.5
# Smallest deviation of a landmark, in root mean square radii of the face:
# labels are not more precise.
_FLOOR = 0.01
# The deviation of n faces is itself uncertain: it is multiplied by
# 1 + _UNSURE / n.
_UNSURE = 10
_FOLDS = 10


@dataclass
class FaceFit:
    """One face compared with the others.

    Attributes:
        expected (np.ndarray): Where the face's sound points expect each
            landmark, (K, 2) in pixels of the image; NaN where unknown.
        z (np.ndarray): Distance of each point from there in robust
            deviations, (K,); NaN where missing.
        suspects (list[int]): Positions of the landmarks beyond the threshold,
            worst first.
        angle (float): How far the face leans relative to the mean, in degrees
            clockwise in the image.
        refit (Callable): Takes, for each landmark, the position of the point
            that it shall have, (K,), and the landmarks to trust again;
            returns z, (K,).
    """

    expected: np.ndarray
    z: np.ndarray
    suspects: list[int]
    angle: float
    refit: Callable[[np.ndarray, Sequence[int]], np.ndarray]


@dataclass
class ShapeModel:
    """Mean and deviations of aligned faces.

    Attributes:
        mean (np.ndarray): Complex, (K,).
        deviation (np.ndarray): Robust deviation, along x and y, of each
            landmark's distance from where the others expect it, complex,
            (K,).
    """

    mean: np.ndarray
    deviation: np.ndarray

    def z(self, residual: np.ndarray) -> np.ndarray:
        """Residuals (..., K) in robust deviations."""
        return np.hypot(
            residual.real / self.deviation.real,
            residual.imag / self.deviation.imag,
        )


def fit_faces(
    points: np.ndarray, groups: Sequence, threshold: float
) -> tuple[ShapeModel, list[FaceFit | None]]:
    """Compare each face with the others.

    Faces are aligned with the mean shape. How the landmarks of a face move
    together is learned from faces of other groups, so no point excuses
    itself. The worst point is taken out and the rest compared again, until
    all are within the threshold.

    Args:
        points (np.ndarray): (N, K, 2) in pixels; NaN where missing.
        groups (Sequence): The subject of each face, (N,).
        threshold (float): Robust deviations that a point may be off.

    Returns:
        tuple: The model of all faces, and a fit for each; None for faces with
        fewer than three points that other faces have too.
    """
    faces = points @ (1, 1j)
    mean = mean_shape(faces)
    aligned, a, b = align(faces, mean)
    seen = np.isfinite(aligned)
    usable = seen.sum(axis=1) >= 3
    numbers = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    fold = np.array([numbers[group] % _FOLDS for group in groups])
    covariances = {}
    residual = np.full_like(aligned, np.nan)
    for number in np.unique(fold):
        others = usable & (fold != number)
        cov = _covariance(aligned[others if others.any() else usable], mean)
        covariances[number] = cov
        for n in np.flatnonzero(usable & (fold == number)):
            expected = _expected(aligned[n], seen[n], mean, cov)
            residual[n, seen[n]] = (aligned[n] - expected)[seen[n]]
    deviation = np.maximum(_mad(residual.real), _FLOOR) + 1j * np.maximum(
        _mad(residual.imag), _FLOOR
    )
    known = np.maximum(1, np.isfinite(residual).sum(axis=0))
    model = ShapeModel(mean, deviation * (1 + _UNSURE / known))
    fits = [
        _fit(aligned[n], a[n], b[n], model, covariances[fold[n]], threshold)
        if usable[n]
        else None
        for n in range(len(faces))
    ]
    return model, fits


def _fit(face, a, b, model, cov, threshold) -> FaceFit:
    seen = np.isfinite(face)
    trusted = seen.copy()
    suspects: list[int] = []
    while True:
        expected = _expected(face, trusted, model.mean, cov)
        z = model.z(face - expected)
        rest = np.where(trusted, z, 0)
        worst = int(np.argmax(rest))
        if rest[worst] <= threshold or trusted.sum() <= 3:
            break
        trusted[worst] = False
        suspects.append(worst)
    # A good point next to a bad one may have been taken out first.
    suspects = [k for k in suspects if z[k] > threshold]
    suspects.sort(key=lambda k: -z[k])
    place = (expected - b) / a

    def refit(order: np.ndarray, again: Sequence[int]) -> np.ndarray:
        again = list(again)
        believed = trusted.copy()
        believed[again] = seen[order][again]
        return model.z(
            face[order] - _expected(face[order], believed, model.mean, cov)
        )

    return FaceFit(
        np.stack([place.real, place.imag], axis=1),
        z,
        suspects,
        float(-np.degrees(np.angle(a))),
        refit,
    )


def _expected(
    face: np.ndarray, seen: np.ndarray, mean: np.ndarray, cov: np.ndarray
) -> np.ndarray:
    """Expect each landmark from the other seen ones.

    The conditional mean of a Gaussian: for a seen landmark k it is
    x_k - P_kk^-1 (P x)_k, with P the inverse covariance of the seen ones.

    Args:
        face (np.ndarray): Aligned, complex, (K,).
        seen (np.ndarray): Which points to trust, (K,).
        mean (np.ndarray): Complex, (K,).
        cov (np.ndarray): Of all x, then all y, (2K, 2K).

    Returns:
        np.ndarray: Complex, (K,).
    """
    k = len(face)
    places = np.flatnonzero(seen)
    both = np.concatenate([places, places + k])
    x = np.concatenate([(face - mean).real, (face - mean).imag])[both]
    precision = np.linalg.inv(cov[np.ix_(both, both)])
    weighted = precision @ x
    flat = cov[:, both] @ weighted
    n = len(places)
    pairs = np.stack([np.arange(n), np.arange(n) + n], axis=1)
    blocks = precision[pairs[:, :, None], pairs[:, None, :]]
    changes = np.linalg.solve(blocks, weighted[pairs][..., None])[..., 0]
    flat[places] = x[:n] - changes[:, 0]
    flat[places + k] = x[n:] - changes[:, 1]
    return mean + flat[:k] + 1j * flat[k:]


def _covariance(aligned: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Covariance (2K, 2K) of clipped coordinates.

    Missing points count as the mean first, then as what the others of their
    face expect.
    """
    seen = np.isfinite(aligned)
    covariance = _clipped_covariance(aligned, mean)
    if seen.all():
        return covariance
    filled = aligned.copy()
    for n in np.flatnonzero(~seen.all(axis=1) & seen.any(axis=1)):
        expected = _expected(aligned[n], seen[n], mean, covariance)
        filled[n, ~seen[n]] = expected[~seen[n]]
    return _clipped_covariance(filled, mean)


def _clipped_covariance(aligned: np.ndarray, mean: np.ndarray) -> np.ndarray:
    flat = np.concatenate([(aligned - mean).real, (aligned - mean).imag], 1)
    limit = _CLIP * np.maximum(_mad(flat), _FLOOR)
    flat = np.nan_to_num(np.clip(flat, -limit, limit))
    covariance = flat.T @ flat / max(1, len(flat))
    ridge = _RIDGE * np.trace(covariance) / len(covariance) + 1e-6
    return covariance + ridge * np.eye(len(covariance))


def _mad(values: np.ndarray) -> np.ndarray:
    centre = np.nanmedian(values, axis=0)
    return 1.4826 * np.nanmedian(np.abs(values - centre), axis=0)
