"""Which columns of a table are the coordinates of which landmark."""

import re
from collections import defaultdict
from typing import NamedTuple

from .point_record import Refused, is_number, repeated_name, repeated_number

__all__ = ['PointColumns', 'point_columns']

_AXIS = '(visibility|visible|vis|[xyv])'
# exo_x, exo.x, "exo (x)", "exo x", exoX; x_exo, x1, X0.
_AFTER = re.compile(rf'(.*?)[\s_.:\-]*\(?{_AXIS}\)?', re.I)
_BEFORE = re.compile(rf'{_AXIS}[\s_.:\-]*(.+)', re.I)
_UNIT = re.compile(r'(\s*[(\[](px|pixels?)[)\]]|[\s_.\-]+(px|pixels?))$', re.I)
# Pairs of x and y that can be nothing but the corner or size of something.
_BOX = re.compile(
    r'.*box.*|.*rect(angle)?|(.*[\s_.\-])?(roi|crop)|'
    r'offset|size|scale|dpi|resolution',
    re.I,
)
# Two corners, of which each alone may be a landmark: tl is a tragion, too.
_CORNERS = (
    {'tl', 'br'},
    {'lt', 'rb'},
    {'topleft', 'bottomright'},
    {'min', 'max'},
)
_OTHER_CORNERS = {'tr', 'bl', 'rt', 'lb', 'topright', 'bottomleft'}
# What may be a corner or centre, or a landmark.
_DOUBTFUL = re.compile(
    r'tl|br|lt|rb|min|max|top[\s_\-]?left|bottom[\s_\-]?right|cent(er|re)|origin',
    re.I,
)
# What has a width and a height, but is no landmark.
_AREA = re.compile(
    r'.*(face|head|image|img|photo|picture|region|area|detection)', re.I
)
# A coordinate by its look; not "sex" or "study".
_LOOKS = re.compile(r'(.+[\s_.\-]\(?[xy]\)?|[xy][\s_.\-].+)', re.I)
_SIDES = ({'w', 'h'}, {'width', 'height'})


class PointColumns(NamedTuple):
    """What titles say of the columns of a table.

    Attributes:
        landmarks (dict[str, dict[str, str]]): Landmark -> x, y and perhaps
            v -> title, in the order of the table.
        boxes (list[str]): Titles that look like coordinates, but are no
            landmarks: boxes, and an x without y.
        doubtful (list[str]): Those of the landmarks that may as well be the
            corner, centre or place of a box.
    """

    landmarks: dict[str, dict[str, str]]
    boxes: list[str]
    doubtful: list[str]


def point_columns(titles: list[str]) -> PointColumns:
    """Which columns belong to which landmark.

    Args:
        titles (list[str]): The table's columns.

    Raises:
        Refused: If a landmark has two columns for one coordinate, or
            landmarks are written in two ways.
    """
    after, boxes, doubts = _pairs(titles, _AFTER, 1)
    before, more, others = _pairs(titles, _BEFORE, 2)
    found, other = after, before
    if len(before) > len(after):
        found, other, doubts = before, after, others
    sure = [name for name in found if name not in doubts]
    if sure and all(map(is_number, sure)):
        # Where points have numbers, a named column is no point.
        boxes += [t for name in doubts for t in found.pop(name).values()]
        doubts = []
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
    boxes = [t for t in dict.fromkeys(boxes + more) if t not in used]
    return PointColumns(found, boxes, doubts)


def _titles_of(groups: dict[str, dict[str, str]]) -> dict[str, None]:
    return dict.fromkeys(t for g in groups.values() for t in g.values())


def _pairs(
    titles: list[str], pattern: re.Pattern, name_group: int
) -> tuple[dict[str, dict[str, str]], list[str], list[str]]:
    """Landmarks with x and y, titles of boxes, and doubtful landmarks."""
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
