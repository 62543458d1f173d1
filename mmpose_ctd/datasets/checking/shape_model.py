"""Says of each point how far it lies from where the others expect it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .alignment import align, mean_shape

__all__ = ['FaceFit', 'ShapeModel', 'fit_faces']

# Added to the covariance's diagonal, in its mean variance: with few faces
# the expectation goes back to the mean shape.
_RIDGE = 0.1
# Coordinates are pulled in to so many deviations before the covariance.
_CLIP = 3.5
# Smallest deviation that a landmark is given, in units of the face's root
# mean square radius: finer labels do not exist.
_FLOOR = 0.01
# A deviation of n faces is itself uncertain: it counts 1 + _UNSURE / n times.
_UNSURE = 10
_FOLDS = 10


@dataclass
class FaceFit:
    """A face beside the others.

    Attributes:
        expected (np.ndarray): Where the others' relations and this face's
            own sound points expect each landmark, (K, 2) in pixels of the
            image; NaN where that cannot be told.
        z (np.ndarray): Robust deviations of each point from there, (K,);
            NaN where there is no point.
        suspects (list[int]): Places of the landmarks beyond the threshold,
            worst first.
        angle (float): By how much the face leans to its mean, in degrees,
            clockwise in the image.
        refit (Callable): Takes K places, whose point each landmark shall
            have, and the places to believe again; gives z, (K,).
    """

    expected: np.ndarray
    z: np.ndarray
    suspects: list[int]
    angle: float
    refit: Callable[[np.ndarray, Sequence[int]], np.ndarray]


@dataclass
class ShapeModel:
    """Mean, deviations and covariance of aligned faces.

    Attributes:
        mean (np.ndarray): Complex, (K,).
        covariance (np.ndarray): Of all x, then all y, (2K, 2K).
        deviation (np.ndarray): Robust deviation of what is left of each
            landmark when the others are known, complex, (K,).
    """

    mean: np.ndarray
    covariance: np.ndarray
    deviation: np.ndarray

    def z(self, residual: np.ndarray) -> np.ndarray:
        """Residuals (..., K) in robust deviations."""
        return np.hypot(
            residual.real / self.deviation.real,
            residual.imag / self.deviation.imag,
        )


def _mad(values: np.ndarray) -> np.ndarray:
    centre = np.nanmedian(values, axis=0)
    return 1.4826 * np.nanmedian(np.abs(values - centre), axis=0)


def _covariance(aligned: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Of coordinates that are pulled in.

    Missing ones count as the mean at first, then as what the others of their
    face tell.
    """
    seen = np.isfinite(aligned)
    covariance = _clipped_covariance(aligned, mean)
    if seen.all():
        return covariance
    filled = aligned.copy()
    for n in np.flatnonzero(~seen.all(axis=1) & seen.any(axis=1)):
        told = _expected(aligned[n], seen[n], mean, covariance)
        filled[n, ~seen[n]] = told[~seen[n]]
    return _clipped_covariance(filled, mean)


def _clipped_covariance(aligned: np.ndarray, mean: np.ndarray) -> np.ndarray:
    flat = np.concatenate([(aligned - mean).real, (aligned - mean).imag], 1)
    limit = _CLIP * np.maximum(_mad(flat), _FLOOR)
    flat = np.nan_to_num(np.clip(flat, -limit, limit))
    covariance = flat.T @ flat / max(1, len(flat))
    ridge = _RIDGE * np.trace(covariance) / len(covariance) + 1e-6
    return covariance + ridge * np.eye(len(covariance))


def _expected(
    face: np.ndarray, seen: np.ndarray, mean: np.ndarray, cov: np.ndarray
) -> np.ndarray:
    """Each landmark from the other seen ones.

    The conditional mean of a Gaussian: for a seen landmark k it is
    x_k - P_kk^-1 (P x)_k with P the inverse covariance of the seen ones.

    Args:
        face (np.ndarray): Aligned, complex, (K,).
        seen (np.ndarray): Which points to believe, (K,).
        mean (np.ndarray): Complex, (K,).
        cov (np.ndarray): (2K, 2K).

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
    i = np.arange(n)
    pairs = np.stack([i, i + n], axis=1)
    blocks = precision[pairs[:, :, None], pairs[:, None, :]]
    changes = np.linalg.solve(blocks, weighted[pairs][..., None])[..., 0]
    flat[places] = x[:n] - changes[:, 0]
    flat[places + k] = x[n:] - changes[:, 1]
    return mean + flat[:k] + 1j * flat[k:]


def _folds(groups: Sequence) -> np.ndarray:
    """One of the folds for each face; a group's are all in one."""
    places = {g: i for i, g in enumerate(dict.fromkeys(groups))}
    return np.array([places[g] % _FOLDS for g in groups])


def fit_faces(
    points: np.ndarray,
    groups: Sequence,
    threshold: float,
    mean: np.ndarray | None = None,
) -> tuple[ShapeModel, list[FaceFit | None]]:
    """Compare each face with the others.

    Faces are laid over the mean shape, robustly. What the landmarks of a
    face tell about each other is learned from faces of other groups, so that
    no point excuses itself. The point that fits worst is taken out and the
    rest looked at again, until all are within the threshold.

    Args:
        points (np.ndarray): (N, K, 2) in pixels; NaN where missing.
        groups (Sequence): Who each face is, (N,).
        threshold (float): Robust deviations that a point may be off.
        mean (np.ndarray, optional): Their :func:`mean_shape`, if it is known.
            Defaults to ``None``.

    Returns:
        tuple: The model of all faces, and a fit for each; None where a face
        has fewer than three points that others have, too.
    """
    faces = points @ (1, 1j)
    mean = mean_shape(faces) if mean is None else mean
    aligned, a, b = align(faces, mean)
    seen = np.isfinite(aligned)
    usable = seen.sum(axis=1) >= 3
    fold = _folds(groups)
    covariances = {}
    residual = np.full_like(aligned, np.nan)
    for number in np.unique(fold):
        others = usable & (fold != number)
        if not others.any():
            others = usable
        cov = _covariance(aligned[others], mean)
        covariances[number] = cov
        for n in np.flatnonzero(usable & (fold == number)):
            told = _expected(aligned[n], seen[n], mean, cov)
            residual[n, seen[n]] = (aligned[n] - told)[seen[n]]
    deviation = np.maximum(_mad(residual.real), _FLOOR) + 1j * np.maximum(
        _mad(residual.imag), _FLOOR
    )
    known = np.maximum(1, np.isfinite(residual).sum(axis=0))
    deviation *= 1 + _UNSURE / known
    model = ShapeModel(mean, _covariance(aligned[usable], mean), deviation)
    fits = [
        _fit(aligned[n], seen[n], a[n], b[n], model, cov, threshold)
        if usable[n]
        else None
        for n, cov in enumerate(covariances[f] for f in fold)
    ]
    return model, fits


def _fit(face, seen, a, b, model, cov, threshold) -> FaceFit:
    believed = seen.copy()
    suspects: list[int] = []
    while True:
        told = _expected(face, believed, model.mean, cov)
        z = model.z(face - told)
        rest = np.where(believed, z, 0)
        worst = int(np.argmax(rest))
        if rest[worst] <= threshold or believed.sum() <= 3:
            break
        believed[worst] = False
        suspects.append(worst)
    # A good point beside a bad one may have gone first.
    suspects = [k for k in suspects if z[k] > threshold]
    suspects.sort(key=lambda k: -z[k])
    place = (told - b) / a

    def refit(order: np.ndarray, again: Sequence[int]) -> np.ndarray:
        trusted = believed.copy()
        trusted[list(again)] = seen[order][list(again)]
        told = _expected(face[order], trusted, model.mean, cov)
        return model.z(face[order] - told)

    return FaceFit(
        np.stack([place.real, place.imag], axis=1),
        z,
        suspects,
        float(-np.degrees(np.angle(a))),
        refit,
    )
