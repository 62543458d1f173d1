"""Files that programs show turned."""

from collections.abc import Iterator

from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('orientation', 'EXIF orientation left in files')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Some programs turn such files, others do not."""
    turned = [
        photo
        for photo, file in zip(survey.photos, survey.files)
        if file.orientation != 1
    ]
    if turned:
        yield Finding(
            Severity.WARNING,
            'the files are stored turned or mirrored, with an EXIF note to '
            'turn them back. Training does; a program that labels them may '
            'not, and its points are then elsewhere. Save them upright and '
            'look at the points',
            tuple(photo.place for photo in turned),
        )
