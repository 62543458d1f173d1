"""Names that leave open what a mirrored image does."""

from collections.abc import Iterator

from ...landmark_names import is_sided
from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('flips', 'landmarks of one side, with flips')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """See docs/data.md, Left and right."""
    sided = [k for k, name in enumerate(survey.names) if is_sided(name)]
    alone = [k for k in sided if survey.partners[k] == k]
    if not alone:
        return
    names = tuple(survey.names[k] for k in alone)
    some = ', '.join(names[:5]) + (' ...' if len(names) > 5 else '')
    if len(alone) == len(sided):
        text = (
            f'all landmarks with a side are of one side ({some}). If the '
            'photographs show whole faces, set prob=0 of RandomFlip in the '
            'train pipeline, or label both sides'
        )
    else:
        text = (
            f'{some}: named for a side, without partner on the other. A '
            'flipped image keeps their name; give dataset.flip_pairs if that '
            'is wrong'
        )
    yield Finding(Severity.WARNING, text, landmarks=names)
