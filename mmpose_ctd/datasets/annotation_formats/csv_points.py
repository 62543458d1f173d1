"""Reads points from a table, one row a photograph or one row a point.

Wide, with two columns for each landmark, and long::

    image,exo_R_x,exo_R_y,exo_L_x,exo_L_y      image,landmark,x,y
    a.jpg,100.5,200,300,201                    a.jpg,exo_R,100.5,200
                                               a.jpg,exo_L,300,201
"""

import re
from collections import defaultdict

import numpy as np

from mmpose_ctd.errors import some_of

from .cells import visibility
from .point_record import (
    Reading,
    ReadOptions,
    Refused,
    Source,
    is_number,
    plain_name,
    repeated_name,
)
from .table_file import (
    NUMBERS,
    TEXTS,
    column_of,
    known_columns,
    number_reader,
    person_fields,
    read_table,
)

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
# Pairs of x and y that may be the corner, centre or size of a box.
_DOUBTFUL = re.compile(
    r'.*box.*|.*rect(angle)?|(.*[\s_.\-])?(roi|crop)|offset|size|scale|dpi|'
    r'resolution|tl|br|lt|rb|min|max|top[\s_\-]?left|bottom[\s_\-]?right|'
    r'cent(er|re)|origin',
    re.I,
)
# Looks like a coordinate; not "sex" or "study".
_LOOKS = re.compile(r'(.+[\s_.\-]\(?[xy]\)?|[xy][\s_.\-].+)', re.I)
_SIDES = ({'w', 'h'}, {'width', 'height'})


def read(sources: list[Source], options: ReadOptions) -> Reading:
    """Read tables of points: a record for each photograph.

    If the titles only number the points, it has numbers instead of names.

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
        if table.lone:
            reading.notes.append(
                f'{source.name}: columns that are not landmarks: '
                f'{_shown(table.lone)}'
            )
    return reading


def _shown(titles: list[str]) -> str:
    return some_of([*map(repr, titles)])


class _PointTable:
    """One table of points, wide or long."""

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self.name = source.name
        self.table, self.lengths = read_table(source.path, self.name)
        titles = list(self.table.columns)
        self.is_long = {*_LONG} <= {column_of(title) for title in titles}
        wanted = ('image', *TEXTS, *NUMBERS)
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
        self.wide, self.doubtful, self.lone = _point_columns(titles)
        if self.is_long:
            self._check_long(titles)
        elif not self.wide:
            raise Refused(
                f'no points among its columns {_shown(titles)}',
                'a pair such as "exo_R_x", "exo_R_y" for each landmark, or '
                'the columns image, landmark, x, y',
            )
        keys = (*NUMBERS, *('xy' * self.is_long))
        numbers = [self.columns[k] for k in keys if k in self.columns]
        numbers += [g[axis] for g in self.wide.values() for axis in 'xy']
        self.number = number_reader(
            self.table, self.name, numbers, options.decimal
        )
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
                points.append((self.number(x), self.number(y)))
            except ValueError:
                raise Refused(
                    f'landmark {label}: ({x[:40]!r}, {y[:40]!r})',
                    'two numbers',
                ) from None
        row = next(iter(rows.values()))
        facts = {
            k: t for k, t in self.columns.items() if k in (*TEXTS, *NUMBERS)
        }
        fields = person_fields(row, facts, self.number)
        size = [fields.pop(key, np.nan) for key in ('width', 'height')]
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
        tuple: Landmark -> ``x``, ``y`` and perhaps ``v`` -> title; landmarks
        that may be the corner, centre or size of a box; titles that look like
        coordinates but are not of landmarks.

    Raises:
        Refused: If a landmark has two columns for one coordinate, or titles
            are written in two ways.
    """
    ways = [_pairs(titles, _AFTER, 1), _pairs(titles, _BEFORE, 2)]
    # The way with more sure landmarks.
    ways.sort(key=lambda way: (len(way[1]) - len(way[0]), -len(way[0])))
    (found, doubts, lone), (other, others, more) = ways
    sure = [name for name in found if name not in doubts]
    if sure and all(map(is_number, sure)):
        # If points have numbers, a column with a name is not a point.
        lone += [t for name in doubts for t in found.pop(name).values()]
        doubts = []
    used = [t for group in found.values() for t in group.values()]
    unsure = [t for name in others for t in other.pop(name).values()]
    left = [t for group in other.values() for t in group.values()]
    # A title such as 'x_a_x' fits both patterns.
    if left and not {*left} & {*used}:
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
    lone = dict.fromkeys(lone + more + unsure)
    return found, doubts, [title for title in lone if title not in used]


def _pairs(
    titles: list[str], pattern: re.Pattern, name_group: int
) -> tuple[dict[str, dict[str, str]], list[str], list[str]]:
    """The landmarks of one pattern, doubtful ones, and titles without pair."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for title in titles:
        match = pattern.fullmatch(_UNIT.sub('', title))
        if match and match[name_group]:
            axis = match[3 - name_group].lower()[0]
            groups[match[name_group]][axis].append(title)
    plain = {_bare(title) for title in titles}
    found, doubtful, lone = {}, [], []
    for name, group in groups.items():
        if not {'x', 'y'} <= group.keys():
            own = [t for same in group.values() for t in same]
            lone += filter(_LOOKS.fullmatch, own)
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
        has_sides = any(
            {_bare(name) + side for side in sides} <= plain for sides in _SIDES
        )
        if has_sides or _DOUBTFUL.fullmatch(name):
            doubtful.append(name)
    return found, doubtful, lone


def _bare(title: str) -> str:
    return re.sub(r'[\s_.\-]', '', title).lower()
