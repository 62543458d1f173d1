"""Finds landmarks without a partner that do not lie on the midline.

Names of sides come in more spellings than any list has. Where landmarks lie
tells it, too: the pairs that are known give each face's midline, and a
landmark that keeps its name in a mirrored image must lie on it.
"""

from collections.abc import Collection, Iterable, Sequence
from difflib import SequenceMatcher

import numpy as np
from scipy.optimize import linear_sum_assignment

__all__ = ['labelled_points', 'off_midline']

# Faces that are looked at, the first ones, and how many it takes.
_FACES, _FEWEST = 2000, 3
# Distances are in root mean square radii of the face. Two landmarks that
# mirror each other lie this far from the midline at least, and one without
# its like. The rest is for chance, divided by the root of the faces' number.
_TWO, _ONE = 0.04, 0.2
_CHANCE_TWO, _CHANCE_ONE = 0.04, 0.2
# How far from its partner's mirror image a landmark may lie, as a share of
# the distance between the two.
_NEAR = 0.35
# And at least as many robust standard deviations of the faces.
_CLEAR = 2.5
# The known pairs of most faces are parallel; else their names are wrong.
_PARALLEL = 0.9


def labelled_points(
    annotations: Iterable[dict], count: int, limit: int = _FACES
) -> np.ndarray:
    """The labelled faces of an annotation file.

    Args:
        annotations (Iterable[dict]): COCO's, with ``keypoints``.
        count (int): K, the number of landmarks.
        limit (int): Faces that are read at most. Defaults to 2000.

    Returns:
        np.ndarray: (N, K, 2) in pixels; NaN where missing. Annotations whose
        keypoints are not 3 K numbers are passed over.
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
        points (np.ndarray): (N, K, 2) in pixels; NaN where missing. Of more
            than 2000 faces the first ones count.
        names (Sequence[str]): The K landmarks.
        partners (Sequence[str]): Who mirrors each; itself if nobody does.
        stated (Collection[str]): Landmarks of which a config says it.

    Returns:
        list[tuple[str, str]]: Two landmarks that mirror each other, or one
        twice that lies on one side and has no mirror image. Empty if there
        are fewer than 3 faces, if no pair is known, or if the known ones do
        not lie across the faces.
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
    # At twice the angle a pair and its exchange are the same.
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
    """Whether a landmark lies clearly on one side in the faces, (N,)."""
    middle = np.median(across)
    spread = 1.4826 * np.median(np.abs(across - middle))
    return bool(abs(middle) > _CLEAR * spread)


def _mirrored(own: np.ndarray, names: Sequence[str]) -> list[tuple[int, int]]:
    """Places of two landmarks that are each other's mirror image.

    Of several that may be, those of the most similar names.
    """
    seen = np.isfinite(own)
    middle = np.array(
        [
            np.median(c.real[s]) + 1j * np.median(c.imag[s])
            if s.any()
            else np.nan
            for c, s in zip(own.T, seen.T)
        ]
    )
    left, right = (
        np.flatnonzero(middle.real < 0),
        np.flatnonzero(middle.real > 0),
    )
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
    # More than all others together: only what is possible is taken.
    whole = np.where(np.isfinite(cost), cost, 1e6)
    return [
        (int(min(left[i], right[j])), int(max(left[i], right[j])))
        for i, j in zip(*linear_sum_assignment(whole))
        if np.isfinite(cost[i, j])
    ]
