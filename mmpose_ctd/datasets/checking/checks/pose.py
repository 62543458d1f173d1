"""Faces that lie on their side or stand on their head."""

from collections.abc import Iterator

from ..finding import Finding, Severity
from ..registry import register_check
from ..shapes import compare_faces
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('pose', 'faces that lie on their side')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Compared with most faces of the set."""
    shapes = compare_faces(survey, thresholds)
    if shapes is None:
        return
    for place, fit in sorted(shapes.fits.items()):
        if abs(fit.angle) > thresholds.tilt:
            yield Finding(
                Severity.WARNING,
                f'the points lean by {fit.angle:.0f} degrees. Turn the '
                'photograph and its points upright',
                (place,),
                score=abs(fit.angle),
            )
