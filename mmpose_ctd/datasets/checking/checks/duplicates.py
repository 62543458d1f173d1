"""One photograph in several records."""

from collections.abc import Iterator

import numpy as np

from mmpose_ctd.errors import InputError

from ...split_selection import select_images
from ...splits.split_names import sides
from ..finding import Finding, Severity
from ..registry import register_check
from ..same_photo import detail_correlation, look_alikes
from ..survey import Survey
from ..thresholds import Thresholds


@register_check('duplicates', 'one photograph in several records')
def check(survey: Survey, thresholds: Thresholds) -> Iterator[Finding]:
    """Copies, also when saved anew, scaled, cropped a little or mirrored."""
    pairs = list(zip(survey.photos, survey.files))
    readable = [p.place for p, file in pairs if file.preview is not None]
    pictures = [survey.files[place].preview for place in readable]
    if len(pictures) < 2:
        return
    across = _across(survey)
    seen = set()
    for i, j, mirrored in look_alikes(np.stack(pictures)):
        a, b = readable[i], readable[j]
        if (a, b) in seen:
            continue
        other = pictures[j][:, ::-1] if mirrored else pictures[j]
        detail = detail_correlation(pictures[i], np.ascontiguousarray(other))
        if detail <= thresholds.detail:
            continue
        seen.add((a, b))
        yield _finding(survey, a, b, mirrored, detail, across)


def _finding(survey, a, b, mirrored, detail, across) -> Finding:
    one, two = survey.photos[a], survey.photos[b]
    text = 'the same photograph'
    if mirrored:
        text += ', mirrored,'
    text += ' in two records'
    severity = Severity.WARNING
    if one.subject and two.subject and one.subject != two.subject:
        severity = Severity.ERROR
        text += ', of two subjects: one person under two ids, or a mix-up'
    elif one.subject != two.subject:
        text += ', one of them without subject'
    split = next((p for p in across if _on_both(p, a, b)), None)
    if split:
        severity = Severity.ERROR
        one_side, _, other_side, _ = split
        text += (
            f'; it is in splits/{one_side}.txt and in splits/{other_side}.txt'
        )
    names = tuple(x for x in (one.subject, two.subject) if x)
    return Finding(
        severity,
        f'{text} (detail {detail:.2f})',
        (a, b),
        names=tuple(dict.fromkeys(names)),
        score=detail,
    )


def _across(survey: Survey) -> list[tuple]:
    """Pairs of split files with the images of each."""
    chosen = {
        name: select_images(lines, survey.records).ids
        for name, lines in survey.splits.items()
        if not isinstance(lines, InputError)
    }
    return [(a, chosen[a], b, chosen[b]) for a, b in sides(chosen)]


def _on_both(pair: tuple, a: int, b: int) -> bool:
    _, one, _, two = pair
    return (a in one and b in two) or (b in one and a in two)
