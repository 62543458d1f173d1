"""Finds pairs of landmarks whose right and left are exchanged.

Each pair is judged by itself: by which of its two landmarks lies on which
side of its own face. A mean shape alone does not show it: a face with only
the eyes exchanged fits nearly as well as others, and in a set with all eyes
exchanged the mean shape has them exchanged too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmpose_ctd.landmark_sides import canonical, side_of

from .alignment import align, mean_shape

# An exchanged pair must fit this much better the other way round.
_BETTER = 0.5
# Pairs closer together, in root mean square radii of the face, are not judged.
_APART = 0.05
# The pairs of a face are parallel, 0.99 and more, unless names are at other
# points.
_ASTRAY = 0.9

#: Facial group -> pattern in the names of its landmarks.
_GROUPS = {
    'eyebrows': r'brow|supercil|braue|sourcil',
    'eyes': r'canth|eye|pupil|iris|palpebr|lid|auge|oeil|œil|^e[nx]o?$',
    'nose': r'al[ae]r|^al[ae]?$|nas|nostril|nose|nez|^ac$|^sbal$',
    'mouth': r'cheil|lip|labr|mouth|stom|philtr|crista|mund|bouche|^ch$|^cph$',
    'ears': r'ear|auri|trag|otobas|ohr|oreille',
    'contour': r'jaw|chin|gon|mandib|zyg|cheek|temple|kiefer|^[gz]o?y?$',
}


@dataclass(frozen=True)
class PairSides:
    """Which pairs of which faces are exchanged.

    Attributes:
        pairs (np.ndarray): Positions of the landmarks named right and left,
            (P, 2).
        usual (np.ndarray): Pairs whose right-hand landmark is at the image's
            right in most faces, (P,) bool.
        exchanged (np.ndarray): Pairs of each face that are not as in most
            faces, (N, P) bool.
        straight (float): How parallel the pairs of most faces are, from 0 to
            1; 1 without pairs.
    """

    pairs: np.ndarray
    usual: np.ndarray
    exchanged: np.ndarray
    straight: float = 1.0

    @property
    def astray(self) -> bool:
        """Whether the pairs of most faces do not lie across the face."""
        return self.straight < _ASTRAY

    def groups(
        self, names: Sequence[str], which: np.ndarray
    ) -> list[tuple[str, tuple[int, ...]]]:
        """Group exchanged pairs by the part of the face.

        Args:
            names (Sequence[str]): The K landmarks.
            which (np.ndarray): The exchanged pairs, (P,) bool.

        Returns:
            list[tuple[str, tuple[int, ...]]]: The name of a facial group all
            of whose pairs are exchanged, or ``''`` for a single pair; and
            positions of the landmarks.
        """
        kinds = np.array([_group_of(names[k]) for k, _ in self.pairs])
        found = []
        for kind in dict.fromkeys(kinds[which].tolist()):
            own = np.flatnonzero(kinds == kind)
            if kind and len(own) > 1 and which[own].all():
                found.append((kind, tuple(self.pairs[own].ravel().tolist())))
            else:
                found += [
                    ('', tuple(self.pairs[p].tolist()))
                    for p in own
                    if which[p]
                ]
        return found


def _group_of(name: str) -> str:
    plain = canonical(name)[0]
    found = (g for g, pattern in _GROUPS.items() if re.search(pattern, plain))
    return next(found, '')


def _axis(across: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The common axis of pairs (..., P) at twice its angle, and its limit.

    At twice the angle a pair and its exchange are equal.
    """
    doubled = np.nansum(across**2, axis=-1)
    return doubled, np.nansum(np.abs(across) ** 2, axis=-1)


def parallel(across: np.ndarray) -> bool:
    """Whether the pairs of a face lie across it, all in one direction.

    Args:
        across (np.ndarray): From each landmark to its partner, complex, (P,).
    """
    doubled, limit = _axis(across)
    return bool(np.abs(doubled) >= _ASTRAY * limit)


def judge_sides(
    points: np.ndarray, names: Sequence[str], partners: Sequence[int]
) -> PairSides:
    """Compare each pair with the axis across its own face.

    Args:
        points (np.ndarray): (N, K, 2) in pixels; NaN where missing.
        names (Sequence[str]): The K landmarks.
        partners (Sequence[int]): Position of each one's partner, or its own.
    """
    pairs = np.array(
        [
            (k, p)
            for k, p in enumerate(partners)
            if k != p and side_of(names[k]) == 'R' and side_of(names[p]) == 'L'
        ],
        dtype=int,
    ).reshape(-1, 2)
    if not len(pairs):
        none = np.zeros((len(points), 0), dtype=bool)
        return PairSides(pairs, none.any(axis=0), none)
    faces = points @ (1, 1j)
    across = faces[:, pairs[:, 1]] - faces[:, pairs[:, 0]]
    doubled, limit = _axis(across)
    known = limit > 0
    shares = np.abs(doubled[known]) / limit[known]
    straight = np.median(shares) if known.any() else 1.0
    axis = np.sqrt(doubled / np.where(doubled, np.abs(doubled), 1))
    axis[axis.real < 0] *= -1
    backwards = (across * axis.conj()[:, None]).real < 0
    ordered = exchange(faces, pairs, backwards)
    mean = mean_shape(ordered)
    usual_across = mean[pairs[:, 1]] - mean[pairs[:, 0]]
    _, turn, _ = align(ordered, mean)
    across = across * turn[:, None]
    apart, exchanged_apart = (
        np.abs(across + sign * usual_across) for sign in (-1, 1)
    )
    sides = exchanged_apart < _BETTER * apart
    sides &= backwards & (np.abs(usual_across) > _APART)
    # A face that lies on its side or is upside down fits as it is.
    some = np.flatnonzero(sides.any(axis=1))
    worse = _misfit(ordered[some], mean) >= _misfit(faces[some], mean)
    sides[some[worse]] = False
    seen = np.isfinite(across)
    usual = sides.sum(axis=0) > seen.sum(axis=0) / 2
    # Pairs that fit neither way are not judged.
    clear = sides | (apart < _BETTER * exchanged_apart)
    exchanged = seen & (sides != usual) & clear
    return PairSides(pairs, usual, exchanged, float(straight))


def _misfit(faces: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Mean distance to the mean shape, of single points at most 1, (N,)."""
    if not len(faces):
        return np.zeros(0)
    return np.nanmean(np.minimum(np.abs(align(faces, mean)[0] - mean), 1), 1)


def exchange(
    faces: np.ndarray, pairs: np.ndarray, which: np.ndarray
) -> np.ndarray:
    """Faces (N, K) or (N, K, 2) with pairs (N, P) the other way round."""
    result = faces.copy()
    for (right, left), own in zip(pairs, which.T):
        result[own, right] = faces[own, left]
        result[own, left] = faces[own, right]
    return result
