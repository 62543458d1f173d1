"""Finds the columns of each landmark of a table by their titles."""

import re
from collections import defaultdict
from typing import NamedTuple

from .point_record import Refused, is_number, repeated_name

_AXIS = '(visibility|visible|vis|[xyv])'
# exo_x, exo.x, "exo (x)", "exo x", exoX; x_exo, x1, X0.
_AFTER = re.compile(rf'(.*?)[\s_.:\-]*\(?{_AXIS}\)?', re.I)
_BEFORE = re.compile(rf'{_AXIS}[\s_.:\-]*(.+)', re.I)
_UNIT = re.compile(r'(\s*[(\[](px|pixels?)[)\]]|[\s_.\-]+(px|pixels?))$', re.I)
# Pairs of x and y that cannot be a landmark.
_BOX = re.compile(
    r'.*box.*|.*rect(angle)?|(.*[\s_.\-])?(roi|crop)|'
    r'offset|size|scale|dpi|resolution',
    re.I,
)
# Two corners of a box; one alone may be a landmark: tl is also a tragion.
_CORNERS = (
    {'tl', 'br'},
    {'lt', 'rb'},
    {'topleft', 'bottomright'},
    {'min', 'max'},
)
_OTHER_CORNERS = {'tr', 'bl', 'rt', 'lb', 'topright', 'bottomleft'}
# Corners or centres that may be landmarks.
_DOUBTFUL = re.compile(
    r'tl|br|lt|rb|min|max|top[\s_\-]?left|bottom[\s_\-]?right|cent(er|re)|origin',
    re.I,
)
# Things with a width and a height that are not landmarks.
_AREA = re.compile(
    r'.*(face|head|image|img|photo|picture|region|area|detection)', re.I
)
# Looks like a coordinate; not "sex" or "study".
_LOOKS = re.compile(r'(.+[\s_.\-]\(?[xy]\)?|[xy][\s_.\-].+)', re.I)
_SIDES = ({'w', 'h'}, {'width', 'height'})


class PointColumns(NamedTuple):
    """The columns of a table by their titles.

    Attributes:
        landmarks (dict[str, dict[str, str]]): Landmark -> ``x``, ``y`` and
            perhaps ``v`` -> title, in the order of the table.
        boxes (list[str]): Titles that look like coordinates but are not of
            landmarks: boxes, and an x without y.
        doubtful (list[str]): Landmarks that may be the corner, centre or
            place of a box.
    """

    landmarks: dict[str, dict[str, str]]
    boxes: list[str]
    doubtful: list[str]


def point_columns(titles: list[str]) -> PointColumns:
    """Find the columns of each landmark.

    Args:
        titles (list[str]): All titles of the table.

    Raises:
        Refused: If a landmark has two columns for one coordinate, or titles
            are written in two ways.
    """
    after, boxes, doubts = _pairs(titles, _AFTER, 1)
    before, more, others = _pairs(titles, _BEFORE, 2)
    found, other = after, before
    if len(before) > len(after):
        found, other, doubts = before, after, others
    sure = [name for name in found if name not in doubts]
    if sure and all(map(is_number, sure)):
        # If points have numbers, a column with a name is not a point.
        boxes += [t for name in doubts for t in found.pop(name).values()]
        doubts = []
    used = _titles_of(found)
    left = [t for t in _titles_of(other) if t not in used]
    # A title such as 'x_a_x' fits both patterns.
    if left and not used.keys() & _titles_of(other).keys():
        raise Refused(
            found=f'columns such as {left[0]!r} and columns such as '
            f'{next(iter(used))!r}',
            expected='points written in one way',
            cure='Rename the first if they are landmarks, else delete them.',
        )
    if repeated := repeated_name(found, by_value=True):
        raise Refused(
            found=f'columns for {repeated[0]!r} and {repeated[1]!r}, which '
            'are one landmark',
            expected='each landmark once',
            cure='Rename or delete one of them.',
        )
    boxes = [t for t in dict.fromkeys(boxes + more) if t not in used]
    return PointColumns(found, boxes, doubts)


def _titles_of(groups: dict[str, dict[str, str]]) -> dict[str, None]:
    return dict.fromkeys(t for g in groups.values() for t in g.values())


def _pairs(
    titles: list[str], pattern: re.Pattern, name_group: int
) -> tuple[dict[str, dict[str, str]], list[str], list[str]]:
    """The landmarks, boxes and doubtful landmarks of one pattern."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for title in titles:
        match = pattern.fullmatch(_UNIT.sub('', title))
        if match and match[name_group]:
            axis = match[3 - name_group].lower()[0]
            groups[match[name_group]][axis].append(title)
    plain = {_bare(title) for title in titles}
    pairs = {_bare(n) for n, g in groups.items() if {'x', 'y'} <= g.keys()}
    found, boxes, doubtful = {}, [], []
    for name, group in groups.items():
        if not {'x', 'y'} <= group.keys():
            lone = [t for same in group.values() for t in same]
            boxes += filter(_LOOKS.fullmatch, lone)
            continue
        stem = _bare(name)
        has_sides = any({stem + s for s in sides} <= plain for sides in _SIDES)
        is_corner = not _OTHER_CORNERS & pairs and any(
            stem in two and two <= pairs for two in _CORNERS
        )
        if (
            _BOX.fullmatch(name)
            or is_corner
            or (has_sides and _AREA.fullmatch(name))
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
        if has_sides or _DOUBTFUL.fullmatch(name):
            doubtful.append(name)
    return found, boxes, doubtful


def _bare(title: str) -> str:
    return re.sub(r'[\s_.\-]', '', title).lower()
