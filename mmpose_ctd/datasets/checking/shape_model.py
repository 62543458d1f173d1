"""Aligns faces, and measures how far points lie from where others expect them.

Points are complex numbers x + iy, so a similarity (scale, rotation, shift)
is z -> a * z + b. Missing points are NaN.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

# Cauchy weights halve at this many robust deviations.
_HALF = 2.0
_ITERATIONS = 15
# Smaller relative changes of scale and rotation end the iteration.
_CLOSE = 1e-4
# Pairs of points that give starting similarities, at most.
_STARTS = 400

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


def similarity(points: np.ndarray, target: np.ndarray) -> tuple:
    """Complex a and b with a * points + b close to target, both (K,).

    Of the similarities through two points each, the start is the one with
    the least median distance of all points (least median of squares,
    Rousseeuw 1984). Iterated Cauchy weights refine it. Up to about a third of
    the points may be anywhere. NaN with fewer than two usable points.
    """
    seen = np.isfinite(points) & np.isfinite(target)
    z, m = points[seen], target[seen]
    i, j = np.triu_indices(len(z), 1)
    # Distant pairs first.
    order = np.argsort(-np.abs(m[i] - m[j]), kind='stable')[:_STARTS]
    i, j = i[order], j[order]
    apart = z[i] != z[j]
    i, j = i[apart], j[apart]
    if not len(i):
        return complex(np.nan), complex(np.nan)
    a = (m[i] - m[j]) / (z[i] - z[j])
    b = m[i] - a * z[i]
    distances = np.abs(a[:, None] * z + b[:, None] - m)
    best = np.argmin(np.median(distances, axis=1))
    a, b = a[best], b[best]
    for _ in range(_ITERATIONS):
        distance = np.abs(a * z + b - m)
        scale = _HALF * 1.4826 * np.median(distance) + 1e-9
        weight = 1 / (1 + (distance / scale) ** 2)
        weight /= weight.sum()
        z0, m0 = weight @ z, weight @ m
        spread = weight @ np.abs(z - z0) ** 2
        if spread == 0:
            break
        before = a
        a = (weight * np.conj(z - z0)) @ (m - m0) / spread
        b = m0 - a * z0
        if abs(a - before) < _CLOSE * abs(a):
            break
    return a, b


def align(faces: np.ndarray, mean: np.ndarray) -> tuple:
    """Lay faces (N, K) over the mean (K,); returns them, a (N,) and b (N,)."""
    fits = [similarity(face, mean) for face in faces]
    a, b = np.array(fits, dtype=complex).reshape(-1, 2).T
    return a[:, None] * faces + b[:, None], a, b


def mean_shape(faces: np.ndarray) -> np.ndarray:
    """Medians of aligned faces (N, K), (K,): generalised Procrustes.

    Centred on 0, root mean square distance from there 1, upright as most
    faces are; NaN for landmarks that no face has.
    """
    # Faces in photographs are mostly upright: start with shift and scale.
    start = np.full_like(faces, np.nan)
    for n, face in enumerate(faces):
        seen = face[np.isfinite(face)]
        if len(seen) > 1:
            centre = np.median(seen.real) + 1j * np.median(seen.imag)
            size = np.median(np.abs(seen - centre))
            start[n] = (face - centre) / size if size else np.nan
    mean = _median(start)
    for _ in range(6):
        mean = _median(align(faces, mean)[0])
    return mean


def _median(faces: np.ndarray) -> np.ndarray:
    """Medians (K,), centred and of size 1; NaN without a face."""
    mean = np.full(faces.shape[1], complex(np.nan))
    for k, column in enumerate(faces.T):
        seen = column[np.isfinite(column)]
        if len(seen):
            mean[k] = np.median(seen.real) + 1j * np.median(seen.imag)
    mean -= np.nanmean(mean)
    size = np.sqrt(np.nanmean(np.abs(mean) ** 2))
    return mean / size if size else mean


@dataclass
class FaceFit:
    """One face compared with the others."""

    #: Where the face's sound points expect each landmark, (K, 2) in pixels of
    #: the image; NaN where unknown.
    expected: np.ndarray
    #: Distance of each point from there in robust deviations, (K,).
    z: np.ndarray
    #: Positions of the landmarks beyond the threshold, worst first.
    suspects: list[int]
    #: How far it leans relative to the mean, degrees clockwise in the image.
    angle: float
    #: Takes, for each landmark, the position of the point that it shall have,
    #: (K,), and the landmarks to trust again; returns z, (K,).
    refit: Callable[[np.ndarray, Sequence[int]], np.ndarray]


@dataclass
class ShapeModel:
    """Mean (K,) of aligned faces, and robust deviations (K,), complex.

    The latter, along x and y, are of the distance of each landmark from where
    the others expect it.
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

    ``points`` are (N, K, 2) in pixels, NaN where missing; ``groups`` are the
    subjects, (N,). Returns the model of all faces, and a fit for each; None
    for faces with fewer than three points that other faces have too.
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
    """Expect each landmark of an aligned face (K,) from the other seen ones.

    The conditional mean of a Gaussian: for a seen landmark k it is
    x_k - P_kk^-1 (P x)_k, with P the inverse covariance of the seen ones.
    ``cov`` is of all x, then all y, (2K, 2K).
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
