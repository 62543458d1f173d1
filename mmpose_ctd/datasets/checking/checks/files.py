"""Image files that cannot be used."""

from collections.abc import Iterator

from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('files', 'missing, damaged or cut-off image files')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Reads every file to its end."""
    for photo, file in zip(survey.photos, survey.files):
        # Without a name the record itself is at fault.
        if file.problem and photo.path is not None:
            yield Finding(
                Severity.ERROR,
                f'{file.problem}. Replace it, or take its record out',
                (photo.place,),
                names=(photo.file_name,),
            )
