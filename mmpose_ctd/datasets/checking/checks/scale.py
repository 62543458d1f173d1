"""Faces that are too large or too small for people, in millimetres."""

import re
from collections.abc import Iterator

import numpy as np

from ..finding import Finding, Severity
from ..registry import register_check
from ..survey import Survey
from ..thresholds import Thresholds

# Shortest and longest distance in mm, newborn to adult, with a margin of
# about a third for syndromes; see docs/check.md.
_RANGES = {
    'inner eye corners': (r'endocanth|inner_?canth', 12.0, 55.0),
    'outer eye corners': (r'exocanth|outer_?canth', 40.0, 130.0),
    'pupils': (r'pupil', 25.0, 85.0),
}


@register_check('scale', 'implausible mm_per_px')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Distances between the eyes in mm, where mm_per_px is given."""
    pairs = {
        what: two_sided(survey, pattern)
        for what, (pattern, _, _) in _RANGES.items()
    }
    # The same fault of many images is one finding.
    wrong: dict[tuple[str, bool], list[tuple[int, float, float]]] = {}
    with_scale = []
    for photo in survey.photos:
        scale = photo.record.get('mm_per_px')
        if type(scale) not in (int, float) or not 0 < scale < np.inf:
            continue
        with_scale.append(photo)
        if photo.points is None:
            continue
        for what, pair in pairs.items():
            if pair is None:
                continue
            a, b = photo.points[list(pair)]
            length = float(np.linalg.norm(a - b)) * scale
            _, low, high = _RANGES[what]
            if np.isfinite(length) and not low <= length <= high:
                entry = (photo.place, scale, length)
                wrong.setdefault((what, length > high), []).append(entry)
                break
    for (what, _), found in wrong.items():
        places, scales, lengths = zip(*found)
        _, low, high = _RANGES[what]
        many = f'{len(found)} images: ' if len(found) > 1 else ''
        yield Finding(
            Severity.ERROR,
            f'{many}with mm_per_px={_span(scales, "g")} the {what} are '
            f'{_span(lengths, ".0f")} mm apart; people have {low:.0f} to '
            f'{high:.0f} mm',
            places,
            tuple(survey.names[k] for k in pairs[what]),
            # The worst of them.
            score=max(lengths) if lengths[0] > high else min(lengths),
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


def _span(values: tuple[float, ...], form: str) -> str:
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f'{low} to {high}'


def two_sided(survey: Survey, pattern: str) -> tuple[int, int] | None:
    """The two landmarks of a name, one a side."""
    found = [
        k
        for k, name in enumerate(survey.names)
        if re.search(pattern, name, re.IGNORECASE) and survey.partners[k] != k
    ]
    return (found[0], found[1]) if len(found) == 2 else None
