"""Judges of each pair of landmarks whether right and left are exchanged.

A face of which the eyes alone are exchanged fits a mean shape nearly as well
as others do, and a set in which they are exchanged everywhere has a mean shape
of its own kind. So each pair is judged by itself: by which of its landmarks
lies on which side of the face, whatever their names.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from mmpose_ctd.landmark_sides import canonical, side_of

from .alignment import align, mean_shape

__all__ = ['Sides', 'exchange', 'judge_sides', 'listed', 'parallel']

# Exchanged, a pair must fit this much better than as it is.
_BETTER = 0.5
# Pairs closer together, in root mean square radii of the face, are not judged.
_APART = 0.05
# The pairs of a face are parallel, 0.99 and more; of points under the wrong
# names they are not.
_ASTRAY = 0.9

#: Facial group -> what the names of its landmarks say.
_GROUPS = {
    'eyebrows': r'brow|supercil|braue|sourcil',
    'eyes': r'canth|eye|pupil|iris|palpebr|lid|auge|oeil|œil|^e[nx]o?$',
    'nose': r'al[ae]r|^al[ae]?$|nas|nostril|nose|nez|^ac$|^sbal$',
    'mouth': r'cheil|lip|labr|mouth|stom|philtr|crista|mund|bouche|^ch$|^cph$',
    'ears': r'ear|auri|trag|otobas|ohr|oreille',
    'contour': r'jaw|chin|gon|mandib|zyg|cheek|temple|kiefer|^[gz]o?y?$',
}


@dataclass(frozen=True)
class Sides:
    """Which pairs of which faces are exchanged.

    Attributes:
        pairs (np.ndarray): Places of the landmarks named right and left,
            (P, 2).
        usual (np.ndarray): Pairs whose right-hand landmark is at the image's
            right in most faces, (P,) bool.
        exchanged (np.ndarray): Pairs of each face that are not as in most
            faces, (N, P) bool.
        straight (float): How far the pairs of most faces are parallel, from
            0 to 1; 1 where there are no pairs.
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
        """Exchanged pairs of a face, a whole facial group together.

        Args:
            names (Sequence[str]): The K landmarks.
            which (np.ndarray): The pairs, (P,) bool.

        Returns:
            list[tuple[str, tuple[int, ...]]]: Name of a group, or ``''`` for
            a single pair, and its landmarks.
        """
        kinds = [pair_group(names[k]) for k, _ in self.pairs]
        found = []
        for kind in dict.fromkeys(k for k, w in zip(kinds, which) if w):
            own = [p for p, other in enumerate(kinds) if other == kind]
            if kind and len(own) > 1 and which[own].all():
                places = self.pairs[own].ravel()
                found.append((kind, tuple(map(int, places))))
                continue
            found += [
                ('', tuple(map(int, self.pairs[p]))) for p in own if which[p]
            ]
        return found


def _doubled(across: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The axis of pairs at twice its angle, and its largest length.

    At twice the angle a pair and its exchange are the same.
    """
    return (
        np.nansum(across**2, axis=-1),
        np.nansum(np.abs(across) ** 2, axis=-1),
    )


def parallel(across: np.ndarray) -> bool:
    """Whether the pairs of a face lie across it, all in one direction.

    Args:
        across (np.ndarray): From each landmark to its partner, complex, (P,).
    """
    doubled, length = _doubled(across)
    return bool(np.abs(doubled) >= _ASTRAY * length)


def pair_group(name: str) -> str:
    """The facial group that a landmark's name says; ``''`` if none."""
    plain = canonical(name)[0]
    for group, pattern in _GROUPS.items():
        if re.search(pattern, plain):
            return group
    return ''


def _named_pairs(names: Sequence[str], partners: Sequence[int]) -> np.ndarray:
    pairs = [
        (k, p)
        for k, p in enumerate(partners)
        if k != p and side_of(names[k]) == 'R' and side_of(names[p]) == 'L'
    ]
    return np.array(pairs, dtype=int).reshape(-1, 2)


def judge_sides(
    points: np.ndarray, names: Sequence[str], partners: Sequence[int]
) -> Sides:
    """Compare each pair with the axis across its own face.

    Args:
        points (np.ndarray): (N, K, 2) in pixels; NaN where missing.
        names (Sequence[str]): The K landmarks.
        partners (Sequence[int]): Of each, its partner's place or its own.
    """
    pairs = _named_pairs(names, partners)
    count = len(points), len(pairs)
    if not len(pairs):
        none = np.zeros(count, dtype=bool)
        return Sides(pairs, none.any(axis=0), none)
    faces = points @ (1, 1j)
    across = faces[:, pairs[:, 1]] - faces[:, pairs[:, 0]]
    doubled, lengths = _doubled(across)
    known = lengths > 0
    straight = (
        np.median(np.abs(doubled[known]) / lengths[known])
        if known.any()
        else 1.0
    )
    axis = np.sqrt(doubled / np.where(doubled, np.abs(doubled), 1))
    axis[axis.real < 0] *= -1
    backwards = (across * axis.conj()[:, None]).real < 0
    ordered = exchange(faces, pairs, backwards)
    mean = mean_shape(ordered)
    usual_across = mean[pairs[:, 1]] - mean[pairs[:, 0]]
    _, turn, _ = align(ordered, mean)
    across = across * turn[:, None]
    sides = np.abs(across + usual_across) < _BETTER * np.abs(
        across - usual_across
    )
    sides &= backwards & (np.abs(usual_across) > _APART)
    # A face that lies on its side or stands on its head fits as it is.
    some = np.flatnonzero(sides.any(axis=1))
    worse = _misfit(ordered[some], mean) >= _misfit(faces[some], mean)
    sides[some[worse]] = False
    seen = np.isfinite(across).sum(axis=0)
    usual = sides.sum(axis=0) > seen / 2
    exchanged = np.isfinite(across) & (sides != usual)
    # What is neither way round is not judged.
    clear = sides | (
        np.abs(across - usual_across) < _BETTER * np.abs(across + usual_across)
    )
    return Sides(pairs, usual, exchanged & clear, float(straight))


def _misfit(faces: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Mean distance to the mean shape, of single points at most 1, (N,)."""
    if not len(faces):
        return np.zeros(0)
    return np.nanmean(np.minimum(np.abs(align(faces, mean)[0] - mean), 1), 1)


def exchange(
    faces: np.ndarray, pairs: np.ndarray, which: np.ndarray
) -> np.ndarray:
    """Faces (N, K) or (N, K, 2) with some pairs (N, P) the other way round."""
    result = faces.copy()
    for (right, left), own in zip(pairs, which.T):
        result[own, right] = faces[own, left]
        result[own, left] = faces[own, right]
    return result


def listed(groups: Collection[tuple], names: Sequence[str]) -> str:
    """Groups and pairs in words."""
    return ', '.join(
        f'all {len(places)} landmarks of the {kind}'
        if kind
        else ' and '.join(names[k] for k in places)
        for kind, places in groups
    )
