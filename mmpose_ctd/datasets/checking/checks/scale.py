"""Faces that are too large or too small for people, in millimetres."""

from collections.abc import Iterator

import numpy as np

from ..eye_distances import implausible_distance
from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('scale', 'implausible mm_per_px')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Distances between the eyes in mm, where mm_per_px is given."""
    with_scale = []
    for photo in survey.photos:
        scale = photo.record.get('mm_per_px')
        if type(scale) not in (int, float) or not 0 < scale < np.inf:
            continue
        with_scale.append(photo)
        if photo.points is None:
            continue
        found = implausible_distance(
            photo.points, scale, survey.names, survey.partners
        )
        if found:
            yield Finding(
                Severity.ERROR,
                f'with mm_per_px={scale:g} the {found.what} are '
                f'{found.length:.0f} mm apart; people have {found.low:.0f} '
                f'to {found.high:.0f} mm',
                (photo.place,),
                tuple(survey.names[k] for k in found.pair),
                score=found.length,
            )
    without = tuple(
        p.place for p in survey.photos if p.record.get('mm_per_px') is None
    )
    if with_scale and without:
        yield Finding(
            Severity.NOTE,
            f'{len(without)} of {len(survey.photos)} records have no '
            'mm_per_px, others do: errors in mm need it in all',
            without,
        )
