"""What of the annotation file training would refuse."""

from collections.abc import Iterator

from ...image_fields import taken_names
from ...landmark_names import landmark_metainfo
from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('records', 'faults of the annotation file')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Structure, values, and annotations that are too many."""
    yield from survey.problems
    metainfo = landmark_metainfo(survey.names)
    for photo in survey.photos:
        clash = taken_names(photo.record, metainfo)
        if clash:
            yield Finding(
                Severity.ERROR,
                f'the fields {clash} have names that MMPose uses itself; '
                'rename them',
                (photo.place,),
            )
        if photo.num_annotations > 1:
            text = (
                f'{photo.num_annotations} annotations of one image; the '
                'checks look at the first. '
            )
            several = photo.num_faces > 1
            yield Finding(
                Severity.ERROR if several else Severity.WARNING,
                text + "Training refuses several faces unless dataset.crop='"
                "bbox' crops to each"
                if several
                else text + 'A face is annotated once',
                (photo.place,),
            )
