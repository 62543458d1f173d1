"""Images without points, and files without record."""

from collections.abc import Iterator

from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('unlabelled', 'images without annotation, and vice versa')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Training leaves them out."""
    bare = tuple(
        photo.place for photo in survey.photos if not photo.num_annotations
    )
    if bare:
        yield Finding(
            Severity.WARNING,
            f'{len(bare)} image records have no annotation; they are not used',
            bare,
        )
    empty = tuple(
        photo.place
        for photo in survey.photos
        if photo.num_annotations
        and photo.points is not None
        and not photo.labelled
    )
    if empty:
        yield Finding(
            Severity.WARNING,
            f'{len(empty)} annotations have no labelled landmark; they are '
            'not used',
            empty,
        )
    stray = survey.stray_files
    if stray:
        yield Finding(
            Severity.NOTE,
            f'{len(stray)} image files are in no record of this annotation '
            'file; they are not used',
            names=tuple(stray),
        )
