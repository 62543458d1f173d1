"""Metadata in files that may tell who, where and when."""

from collections.abc import Iterator

from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('metadata', 'EXIF and GPS in files (privacy)')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Training reads none of it; sharing the files shares it."""
    pairs = list(zip(survey.photos, survey.files))
    places = tuple(photo.place for photo, file in pairs if file.gps)
    if places:
        yield Finding(
            Severity.WARNING,
            'the files tell where they were taken (GPS). Remove it before '
            'you share them',
            places,
        )
    places = tuple(photo.place for photo, file in pairs if file.private)
    if places:
        yield Finding(
            Severity.NOTE,
            'the files carry EXIF entries such as camera, time or owner. '
            'Remove them before you share the files',
            places,
        )
