"""Compares the faces of a set with each other, for several checks."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from .shape_model import FaceFit, ShapeModel, fit_faces
from .sides import PairSides, exchange, judge_sides


@dataclass(frozen=True)
class NameExchange:
    """Landmarks of a face that have each other's names.

    Attributes:
        places (tuple[int, ...]): Positions of the landmarks; the point of
            each belongs to the next one.
        mirrored (bool): Whether they are a pair of right and left.
    """

    places: tuple[int, ...]
    mirrored: bool


@dataclass
class FaceShapes:
    """The faces of a set, compared with each other.

    Attributes:
        model (ShapeModel): Mean and deviations.
        sides (PairSides): Pairs that are exchanged.
        points (dict[int, np.ndarray]): Position of an image record -> its
            points with exchanged pairs put right.
        fits (dict[int, FaceFit]): Position -> fit of these points.
        exchanges (dict[int, list[NameExchange]]): Position -> names mixed up;
            the fit's suspects leave these landmarks out.
    """

    model: ShapeModel
    sides: PairSides
    points: dict[int, np.ndarray] = field(default_factory=dict)
    fits: dict[int, FaceFit] = field(default_factory=dict)
    exchanges: dict[int, list[NameExchange]] = field(default_factory=dict)


def compare_faces(
    points: np.ndarray,
    subjects: Sequence[str],
    names: Sequence[str],
    partners: Sequence[int],
    threshold: float,
    places: Sequence[int] | None = None,
) -> FaceShapes:
    """Compare every face with the others.

    Args:
        points (np.ndarray): (N, K, 2) in pixels; NaN where missing.
        subjects (Sequence[str]): Of each face, (N,).
        names (Sequence[str]): The K landmarks.
        partners (Sequence[int]): Position of each one's partner, or its own.
        threshold (float): Robust deviations that make a point an outlier.
        places (Sequence[int], optional): Keys of the faces in the result.
            Defaults to 0 to N - 1.
    """
    sides = judge_sides(points, names, partners)
    if not sides.astray:
        points = exchange(points, sides.pairs, sides.exchanged)
    model, fits = fit_faces(points, subjects, threshold)
    shapes = FaceShapes(model, sides)
    keys = range(len(points)) if places is None else places
    for place, fit, own in zip(keys, fits, points):
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
