"""Landmarks of which it is open what a mirrored image does."""

from collections.abc import Iterator

import numpy as np

from mmpose_ctd.landmark_sides import unsettled_names

from ...flips import likely_text
from ...midline import off_midline
from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('flips', 'landmarks without a partner, with flips')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """See docs/data.md, Left and right."""
    partners = [survey.names[k] for k in survey.partners]
    yield from _off_midline(survey, partners)
    names = tuple(unsettled_names(survey.names, partners))
    if not names:
        return
    some = ', '.join(names[:5]) + (' ...' if len(names) > 5 else '')
    if survey.names == partners:
        text = f'no landmark has a partner on the other side ({some})'
    else:
        text = (
            f'{some}: the names do not say which landmark takes their place '
            'in a mirrored image'
        )
    yield Finding(
        Severity.WARNING,
        f'{text}. Training stops where it mirrors images (RandomFlip, '
        'flip_test) unless the config states dataset.flip_pairs, or '
        'one_sided=True for a set in which no landmark has a partner',
        landmarks=names,
    )


def _off_midline(survey: Survey, partners: list[str]) -> Iterator[Finding]:
    if not survey.labelled:
        return
    points = np.stack([photo.points for photo in survey.labelled])
    likely = off_midline(points, survey.names, partners)
    if likely:
        names = tuple(dict.fromkeys(n for pair in likely for n in pair))
        some = ', '.join(names[:5]) + (' ...' if len(names) > 5 else '')
        yield Finding(
            Severity.WARNING,
            f'{some}: without a partner, but off the midline of the faces. '
            'Training stops where it mirrors images. '
            + likely_text(likely).removesuffix('.'),
            landmarks=names,
        )
