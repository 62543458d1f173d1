"""One person under two ids, as a face-recognition network sees it."""

from collections.abc import Iterator

import numpy as np

from ..finding import Finding, Severity
from ..registry import register_check
from ..shapes import compare_faces
from ..survey import Survey
from ..thresholds import Thresholds

# Faces that are compared with all others at once.
_AT_ONCE = 256


@register_check('same-person', 'one person under two ids (with --teacher)')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """A hint: relatives and children look alike."""
    if survey.teacher is None:
        return
    # The network's libraries take seconds to load.
    from ..face_embeddings import face_embeddings

    shapes = compare_faces(survey, thresholds)
    if shapes is None:
        return
    photos = [photo for photo in survey.labelled if photo.subject]
    found = face_embeddings(
        photos, shapes, survey.names, survey.partners, survey.teacher
    )
    if not found:
        yield Finding(
            Severity.NOTE,
            'no eye corners or pupils among the names of the landmarks: the '
            'network could not be shown any face',
        )
        return
    pairs: dict[tuple, tuple] = {}
    places = list(found)
    vectors = np.array([found[place] for place in places])
    for start in range(0, len(places), _AT_ONCE):
        cosines = vectors[start : start + _AT_ONCE] @ vectors[start:].T
        for i, j in np.argwhere(np.triu(cosines, 1) > thresholds.same_person):
            a, b = places[start + i], places[start + j]
            one, two = survey.photos[a].subject, survey.photos[b].subject
            if one == two:
                continue
            pair = tuple(sorted((one, two)))
            best = pairs.get(pair, (-1.0,))
            pairs[pair] = max(best, (float(cosines[i, j]), a, b))
    for names, (cosine, a, b) in sorted(pairs.items(), key=lambda p: -p[1][0]):
        yield Finding(
            Severity.WARNING,
            'two subjects look like one person to the network (similarity '
            f'{cosine:.2f}): one id too many, or relatives',
            (a, b),
            names=names,
            score=cosine,
        )
