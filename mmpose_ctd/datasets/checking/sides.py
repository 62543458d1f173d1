"""Finds landmarks of a face that have each other's names.

Each pair of right and left is judged by which of its landmarks lies on which
side of its own face. A mean shape alone does not show it: a face with only
the eyes exchanged fits nearly as well as others, and in a set with all eyes
exchanged the mean shape has them exchanged too.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmpose_ctd.landmark_sides import canonical, side_of

from .shape_model import FaceFit, ShapeModel, align, fit_faces, mean_shape

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
    """Which pairs of which faces are exchanged."""

    #: Positions of the landmarks named right and left, (P, 2).
    pairs: np.ndarray
    #: Pairs whose right-hand landmark is at the image's right in most faces,
    #: (P,) bool.
    usual: np.ndarray
    #: Pairs of each face that are not as in most faces, (N, P) bool.
    exchanged: np.ndarray
    #: Whether the pairs of most faces do not lie across the face.
    astray: bool = False

    def groups(
        self, names: Sequence[str], which: np.ndarray
    ) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Group exchanged pairs, (P,) bool, by the part of the face.

        Yields the name of a facial group all of whose pairs are exchanged, or
        ``''`` for a single pair; and positions of the landmarks.
        """
        kinds = np.array([_group_of(names[k]) for k, _ in self.pairs])
        for kind in dict.fromkeys(kinds[which].tolist()):
            own = np.flatnonzero(kinds == kind)
            if kind and len(own) > 1 and which[own].all():
                yield kind, tuple(self.pairs[own].ravel().tolist())
                continue
            for pair in self.pairs[own[which[own]]].tolist():
                yield '', tuple(pair)


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

    ``across`` leads from each landmark to its partner, complex, (P,).
    """
    doubled, limit = _axis(across)
    return bool(np.abs(doubled) >= _ASTRAY * limit)


def judge_sides(
    points: np.ndarray, names: Sequence[str], partners: Sequence[int]
) -> PairSides:
    """Compare each pair with the axis across its own face.

    Takes what :func:`compare_faces` takes.
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
    astray = known.any() and np.median(shares) < _ASTRAY
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
    return PairSides(pairs, usual, exchanged, bool(astray))


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


class NameExchange(NamedTuple):
    """Landmarks of a face that have each other's names.

    The point of each belongs to the next one; ``mirrored`` if they are a pair
    of right and left.
    """

    places: tuple[int, ...]
    mirrored: bool


@dataclass
class FaceShapes:
    """The faces of a set, compared with each other.

    The dictionaries are by position of an image record.
    """

    model: ShapeModel
    sides: PairSides
    #: With exchanged pairs put right.
    points: dict[int, np.ndarray] = field(default_factory=dict)
    fits: dict[int, FaceFit] = field(default_factory=dict)
    #: Names mixed up; the suspects of fits leave these landmarks out.
    exchanges: dict[int, list[NameExchange]] = field(default_factory=dict)


def compare_faces(
    points: np.ndarray,
    subjects: Sequence[str],
    names: Sequence[str],
    partners: Sequence[int],
    threshold: float,
    places: Sequence[int],
) -> FaceShapes:
    """Compare every face with the others.

    ``points`` are (N, K, 2) in pixels, NaN where missing, of N ``subjects``;
    ``partners`` has the position of each landmark's partner, or its own. A
    point that is ``threshold`` robust deviations off is an outlier.
    ``places`` are the keys of the faces in the result.
    """
    sides = judge_sides(points, names, partners)
    if not sides.astray:
        points = exchange(points, sides.pairs, sides.exchanged)
    model, fits = fit_faces(points, subjects, threshold)
    shapes = FaceShapes(model, sides)
    for place, fit, own in zip(places, fits, points):
        shapes.points[place] = own
        if fit is None:
            continue
        shapes.fits[place] = fit
        found = _exchanges(fit, own, partners, threshold)
        if found:
            shapes.exchanges[place] = found
            taken = {k for one in found for k in one.places}
            z = _refit(fit, [one.places for one in found])
            fit.suspects = [
                k for k in fit.suspects if k not in taken and z[k] > threshold
            ]
    return shapes


def _exchanges(
    fit: FaceFit, points: np.ndarray, partners: Sequence[int], threshold: float
) -> list[NameExchange]:
    """Suspects that fit with each other's names: pairs, then longer cycles."""
    seen = np.isfinite(points).all(axis=1)
    found: list[NameExchange] = []
    # In a face that fits nowhere many pairs fit by chance.
    if len(fit.suspects) > len(points) / 2:
        return found
    tried = {
        tuple(sorted((a, b)))
        for a in fit.suspects
        for b in {*fit.suspects, partners[a]} - {a}
        if seen[b]
    }
    taken: set[int] = set()
    for worst, pair in sorted((_worst(fit, pair), pair) for pair in tried):
        if worst <= threshold and not taken & {*pair}:
            found.append(NameExchange(pair, partners[pair[0]] == pair[1]))
            taken |= {*pair}
    rest = [k for k in fit.suspects if k not in taken]
    found += [
        NameExchange(cycle, False)
        for cycle in _cycles(fit, points, rest)
        if _worst(fit, cycle) <= threshold
    ]
    return found


def _refit(fit: FaceFit, cycles: list[tuple[int, ...]]) -> np.ndarray:
    """z (K,) after each landmark of a cycle takes the next one's name."""
    order = np.arange(len(fit.z))
    for cycle in cycles:
        order[list(cycle[1:] + cycle[:1])] = cycle
    return fit.refit(order, sorted({k for cycle in cycles for k in cycle}))


def _worst(fit: FaceFit, cycle: tuple[int, ...]) -> float:
    return float(np.max(_refit(fit, [cycle])[list(cycle)]))


def _cycles(
    fit: FaceFit, points: np.ndarray, places: list[int]
) -> list[tuple[int, ...]]:
    """Cycles of three and more, each landmark at the next one's place."""
    if len(places) < 3:
        return []
    distance = np.linalg.norm(
        points[places][:, None] - fit.expected[places][None], axis=-1
    )
    _, whose = linear_sum_assignment(distance)
    cycles, done = [], set()
    for start in range(len(places)):
        cycle, at = [], start
        while at not in cycle:
            cycle.append(at)
            at = int(whose[at])
        if start not in done and len(cycle) > 2:
            cycles.append(tuple(places[at] for at in cycle))
        done |= {*cycle}
    return cycles
