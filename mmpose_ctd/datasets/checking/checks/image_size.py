"""Files of another size than their record says."""

from collections.abc import Iterator

from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('image-size', 'files of another size than recorded')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Compares upright sizes, as training reads files."""
    for photo, file in zip(survey.photos, survey.files):
        if file.problem or photo.size is None or file.size is None:
            continue
        upright = file.upright_size
        if upright == photo.size:
            continue
        stored = f'{upright[0]}x{upright[1]}'
        text = (
            f'the file has {stored} pixels, the record says '
            f'{photo.size[0]}x{photo.size[1]}. '
        )
        if upright == photo.size[::-1]:
            text += 'The sides are exchanged: was it labelled lying?'
        else:
            text += 'The points belong to another version of the image'
        yield Finding(Severity.ERROR, text, (photo.place,))
