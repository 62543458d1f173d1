"""Points outside of their image."""

from collections.abc import Iterator

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
            # Pixel centres are whole numbers: the frame begins at -0.5.
            inside = -0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5
            if not inside:
                record = dict(width=width, height=height)
                close = LandmarkFile._near(record, x, y)
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
