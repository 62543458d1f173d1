"""Which columns of a table are the coordinates of which landmark."""

import re
from collections import defaultdict

from .point_record import Refused, repeated_name, repeated_number

__all__ = ['point_columns']

_AXIS = '(visibility|visible|vis|[xyv])'
# exo_x, exo.x, "exo (x)", "exo x", exoX; x_exo, x1, X0.
_AFTER = re.compile(rf'(.*?)[\s_.:\-]*\(?{_AXIS}\)?', re.I)
_BEFORE = re.compile(rf'{_AXIS}[\s_.:\-]*(.+)', re.I)
_UNIT = re.compile(r'\s*[(\[](?:px|pixels?)[)\]]$', re.I)
# Pairs of x and y that are the corner, centre or size of something.
_BOX = re.compile(
    r'.*box.*|.*rect(angle)?|(.*[\s_.\-])?(roi|crop)|'
    r'min|max|tl|br|lt|rb|top[\s_\-]?left|bottom[\s_\-]?right|'
    r'cent(er|re)|origin|offset|size|scale|dpi|resolution',
    re.I,
)
# A coordinate by its look; not "sex" or "study".
_LOOKS = re.compile(r'(.+[\s_.\-]\(?[xy]\)?|[xy][\s_.\-].+)', re.I)
_SIDES = ({'w', 'h'}, {'width', 'height'})


def point_columns(
    titles: list[str],
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Which columns belong to which landmark.

    Args:
        titles (list[str]): The table's columns.

    Returns:
        tuple: Landmark -> x, y and perhaps v -> title, in the order of the
        table; and the titles that look like coordinates, but are no
        landmarks: boxes, and an x without y.

    Raises:
        Refused: If a landmark has two columns for one coordinate, or
            landmarks are written in two ways.
    """
    after, boxes = _pairs(titles, _AFTER, 1)
    before, more = _pairs(titles, _BEFORE, 2)
    found, other = after, before
    if len(before) > len(after):
        found, other = before, after
    used = _titles_of(found)
    left = [t for t in _titles_of(other) if t not in used]
    # 'x_a_x' is of one kind only; a pair that shares no column is of two.
    if left and not used.keys() & _titles_of(other).keys():
        raise Refused(
            found=f'columns such as {left[0]!r} beside columns such as '
            f'{next(iter(used))!r}',
            expected='points written in one way',
            cure='Rename the first if they are landmarks, else delete them.',
        )
    repeated = repeated_name(found) or repeated_number(found)
    if repeated:
        raise Refused(
            found=f'columns for {repeated[0]!r} and {repeated[1]!r}, which '
            'are one landmark',
            expected='each landmark once',
            cure='Rename or delete one of them.',
        )
    return found, [t for t in dict.fromkeys(boxes + more) if t not in used]


def _titles_of(groups: dict[str, dict[str, str]]) -> dict[str, None]:
    return dict.fromkeys(t for g in groups.values() for t in g.values())


def _pairs(
    titles: list[str], pattern: re.Pattern, name_group: int
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Landmarks with x and y, and the titles of boxes."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for title in titles:
        match = pattern.fullmatch(_UNIT.sub('', title))
        if match and match[name_group]:
            axis = match[3 - name_group].lower()[0]
            groups[match[name_group]][axis].append(title)
    plain = {re.sub(r'[\s_.\-]', '', title).lower() for title in titles}
    found, boxes = {}, []
    for name, group in groups.items():
        if not {'x', 'y'} <= group.keys():
            lone = [t for same in group.values() for t in same]
            boxes += filter(_LOOKS.fullmatch, lone)
            continue
        stem = re.sub(r'[\s_.\-]', '', name).lower()
        if _BOX.fullmatch(name) or any(
            {stem + side for side in sides} <= plain for sides in _SIDES
        ):
            boxes += [t for axis in 'xy' for t in group[axis]]
            continue
        for same in group.values():
            if len(same) > 1:
                raise Refused(
                    found=f'the titles {same[0]!r} and {same[1]!r} are one '
                    f'coordinate of {name!r}',
                    expected='each coordinate once',
                    cure='Rename or delete one of the columns.',
                )
        found[name] = {axis: same[0] for axis, same in group.items()}
    return found, boxes
