"""Points that are not where the other points of the face expect them."""

from collections.abc import Iterator

import numpy as np

from ..finding import Finding, Severity
from ..registry import register_check
from ..shapes import compare_faces
from ..survey import Survey
from ..thresholds import Thresholds
from .frame import inside

# With more suspects than this share of its points it is the face that is odd.
_MANY = 1 / 3


@register_check('outliers', 'points away from where the others expect them')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """A hint: unusual anatomy looks like this, too."""
    shapes = compare_faces(survey, thresholds)
    if shapes is None:
        faces, k = len(survey.labelled), len(survey.names)
        yield Finding(
            Severity.NOTE,
            f'{faces} labelled faces of {k} landmarks: too few to compare '
            f'faces with each other (at least {thresholds.min_faces:g} and '
            '4). Exchanged, misplaced and turned points were not looked for',
        )
        return
    for place, fit in sorted(shapes.fits.items()):
        photo = survey.photos[place]
        points = shapes.points[place]
        # The check of the frame tells of those outside.
        suspects = [
            k
            for k in fit.suspects
            if photo.size is None or inside(points[k], photo.size)
        ]
        if not suspects:
            continue
        off = {
            survey.names[k]: np.linalg.norm(points[k] - fit.expected[k])
            for k in suspects
        }
        worst = float(fit.z[suspects[0]])
        seen = np.isfinite(points).all(axis=1).sum()
        if len(off) > _MANY * seen:
            text = (
                f'{len(off)} of {seen} points are not where the other faces '
                'have them. Look whether they are of this photograph, and '
                'whether a click too many or too few shifts the names of all '
                'later points by one'
            )
        else:
            text = 'away from where the other points expect it: ' + ', '.join(
                f'{name} {distance:.1f} px ({fit.z[k]:.1f} deviations)'
                for (name, distance), k in zip(off.items(), suspects)
            )
        yield Finding(
            Severity.WARNING,
            text,
            (place,),
            tuple(off),
            expected={
                survey.names[k]: tuple(map(float, fit.expected[k]))
                for k in suspects
            },
            score=worst,
        )
