"""Landmarks that stand at each other's places."""

from collections.abc import Iterator

from ..finding import Finding, Severity
from ..registry import register_check
from ..shapes import compare_faces
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('order', 'landmarks in the wrong order')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Other exchanges than those of right and left."""
    shapes = compare_faces(survey, thresholds)
    if shapes is None:
        return
    for place, exchanges in sorted(shapes.exchanges.items()):
        for exchange in exchanges:
            if not exchange.mirrored:
                marks = tuple(survey.names[k] for k in exchange.places)
                around = [
                    f'{a} looks like {b}'
                    for a, b in zip(marks, marks[1:] + marks[:1])
                ]
                yield Finding(
                    Severity.ERROR,
                    f'names are mixed up: {", ".join(around)}',
                    (place,),
                    marks,
                )
