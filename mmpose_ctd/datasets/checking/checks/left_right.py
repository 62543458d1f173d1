"""Landmarks whose right and left are exchanged."""

from collections.abc import Iterator

import numpy as np

from ..finding import Finding, Severity
from ..registry import register_check
from ..shapes import compare_faces
from ..sides import judge_sides, listed
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('left-right', 'right and left exchanged')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Single pairs, facial groups, whole faces, and the whole set."""
    photos = survey.labelled
    shapes = compare_faces(survey, thresholds)
    if shapes is None and not photos:
        return
    if shapes is None:
        # Too few faces for a mean shape, not for what names contradict.
        points = np.stack([photo.points for photo in photos])
        sides = judge_sides(points, survey.names, survey.partners)
        if len(sides.pairs) < 2:
            return
    else:
        sides = shapes.sides
    names = survey.names
    if not len(sides.pairs):
        return
    yield from _of_the_set(sides, names)
    if sides.astray:
        return
    # The same exchange of several faces is one finding.
    alike: dict[tuple, list[int]] = {}
    for photo, exchanged in zip(photos, sides.exchanged):
        seen = np.isfinite(photo.points[sides.pairs]).all(axis=(1, 2))
        if not exchanged.any():
            continue
        if exchanged[seen].all() and seen.sum() > 1:
            yield Finding(
                Severity.ERROR,
                'right and left of all pairs are exchanged, compared with the '
                'other faces; or the photograph is mirrored',
                (photo.place,),
                tuple(names[k] for k in sides.pairs.ravel()),
            )
            continue
        for group in sides.groups(names, exchanged):
            alike.setdefault(group, []).append(photo.place)
    odd = {*sides.pairs[sides.usual].ravel()}
    for (kind, places), where in alike.items():
        what = listed([(kind, places)], names)
        text = (
            f'{what} are the other way round than in most faces'
            if odd.intersection(places)
            else f'{what} are exchanged, right for left'
        )
        marks = tuple(names[k] for k in places)
        yield Finding(Severity.ERROR, text, tuple(where), marks)
    if shapes is None:
        return
    for place, exchanges in sorted(shapes.exchanges.items()):
        for exchange in exchanges:
            if exchange.mirrored:
                marks = tuple(names[k] for k in exchange.places)
                yield Finding(
                    Severity.ERROR,
                    f'{marks[0]} and {marks[1]} are exchanged',
                    (place,),
                    marks,
                )


def _of_the_set(sides, names) -> Iterator[Finding]:
    """What most faces have in common."""
    if sides.astray:
        yield Finding(
            Severity.ERROR,
            'in most faces right and left landmarks do not lie on two sides '
            'of the face: each name is probably at another point, such as '
            'the next one (prepare_dataset --count-from 0 or 1, or a line '
            'too many in the list of names)',
            (),
            tuple(names[k] for k in sides.pairs.ravel()),
        )
        return
    reversed_set = sides.usual.mean() > 0.5
    if reversed_set:
        yield Finding(
            Severity.WARNING,
            'in most faces the points named right are at the right of the '
            "image. R is the subject's right, at the image's left, unless "
            'the photographs are mirrored',
        )
    odd = sides.usual != reversed_set
    if odd.any():
        groups = sides.groups(names, odd)
        yield Finding(
            Severity.ERROR,
            f'in most faces {listed(groups, names)} are exchanged, right for '
            "left, compared with the other landmarks. R is the subject's "
            "right, at the image's left",
            (),
            tuple(names[k] for _, places in groups for k in places),
        )
