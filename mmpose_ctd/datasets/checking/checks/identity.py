"""Records that do not say who and where."""

from collections.abc import Iterator

from mmpose_ctd.datasets.subject_names import alike_subjects

from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('identity', 'missing subject or site')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Splits and intervals go by subject, tables by site."""
    photos = survey.photos
    nobody = tuple(p.place for p in photos if not p.subject)
    if nobody:
        yield Finding(
            Severity.WARNING,
            f'{len(nobody)} of {len(photos)} records have no subject: no '
            'split by subject uses them, and nobody can say whether a face '
            'both trains and tests',
            nobody,
        )
    nowhere = tuple(p.place for p in photos if not p.site)
    if nowhere:
        some = len(nowhere) < len(photos)
        yield Finding(
            Severity.WARNING if some else Severity.NOTE,
            f'{len(nowhere)} of {len(photos)} records have no site'
            + (', others do' if some else ': there is no table by site'),
            nowhere,
        )
    sites: dict[str, set] = {}
    for photo in photos:
        if photo.subject and photo.site:
            sites.setdefault(photo.subject, set()).add(photo.site)
    several = {s for s, found in sites.items() if len(found) > 1}
    if several:
        yield Finding(
            Severity.NOTE,
            f'{len(several)} subjects are recorded at several sites; one id '
            'for two people looks like this, too',
            tuple(p.place for p in photos if p.subject in several),
            names=tuple(sorted(several)),
        )
    groups = alike_subjects(photo.subject for photo in photos)
    if groups:
        alike = {subject for group in groups for subject in group}
        yield Finding(
            Severity.WARNING,
            f'{len(groups)} group{"s" * (len(groups) > 1)} of subject ids '
            'are alike but for case, spaces, dashes or zeros: are they one '
            'person each? Then give '
            'them one id, else a face may both train and test',
            tuple(p.place for p in photos if p.subject in alike),
            names=tuple(subject for group in groups for subject in group),
        )
