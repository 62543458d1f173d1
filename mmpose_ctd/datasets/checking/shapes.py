"""What comparing a set's faces with each other shows, for several checks."""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy.optimize import linear_sum_assignment

from .alignment import align, mean_shape
from .shape_model import FaceFit, ShapeModel, fit_faces
from .survey import Survey
from .thresholds import Thresholds

__all__ = ['Exchange', 'Shapes', 'compare_faces']

# The other labelling must fit this much better before it is believed.
_BETTER = 0.5


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
        fits (dict[int, FaceFit]): Place of an image record -> its fit, of a
            face with sides exchanged after changing them back.
        mirrored (set[int]): Places of faces all of whose sides are exchanged.
        exchanges (dict[int, list[Exchange]]): Place -> names that were mixed
            up; they are no suspects of the fit's any more.
    """

    model: ShapeModel
    fits: dict[int, FaceFit] = field(default_factory=dict)
    mirrored: set[int] = field(default_factory=set)
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
    turned = _mirrored(points, survey.partners)
    points[turned] = points[turned][:, survey.partners]
    groups = [photo.subject or f'#{photo.place}' for photo in photos]
    model, fits = fit_faces(points, groups, thresholds.outlier_z)
    shapes = Shapes(model)
    shapes.mirrored = {photos[n].place for n in np.flatnonzero(turned)}
    for photo, fit, own in zip(photos, fits, points):
        if fit is None:
            continue
        shapes.fits[photo.place] = fit
        found = _exchanges(fit, own, survey.partners)
        if found:
            shapes.exchanges[photo.place] = found
            taken = {k for exchange in found for k in exchange.places}
            fit.suspects = [k for k in fit.suspects if k not in taken]
    return shapes


def _mirrored(points: np.ndarray, partners: list[int]) -> np.ndarray:
    """Faces that the mean fits better with all sides exchanged, (N,) bool."""
    if partners == list(range(len(partners))):
        return np.zeros(len(points), dtype=bool)
    faces = points[..., 0] + 1j * points[..., 1]
    mean = mean_shape(faces)
    own = np.abs(align(faces, mean)[0] - mean)
    other = np.abs(align(faces[:, partners], mean)[0] - mean)
    enough = np.isfinite(own).sum(axis=1) >= 4
    result = np.zeros(len(points), dtype=bool)
    result[enough] = np.nanmedian(other[enough], axis=1) < _BETTER * (
        np.nanmedian(own[enough], axis=1)
    )
    return result


def _exchanges(
    fit: FaceFit, points: np.ndarray, partners: list[int]
) -> list[Exchange]:
    """Suspects that stand where other suspects are expected."""
    places = sorted(fit.suspects)
    if len(places) < 2:
        return []
    distance = np.linalg.norm(
        points[places][:, None] - fit.expected[places][None], axis=-1
    )
    # Row: where a point is; column: whose place that looks like.
    _, whose = linear_sum_assignment(distance)
    rows = np.arange(len(places))
    better = distance[rows, whose] < _BETTER * distance[rows, rows]
    found, done = [], set()
    for row in rows:
        cycle, at = [], int(row)
        while at not in cycle:
            cycle.append(at)
            at = int(whose[at])
        if row in done or len(cycle) < 2:
            continue
        done |= {*cycle}
        if all(better[at] for at in cycle):
            marks = tuple(places[at] for at in cycle)
            sides = len(marks) == 2 and partners[marks[0]] == marks[1]
            found.append(Exchange(marks, sides))
    return found
