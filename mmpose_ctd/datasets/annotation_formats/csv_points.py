"""Reads points from a table, one row a photograph or one row a point.

Wide, with two columns for each landmark, and long::

    image,exo_R_x,exo_R_y,exo_L_x,exo_L_y      image,landmark,x,y
    a.jpg,100.5,200,300,201                    a.jpg,exo_R,100.5,200
                                               a.jpg,exo_L,300,201
"""

import re
from collections import defaultdict

import numpy as np

from ..text_files import read_text
from .cells import (
    checked_age,
    decimal_mark,
    finite_or_nan,
    person_texts,
    visibility,
)
from .foreign import refuse_foreign_table
from .point_record import (
    Reading,
    ReadOptions,
    Refused,
    Source,
    is_number,
    plain_name,
    repeated_name,
)
from .table_file import column_of, known_columns, number_cells, read_table

_TEXTS = ('subject', 'site', 'sex')
_NUMBERS = ('mm_per_px', 'age', 'width', 'height')
_LONG = ('landmark', 'x', 'y')
_PLACES = (
    'a place for each point, NA where it is missing: the points have no '
    'names, and a forgotten point would move all later ones'
)

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


def read(sources: list[Source], options: ReadOptions) -> Reading:
    """Read tables of points.

    Returns:
        Reading: A record for each photograph. If the titles only number the
        points, a record has numbers instead of names.

    Raises:
        InputError: If a table has no column of photographs or no points, two
            columns hold one thing, or numbers can be read in two ways.
    """
    reading = Reading()
    for source in sources:
        try:
            table = _PointTable(source, options)
        except Refused as error:
            raise error.at(source.name) from None
        table.add_records(reading, source)
        reading.doubtful += table.doubtful
        if table.boxes:
            reading.notes.append(
                f'{source.name}: columns that are not landmarks: '
                f'{_shown(table.boxes)}'
            )
    return reading


def _shown(titles: list[str]) -> str:
    return ', '.join(map(repr, titles[:8])) + ' ...' * (len(titles) > 8)


class _PointTable:
    """One table of points, wide or long."""

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self.name = source.name
        refuse_foreign_table(self.name, read_text(source.path, self.name))
        self.table, self.lengths = read_table(source.path, self.name)
        titles = list(self.table.columns)
        self.is_long = {*_LONG} <= {column_of(title) for title in titles}
        wanted = ('image', *_TEXTS, *_NUMBERS)
        if self.is_long:
            wanted += (*_LONG, 'visible', 'missing')
        elif {'x', 'y'} <= {*map(plain_name, titles)}:
            # width and height are of a box at x, y.
            wanted = wanted[:-2]
        self.columns = known_columns(self.table, self.name, wanted)
        if 'image' not in self.columns:
            raise Refused(
                f'no column of photographs among {_shown(titles)}',
                'one called "image" or "file"',
            )
        self.wide, self.boxes, self.doubtful = _point_columns(titles)
        if self.is_long:
            self._check_long(titles)
        elif not self.wide:
            raise Refused(
                f'no points among its columns {_shown(titles)}',
                'a pair such as "exo_R_x", "exo_R_y" for each landmark, or '
                'the columns image, landmark, x, y',
            )
        keys = (*_NUMBERS, *('xy' * self.is_long))
        numbers = [self.columns[k] for k in keys if k in self.columns]
        numbers += [g[axis] for g in self.wide.values() for axis in 'xy']
        self.decimal = decimal_mark(
            number_cells(self.table, self.name, numbers), options.decimal
        )
        self.grouped = options.decimal is not None
        # Rows must reach the last title of a point.
        points = [t for g in self.wide.values() for t in g.values()]
        if self.is_long:
            points = [self.columns[key] for key in _LONG]
        self.needed = 1 + max(map(self.table.columns.get_loc, points))

    def _check_long(self, titles: list[str]) -> None:
        if self.wide:
            first = next(iter(self.wide.values()))
            raise Refused(
                f'columns landmark, x, y and columns such as {first["x"]!r}',
                'one row a point, or one row a photograph',
                'Delete or rename the columns that hold no landmarks.',
            )
        if {'w', 'h'} <= {plain_name(title) for title in titles}:
            raise Refused('columns x, y, w, h, which are boxes', 'points')
        table = self.table
        image, point = self.columns['image'], [self.columns[k] for k in _LONG]
        bare = table[(table[image] == '') & (table[point] != '').any(axis=1)]
        if len(bare):
            # Else the photograph of the point would silently lack it.
            raise Refused(
                f'row {bare.index[0] + 2} names no photograph'
                + f', and {len(bare) - 1} others' * (len(bare) > 1),
                'the photograph in the row of each point',
                'Were cells merged in the spreadsheet? Only the first row of '
                'a merged cell has its text: unmerge them and fill the name '
                'down.',
            )
        labels = dict.fromkeys(table[self.columns['landmark']])
        if repeated := repeated_name(labels, by_value=True):
            raise Refused(
                f'the landmarks {repeated[0]!r} and {repeated[1]!r}',
                'one spelling of a landmark',
            )

    def add_records(self, reading: Reading, source: Source) -> None:
        """Add a record for each photograph, in the order of the table."""
        labels = list(self.wide)
        if self.is_long:
            found = dict.fromkeys(self.table[self.columns['landmark']])
            labels = [label for label in found if label]
        of_points: dict = dict(names=tuple(labels))
        if all(map(is_number, labels)):
            labels.sort(key=int)
            of_points = dict(numbers=tuple(map(int, labels)))
        groups: dict = {}
        for i, row in zip(self.table.index, self.table.to_dict('records')):
            key = row[self.columns['image']] if self.is_long else i
            groups.setdefault(key, {})[i] = row
        for rows in groups.values():
            first = next(iter(rows))
            reading.add(
                source,
                f'{self.name}, row {first + 2}',
                rows[first][self.columns['image']],
                lambda r=rows: self._record(r, labels) | of_points,
            )

    def _record(self, rows: dict[int, dict], labels: list[str]) -> dict:
        for place in rows:
            if self.lengths[place] < self.needed:
                raise Refused(
                    f'{self.lengths[place]} cells in row {place + 2}',
                    f'at least {self.needed}, up to the last point; NA where '
                    'it is missing',
                )
        cells = self._cells([*rows.values()])
        if all(map(is_number, labels)):
            _refuse_shifted(labels, cells)
        points, visible = [], []
        for label in labels:
            x, y, v = cells.get(label, ('', '', ''))
            visible.append(_visibility(label, 'visible', v))
            try:
                points.append((self._number(x), self._number(y)))
            except ValueError:
                raise Refused(
                    f'landmark {label}: ({x[:40]!r}, {y[:40]!r})',
                    'two numbers',
                ) from None
        fields, size = self._fields(next(iter(rows.values())))
        return dict(points=points, visible=visible, fields=fields, size=size)

    def _cells(self, rows: list[dict]) -> dict[str, tuple[str, str, str]]:
        """Label -> x, y, visibility, as text."""
        if not self.is_long:
            (row,) = rows
            return {
                name: (row[g['x']], row[g['y']], row.get(g.get('v'), ''))
                for name, g in self.wide.items()
            }
        found: dict[str, tuple[str, str, str]] = {}
        for row in rows:
            name, x, y, visible, missing = (
                row.get(self.columns.get(key), '')
                for key in (*_LONG, 'visible', 'missing')
            )
            if not name:
                raise Refused('a row without the name of its landmark')
            if name in found:
                raise Refused(
                    f'the landmark {name!r} is there more than once',
                    'one face, each landmark once',
                )
            if missing and _visibility(name, 'missing', missing):
                visible = '0'
            found[name] = x, y, visible
        return found

    def _number(self, text: str) -> float:
        return finite_or_nan(text, self.decimal, self.grouped)

    def _fields(self, row: dict) -> tuple[dict, tuple[int, int] | None]:
        """Subject and the like, and the photograph's size."""
        columns = self.columns
        fields = person_texts(
            {k: row[columns[k]] for k in _TEXTS if k in columns}
        )
        sides = {}
        for key in _NUMBERS:
            text = row.get(columns.get(key), '')
            try:
                number = self._number(text)
            except ValueError:
                raise Refused(f'{columns[key]}={text!r}', 'a number') from None
            if key == 'age':
                checked_age(number, text)
            if np.isfinite(number):
                (sides if key in ('width', 'height') else fields)[key] = number
        if len(sides) < 2:
            return fields, None
        width, height = sides['width'], sides['height']
        if any(not 1 <= s < 1e6 or s % 1 for s in (width, height)):
            raise Refused(
                f'a photograph of {width:g}x{height:g}',
                'its width and height in whole pixels',
            )
        return fields, (int(width), int(height))


def _visibility(label: str, column: str, text: str) -> int:
    try:
        return visibility(text)
    except ValueError:
        raise Refused(
            f'landmark {label}: {column}={text[:40]!r}',
            'TRUE or FALSE, or 0, 1, 2',
        ) from None


def _refuse_shifted(
    labels: list[str], cells: dict[str, tuple[str, str, str]]
) -> None:
    """Refuse a record that may lack a click, if points have no names.

    Without one click, all later points have the number before, and the last
    number is empty. A missing landmark keeps its place.
    """
    absent = [label for label in labels if label not in cells]
    if absent:
        raise Refused(f'no row for the point {absent[0]}', _PLACES)
    if any(map(any, cells.values())) and not any(cells[labels[-1]]):
        raise Refused(f'the last point, {labels[-1]}, is empty', _PLACES)


def _point_columns(
    titles: list[str],
) -> tuple[dict[str, dict[str, str]], list[str], list[str]]:
    """Find the columns of each landmark among all titles of a table.

    Returns:
        tuple: Landmark -> ``x``, ``y`` and perhaps ``v`` -> title; titles
        that look like coordinates but are not of landmarks (boxes, an x
        without y); landmarks that may be the corner, centre or place of a
        box.

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
    used, others = (
        [t for g in k.values() for t in g.values()] for k in (found, other)
    )
    left = [t for t in others if t not in used]
    # A title such as 'x_a_x' fits both patterns.
    if left and len(left) == len(others):
        raise Refused(
            f'columns such as {left[0]!r} and columns such as {used[0]!r}',
            'points written in one way',
            'Rename the first if they are landmarks, else delete them.',
        )
    if repeated := repeated_name(found, by_value=True):
        raise Refused(
            f'columns for {repeated[0]!r} and {repeated[1]!r}, which are one '
            'landmark',
            'each landmark once',
            'Rename or delete one of them.',
        )
    boxes = [t for t in dict.fromkeys(boxes + more) if t not in used]
    return found, boxes, doubts


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
        is_area = has_sides and _AREA.fullmatch(name)
        if _BOX.fullmatch(name) or is_corner or is_area:
            boxes += [t for axis in 'xy' for t in group[axis]]
            continue
        for same in group.values():
            if len(same) > 1:
                raise Refused(
                    f'the titles {same[0]!r} and {same[1]!r} are one '
                    f'coordinate of {name!r}',
                    'each coordinate once',
                    'Rename or delete one of the columns.',
                )
        found[name] = {axis: same[0] for axis, same in group.items()}
        if has_sides or _DOUBTFUL.fullmatch(name):
            doubtful.append(name)
    return found, boxes, doubtful


def _bare(title: str) -> str:
    return re.sub(r'[\s_.\-]', '', title).lower()
