"""What comparing a set's faces with each other shows, for several checks."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy.optimize import linear_sum_assignment

from .shape_model import FaceFit, ShapeModel, fit_faces
from .sides import Sides, exchange, judge_sides
from .survey import Survey
from .thresholds import Thresholds

__all__ = ['Exchange', 'Shapes', 'compare_faces']


@dataclass(frozen=True)
class Exchange:
    """Landmarks of a face that carry each other's names.

    Attributes:
        places (tuple[int, ...]): The landmarks.
        mirrored (bool): Whether each has its own mirror image's name.
    """

    places: tuple[int, ...]
    mirrored: bool


@dataclass
class Shapes:
    """The faces of a set beside each other.

    Attributes:
        model (ShapeModel): Mean and deviations.
        sides (Sides): Pairs that are exchanged.
        points (dict[int, np.ndarray]): Place of an image record -> its
            points after changing exchanged pairs back.
        fits (dict[int, FaceFit]): Place -> its fit, of these points.
        exchanges (dict[int, list[Exchange]]): Place -> names that were mixed
            up; they are no suspects of the fit's any more.
    """

    model: ShapeModel
    sides: Sides
    points: dict[int, np.ndarray] = field(default_factory=dict)
    fits: dict[int, FaceFit] = field(default_factory=dict)
    exchanges: dict[int, list[Exchange]] = field(default_factory=dict)


@lru_cache(maxsize=1)
def compare_faces(survey: Survey, thresholds: Thresholds) -> Shapes | None:
    """Fit every labelled face to the others.

    Args:
        survey (Survey): The set.
        thresholds (Thresholds): Of these, ``outlier_z`` and ``min_faces``.

    Returns:
        Shapes, optional: None if there are too few faces or landmarks.
    """
    photos = survey.labelled
    if len(photos) < thresholds.min_faces or len(survey.names) < 4:
        return None
    points = np.stack([photo.points for photo in photos])
    sides = judge_sides(points, survey.names, survey.partners)
    if not sides.astray:
        points = exchange(points, sides.pairs, sides.exchanged)
    groups = [photo.subject or f'#{photo.place}' for photo in photos]
    model, fits = fit_faces(points, groups, thresholds.outlier_z)
    shapes = Shapes(model, sides)
    for photo, fit, own in zip(photos, fits, points):
        shapes.points[photo.place] = own
        if fit is None:
            continue
        shapes.fits[photo.place] = fit
        found = _exchanges(fit, own, survey.partners, thresholds.outlier_z)
        if found:
            shapes.exchanges[photo.place] = found
            _take_back(fit, found, thresholds.outlier_z)
    return shapes


def _exchanges(
    fit: FaceFit, points: np.ndarray, partners: list[int], threshold: float
) -> list[Exchange]:
    """Suspects that fit when they take each other's names.

    Pairs first; then longer rounds, as the distances to where each landmark
    is expected pair them.
    """
    seen = np.isfinite(points).all(axis=1)
    suspects = [*fit.suspects]
    found: list[Exchange] = []
    # A face that fits nowhere has as many pairs as it likes.
    if len(suspects) > len(points) / 2:
        return found
    tried = {
        tuple(sorted((a, b)))
        for a in suspects
        for b in {*suspects, partners[a]} - {a}
        if seen[b]
    }
    trials = sorted((_trial(fit, pair), pair) for pair in tried)
    taken: set[int] = set()
    for worst, pair in trials:
        if worst <= threshold and not taken & {*pair}:
            found.append(Exchange(pair, partners[pair[0]] == pair[1]))
            taken |= {*pair}
    rest = [k for k in suspects if k not in taken]
    for cycle in _rounds(fit, points, rest):
        if _trial(fit, cycle) <= threshold:
            found.append(Exchange(cycle, False))
    return found


def _order(cycles: Iterable[tuple[int, ...]], k: int) -> np.ndarray:
    """Whose point each of K landmarks has after taking the next one's name."""
    order = np.arange(k)
    for cycle in cycles:
        order[list(cycle[1:] + cycle[:1])] = cycle
    return order


def _trial(fit: FaceFit, cycle: tuple[int, ...]) -> float:
    """The worst z of landmarks that were exchanged back."""
    z = fit.refit(_order([cycle], len(fit.z)), cycle)
    return float(np.max(z[list(cycle)]))


def _take_back(
    fit: FaceFit, exchanges: list[Exchange], threshold: float
) -> None:
    """Leave only suspects that are some with the exchanged names right."""
    cycles = [exchange.places for exchange in exchanges]
    taken = {k for cycle in cycles for k in cycle}
    z = fit.refit(_order(cycles, len(fit.z)), sorted(taken))
    fit.suspects = [
        k for k in fit.suspects if k not in taken and z[k] > threshold
    ]


def _rounds(
    fit: FaceFit, points: np.ndarray, places: list[int]
) -> list[tuple[int, ...]]:
    """Rounds of three and more, each landmark at the next one's place."""
    if len(places) < 3:
        return []
    distance = np.linalg.norm(
        points[places][:, None] - fit.expected[places][None], axis=-1
    )
    _, whose = linear_sum_assignment(distance)
    rounds, done = [], set()
    for start in range(len(places)):
        cycle, at = [], start
        while at not in cycle:
            cycle.append(at)
            at = int(whose[at])
        if start not in done and len(cycle) > 2:
            rounds.append(tuple(places[at] for at in cycle))
        done |= {*cycle}
    return rounds
