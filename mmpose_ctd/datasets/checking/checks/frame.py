"""Points outside of their image."""

from collections.abc import Iterator, Sequence

import numpy as np

from ...landmark_file import LandmarkFile
from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('frame', 'landmarks outside of the image')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Far outside is refused; a little outside cannot be seen."""
    for photo in survey.labelled:
        if photo.size is None:
            continue
        width, height = photo.size
        far, near = [], []
        for name, (x, y) in zip(survey.names, photo.points):
            if not np.isfinite(x):
                continue
            if not inside((x, y), photo.size):
                record = dict(width=width, height=height)
                close = LandmarkFile.is_near(record, x, y)
                (near if close else far).append(f'{name} ({x:g}, {y:g})')
        for severity, found, text in (
            (Severity.ERROR, far, 'far outside'),
            (Severity.WARNING, near, 'outside'),
        ):
            if found:
                yield Finding(
                    severity,
                    f'{", ".join(found)}: {text} the {width}x{height} image. '
                    'Coordinates are pixels from its top left; what cannot '
                    'be seen is 0, 0, 0',
                    (photo.place,),
                    tuple(text.split(' (')[0] for text in found),
                )


def inside(point: Sequence[float], size: tuple[int, int]) -> bool:
    """Whether a point is on a pixel; their centres are whole numbers."""
    return all(-0.5 <= v <= side - 0.5 for v, side in zip(point, size))
