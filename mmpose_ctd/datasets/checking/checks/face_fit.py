"""Landmarks that were clicked in another version of their photograph."""

from collections.abc import Iterator

from ...face_fit import fit_to_faces
from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('face-fit', 'landmarks that do not fit the detected face')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Compared with most faces of the set."""
    pairs = [
        (photo, file)
        for photo, file in zip(survey.photos, survey.files)
        # A file of another size is reported as such.
        if photo.labelled and photo.size in (None, file.upright_size)
    ]
    fits = fit_to_faces(
        [photo.points for photo, _ in pairs], [file.faces for _, file in pairs]
    )
    for (photo, _), fit in zip(pairs, fits):
        if fit is not None and fit.wrong:
            yield Finding(
                Severity.WARNING,
                f'{fit.text}. Were they clicked in another version of the '
                'photograph? Label this image again, or leave it out',
                (photo.place,),
                score=fit.factor,
            )
