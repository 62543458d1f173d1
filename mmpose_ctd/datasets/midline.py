"""Finds landmarks without a partner that do not lie on the midline.

No list has all spellings of a side. So places are checked, too: the known
pairs define each face's midline, and a landmark that keeps its name in a
mirrored image must lie on it.
"""

from collections.abc import Collection, Iterable, Sequence
from difflib import SequenceMatcher

import numpy as np
from scipy.optimize import linear_sum_assignment

# The first faces that are used, and the fewest that are needed.
_FACES, _FEWEST = 2000, 3
# Least distances from the midline in root mean square radii of the face: of
# two landmarks that mirror each other, and of a single one. The second terms
# allow for chance; they are divided by the root of the number of faces.
_TWO, _ONE = 0.04, 0.2
_CHANCE_TWO, _CHANCE_ONE = 0.04, 0.2
# Least distance in robust standard deviations over the faces.
_CLEAR = 2.5
# Largest distance from the partner's mirror image, as a share of the distance
# between the two.
_NEAR = 0.35
# Known pairs must be parallel in most faces; else their names are wrong.
_PARALLEL = 0.9


def labelled_points(
    annotations: Iterable[dict], count: int, limit: int = _FACES
) -> np.ndarray:
    """The labelled faces of an annotation file, at most ``limit``.

    Args:
        annotations (Iterable[dict]): COCO's, with ``keypoints``. Those
            without 3 K numbers are ignored.
        count (int): K, the number of landmarks.

    Returns:
        np.ndarray: (N, K, 2) in pixels; NaN where missing.
    """
    faces = []
    for annotation in annotations:
        try:
            face = np.array(annotation['keypoints'], dtype=float)
        except (KeyError, TypeError, ValueError):
            continue
        if face.shape == (3 * count,):
            faces.append(face)
        if len(faces) == limit:
            break
    points = np.array(faces).reshape(-1, count, 3)
    return np.where(points[..., 2:] > 0, points[..., :2], np.nan)


def off_midline(
    points: np.ndarray,
    names: Sequence[str],
    partners: Sequence[str],
    stated: Collection[str] = (),
) -> list[tuple[str, str]]:
    """Landmarks that keep their names in mirrored images, but should not.

    Args:
        points (np.ndarray): (N, K, 2) in pixels; NaN where missing. The first
            2000 faces are used.
        names (Sequence[str]): The K landmarks.
        partners (Sequence[str]): The partner of each, or itself.
        stated (Collection[str]): Landmarks whose partner a config states.

    Returns:
        list[tuple[str, str]]: Two landmarks that mirror each other, or twice
        one that lies on one side and has no mirror image. Empty with fewer
        than 3 faces, without a known pair, or if the known pairs do not lie
        across the faces.
    """
    place = {name: k for k, name in enumerate(names)}
    pairs = np.array(
        [(k, place[p]) for k, p in enumerate(partners) if place[p] > k],
        dtype=int,
    ).reshape(-1, 2)
    single = [
        k
        for k, partner in enumerate(partners)
        if place[partner] == k and names[k] not in stated
    ]
    if not len(pairs) or not single:
        return []
    faces = points[:_FACES] @ (1, 1j)
    frames = _frames(faces, pairs)
    if frames is None or len(frames) < _FEWEST:
        return []
    # Real: from the midline; imaginary: along it.
    own = frames[:, single]
    two = _mirrored(own, [names[k] for k in single])
    found = [(single[a], single[b]) for a, b in two]
    taken = {k for pair in two for k in pair}
    limit = _ONE + _CHANCE_ONE / np.sqrt(len(faces))
    for k in range(len(single)):
        across = own[:, k].real
        across = across[np.isfinite(across)]
        if k in taken or not len(across):
            continue
        if abs(np.median(across)) > limit and _one_sided(across):
            found.append((single[k], single[k]))
    return [(names[a], names[b]) for a, b in sorted(found)]


def _frames(faces: np.ndarray, pairs: np.ndarray) -> np.ndarray | None:
    """Faces (N, K), complex, with the midline as imaginary axis."""
    first, second = faces[:, pairs[:, 0]], faces[:, pairs[:, 1]]
    across = second - first
    usable = np.isfinite(across).any(axis=1)
    faces, first, second, across = (
        values[usable] for values in (faces, first, second, across)
    )
    # Twice the angle is equal for a pair and its exchange.
    doubled = np.nansum(across**2, axis=1)
    lengths = np.nansum(np.abs(across) ** 2, axis=1)
    usable = np.abs(doubled) > 0
    if not usable.any() or (
        np.median(np.abs(doubled[usable]) / lengths[usable]) < _PARALLEL
    ):
        return None
    faces, first, second = (v[usable] for v in (faces, first, second))
    axis = np.sqrt(doubled[usable] / np.abs(doubled[usable]))
    axis[axis.real < 0] *= -1
    turned = faces * axis.conj()[:, None]
    middles = (first + second) / 2 * axis.conj()[:, None]
    turned = turned - _median(middles.real)
    centred = turned - np.nanmean(turned, axis=1, keepdims=True)
    size = np.sqrt(np.nanmean(np.abs(centred) ** 2, axis=1, keepdims=True))
    return turned.real / size + 1j * centred.imag / size


def _median(values: np.ndarray) -> np.ndarray:
    return np.nanmedian(values, axis=1, keepdims=True)


def _one_sided(across: np.ndarray) -> bool:
    """Whether distances from the midline (N,) are clearly of one side."""
    middle = np.median(across)
    spread = 1.4826 * np.median(np.abs(across - middle))
    return bool(abs(middle) > _CLEAR * spread)


def _mirrored(own: np.ndarray, names: Sequence[str]) -> list[tuple[int, int]]:
    """Indices of pairs that mirror each other; similar names first."""
    seen = np.isfinite(own)
    middle = np.array(
        [
            np.median(c.real[s]) + 1j * np.median(c.imag[s])
            if s.any()
            else np.nan
            for c, s in zip(own.T, seen.T)
        ]
    )
    left = np.flatnonzero(middle.real < 0)
    right = np.flatnonzero(middle.real > 0)
    cost = np.full((len(left), len(right)), np.inf)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            distance = abs(middle[b] + middle[a].conj())
            half = (own[:, b] - own[:, a]).real / 2
            half = half[np.isfinite(half)]
            if not len(half) or distance >= _NEAR * 2 * abs(np.median(half)):
                continue
            limit = _TWO + _CHANCE_TWO / np.sqrt(len(half))
            if np.median(half) > limit and _one_sided(half):
                alike = SequenceMatcher(None, names[a], names[b]).ratio()
                cost[i, j] = (1 - alike) + distance
    # Larger than all possible costs together.
    whole = np.where(np.isfinite(cost), cost, 1e6)
    return [
        (int(min(left[i], right[j])), int(max(left[i], right[j])))
        for i, j in zip(*linear_sum_assignment(whole))
        if np.isfinite(cost[i, j])
    ]
