"""Landmarks whose right and left are exchanged."""

from collections.abc import Iterator

import numpy as np

from mmpose_ctd.landmark_sides import side_of

from ..finding import Finding, Severity
from ..registry import register_check
from ..shapes import compare_faces
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('left-right', 'right and left exchanged')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Single pairs, whole faces, and the whole set."""
    shapes = compare_faces(survey, thresholds)
    if shapes is None:
        return
    names = survey.names
    paired = [k for k, p in enumerate(survey.partners) if p != k]
    right = [k for k in paired if side_of(names[k]) == 'R']
    mean = shapes.model.mean
    across = [mean[survey.partners[k]] - mean[k] for k in right]
    if right and np.nanmedian(np.real(across)) < 0:
        yield Finding(
            Severity.WARNING,
            'in most faces the points named right are at the right of the '
            "image. R is the subject's right, at the image's left, unless "
            'the photographs are mirrored',
        )
    for place in sorted(shapes.mirrored):
        yield Finding(
            Severity.ERROR,
            'right and left of all pairs are exchanged, compared with the '
            'other faces; or the photograph is mirrored',
            (place,),
            tuple(names[k] for k in paired),
        )
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
