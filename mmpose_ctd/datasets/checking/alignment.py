"""Aligns faces with their mean shape, robustly.

Points are complex numbers x + iy, so a similarity (scale, rotation, shift)
is z -> a * z + b.
"""

import numpy as np

# Cauchy weights halve at this many robust deviations.
_HALF = 2.0
_ITERATIONS = 15
# Smaller relative changes of scale and rotation end the iteration.
_CLOSE = 1e-4
# Pairs of points that give starting similarities, at most.
_STARTS = 400


def similarity(points: np.ndarray, target: np.ndarray) -> tuple:
    """The similarity that most points agree on.

    Of the similarities through two points each, the start is the one with
    the least median distance of all points (least median of squares,
    Rousseeuw 1984). Iterated Cauchy weights refine it. Up to about a third of
    the points may be anywhere.

    Args:
        points (np.ndarray): Complex, (K,); NaN where missing.
        target (np.ndarray): Complex, (K,); NaN where unknown.

    Returns:
        tuple: Complex a and b with a * points + b close to target; NaN with
        fewer than two usable points.
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
    best = np.argmin(_middle(distances))
    a, b = a[best], b[best]
    for _ in range(_ITERATIONS):
        distance = np.abs(a * z + b - m)
        scale = _HALF * 1.4826 * _middle(distance) + 1e-9
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


def _middle(values: np.ndarray) -> np.ndarray:
    """Median along the last axis; of few values faster than numpy's."""
    n = values.shape[-1]
    ordered = np.sort(values, axis=-1)
    return (ordered[..., (n - 1) // 2] + ordered[..., n // 2]) / 2


def align(faces: np.ndarray, mean: np.ndarray) -> tuple:
    """Lay each face over the mean.

    Args:
        faces (np.ndarray): Complex, (N, K).
        mean (np.ndarray): Complex, (K,).

    Returns:
        tuple: The faces in the mean's coordinates, (N, K), and a and b of
        each, (N,).
    """
    fits = [similarity(face, mean) for face in faces]
    a, b = np.array(fits, dtype=complex).reshape(-1, 2).T
    return a[:, None] * faces + b[:, None], a, b


def mean_shape(faces: np.ndarray) -> np.ndarray:
    """Medians of the landmarks over aligned faces (generalised Procrustes).

    Args:
        faces (np.ndarray): Complex, (N, K); NaN where missing.

    Returns:
        np.ndarray: Complex, (K,): centred on 0, root mean square distance
        from there 1, upright as most faces are. NaN for landmarks that no
        face has.
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
