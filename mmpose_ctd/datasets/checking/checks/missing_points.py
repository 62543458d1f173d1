"""Landmarks that are not labelled everywhere."""

from collections.abc import Iterator

import numpy as np

from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds

# Of the faces; below it a landmark is hardly learned.
_RARE = 0.5


@register_check('missing-points', 'landmarks without a point')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """One finding a landmark."""
    photos = survey.labelled
    if not photos:
        return
    seen = np.isfinite([photo.points for photo in photos]).all(axis=2)
    for k, name in enumerate(survey.names):
        missing = np.flatnonzero(~seen[:, k])
        if not len(missing):
            continue
        rare = len(missing) > _RARE * len(photos)
        text = (
            f'{name}: missing in {len(missing)} of {len(photos)} labelled '
            f'faces ({len(missing) / len(photos):.0%})'
        )
        if len(missing) == len(photos):
            text += '. A model cannot learn it: take it out of the category'
        yield Finding(
            Severity.WARNING if rare else Severity.NOTE,
            text,
            tuple(photos[n].place for n in missing),
            (name,),
        )
