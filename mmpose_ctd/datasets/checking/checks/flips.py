"""Names that leave open what a mirrored image does."""

from collections.abc import Iterator

from mmpose_ctd.landmark_sides import unsettled_names

from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('flips', 'landmarks without a partner, with flips')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """See docs/data.md, Left and right."""
    partners = [survey.names[k] for k in survey.partners]
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
