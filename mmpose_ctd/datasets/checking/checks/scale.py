"""Faces that are too large or too small for people, in millimetres."""

from collections.abc import Iterator, Sequence

import numpy as np

from ..eye_distances import implausible_distance
from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('scale', 'implausible mm_per_px')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Distances between the eyes in mm, where mm_per_px is given."""
    # The same fault of many images is one finding.
    wrong: dict[tuple[str, bool], list] = {}
    with_scale = []
    for photo in survey.photos:
        scale = photo.record.get('mm_per_px')
        if type(scale) not in (int, float) or not 0 < scale < np.inf:
            continue
        with_scale.append(photo)
        if photo.points is None:
            continue
        found = implausible_distance(
            photo.points, scale, survey.names, survey.partners
        )
        if found:
            kind = found.what, found.length > found.high
            wrong.setdefault(kind, []).append((photo.place, scale, found))
    for (what, too_long), group in wrong.items():
        places, scales, found = zip(*group)
        lengths = [one.length for one in found]
        many = f'{len(group)} images: ' if len(group) > 1 else ''
        yield Finding(
            Severity.ERROR,
            f'{many}with mm_per_px={_span(scales, "g")} the {what} are '
            f'{_span(lengths, ".0f")} mm apart; people have '
            f'{found[0].low:.0f} to {found[0].high:.0f} mm',
            places,
            tuple(survey.names[k] for k in found[0].pair),
            # The worst of them.
            score=max(lengths) if too_long else min(lengths),
        )
    without = tuple(
        p.place for p in survey.photos if p.record.get('mm_per_px') is None
    )
    if with_scale and without:
        yield Finding(
            Severity.NOTE,
            f'{len(without)} of {len(survey.photos)} records have no '
            'mm_per_px, others do: errors in mm need it in all',
            without,
        )


def _span(values: Sequence[float], form: str) -> str:
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f'{low} to {high}'
