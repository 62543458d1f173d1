"""Reads points from a table, one row a photograph or one row a point.

Wide, with two columns for each landmark, and long::

    image,exo_R_x,exo_R_y,exo_L_x,exo_L_y      image,landmark,x,y
    a.jpg,100.5,200,300,201                    a.jpg,exo_R,100.5,200
                                               a.jpg,exo_L,300,201
"""

from collections.abc import Iterable

import numpy as np

from .csv_titles import point_columns
from .foreign import refuse_foreign_table
from .numbers import decimal_mark, finite_or_nan, visibility
from .person_cells import checked_age, person_texts
from .point_record import (
    PointRecord,
    Reading,
    ReadOptions,
    Refused,
    Source,
    is_number,
    plain_name,
    repeated_name,
    repeated_number,
)
from .table_file import column_of, known_columns, number_cells, read_table
from .text_file import read_text

__all__ = ['read']

_TEXTS = ('subject', 'site', 'sex')
_NUMBERS = ('mm_per_px', 'age', 'width', 'height')
_LONG = ('landmark', 'x', 'y')
_NOTHING = ('', '', '')
_PLACES = (
    'a place for each point, NA where it is missing: the points have no '
    'names, and one that was forgotten moves all later ones'
)


def read(sources: list[Source], options: ReadOptions) -> Reading:
    """Read tables of points.

    Args:
        sources (list[Source]): The files.
        options (ReadOptions): Its decimal mark is used.

    Returns:
        Reading: A record for each photograph. Names are None where the
        titles only number the points; then it has the numbers.

    Raises:
        InputError: If a table has no column of photographs, or no points; if
            two columns hold the same; if its numbers can be read in two
            ways.
    """
    reading = Reading()
    for source in sources:
        try:
            table = _Table(source, options)
        except Refused as error:
            raise error.at(source.name) from None
        for record in table.records():
            reading.add(record, source)
        reading.doubtful += table.doubtful
        if table.boxes:
            reading.notes.append(
                f'{source.name}: columns that are no landmarks: '
                f'{_shown(table.boxes)}'
            )
    return reading


def _shown(titles: list[str]) -> str:
    return ', '.join(map(repr, titles[:8])) + ' ...' * (len(titles) > 8)


class _Table:
    """One table of points, wide or long.

    Args:
        source (Source): Its file.
        options (ReadOptions): What the user states.
    """

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
            # They are of a box at x, y.
            wanted = wanted[:-2]
        self.columns = known_columns(self.table, self.name, wanted)
        if 'image' not in self.columns:
            raise Refused(
                found=f'no column of photographs among {_shown(titles)}',
                expected='one called "image" or "file"',
            )
        self.wide, self.boxes, self.doubtful = point_columns(titles)
        if self.is_long:
            self._check_long(titles)
        elif not self.wide:
            raise Refused(
                found=f'no points among its columns {_shown(titles)}',
                expected='a pair such as "exo_R_x", "exo_R_y" for each '
                'landmark, or the columns image, landmark, x, y',
            )
        self.decimal = decimal_mark(
            number_cells(self.table, self.name, self._number_titles()),
            options.decimal,
        )
        self.grouped = options.decimal is not None

    def _check_long(self, titles: list[str]) -> None:
        if self.wide:
            first = next(iter(self.wide.values()))
            raise Refused(
                found=f'columns landmark, x, y and columns such as '
                f'{first["x"]!r}',
                expected='one row a point, or one row a photograph',
                cure='Delete or rename the columns that hold no landmarks.',
            )
        if {'w', 'h'} <= {plain_name(title) for title in titles}:
            raise Refused(
                found='columns x, y, w, h, which are boxes',
                expected='points',
            )
        self._check_photographs()
        labels = dict.fromkeys(self.table[self.columns['landmark']])
        repeated = repeated_name(labels) or repeated_number(labels)
        if repeated:
            raise Refused(
                found=f'the landmarks {repeated[0]!r} and {repeated[1]!r}',
                expected='one spelling of a landmark',
            )

    def _check_photographs(self) -> None:
        """Refuse rows of points that name no photograph.

        The photograph to which the point belongs would lack it, as if the
        landmark was missing.
        """
        image, point = self.columns['image'], [self.columns[k] for k in _LONG]
        bare = self.table[
            (self.table[image] == '') & (self.table[point] != '').any(axis=1)
        ]
        if len(bare):
            raise Refused(
                found=f'row {bare.index[0] + 2} names no photograph'
                + f', and {len(bare) - 1} others' * (len(bare) > 1),
                expected='the photograph in the row of each point',
                cure='Were cells merged in the spreadsheet? Only the first '
                'row of a merged cell has its text: unmerge them and fill '
                'the name down.',
            )

    def _number_titles(self) -> list[str]:
        keys = (*_NUMBERS, *('xy' * self.is_long))
        found = [self.columns[key] for key in keys if key in self.columns]
        return found + [g[axis] for g in self.wide.values() for axis in 'xy']

    def records(self) -> list[PointRecord]:
        """A record for each photograph, in the order of the table."""
        if self.is_long:
            found = dict.fromkeys(self.table[self.columns['landmark']])
            labels = [label for label in found if label]
        else:
            labels = list(self.wide)
        names, numbers = tuple(labels), None
        if all(map(is_number, labels)):
            labels.sort(key=int)
            names, numbers = None, tuple(map(int, labels))
        groups: dict = {}
        for i, row in zip(self.table.index, self.table.to_dict('records')):
            key = row[self.columns['image']] if self.is_long else i
            groups.setdefault(key, {})[i] = row
        return [
            self._record(rows, labels, names, numbers)
            for rows in groups.values()
        ]

    def _record(
        self,
        places: dict[int, dict],
        labels: list[str],
        names: tuple[str, ...] | None,
        numbers: tuple[int, ...] | None,
    ) -> PointRecord:
        rows = list(places.values())
        where = f'{self.name}, row {next(iter(places)) + 2}'
        image = rows[0][self.columns['image']]
        try:
            self._refuse_short(places)
            cells = self._cells(rows)
            if numbers is not None:
                _refuse_shifted(labels, cells)
            values = [self._point(n, *cells.get(n, _NOTHING)) for n in labels]
            fields, size = self._fields(rows[0])
        except Refused as error:
            return PointRecord(where, image, problem=error.text())
        values = np.array(values, dtype=float).reshape(-1, 3)
        return PointRecord(
            where,
            image,
            values[:, :2],
            visible=values[:, 2],
            names=names,
            numbers=numbers,
            size=size,
            fields=fields,
        )

    def _refuse_short(self, places: Iterable[int]) -> None:
        """Refuse rows that end before their last point.

        If a cell was lost, all later ones have moved.
        """
        titles = [t for group in self.wide.values() for t in group.values()]
        if self.is_long:
            titles = [self.columns[key] for key in _LONG]
        needed = 1 + max(map(self.table.columns.get_loc, titles))
        for place in places:
            if self.lengths[place] < needed:
                raise Refused(
                    found=f'{self.lengths[place]} cells in row {place + 2}',
                    expected=f'at least {needed}, up to the last point; NA '
                    'where it is missing',
                )

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
            name = row[self.columns['landmark']]
            if not name:
                raise Refused(found='a row without the name of its landmark')
            if name in found:
                raise Refused(
                    found=f'the landmark {name!r} is there more than once',
                    expected='one face, each landmark once',
                )
            x, y, visible, missing = (
                row.get(self.columns.get(key), '')
                for key in ('x', 'y', 'visible', 'missing')
            )
            if missing and _visibility(name, 'missing', missing):
                visible = '0'
            found[name] = x, y, visible
        return found

    def _point(self, label: str, x: str, y: str, v: str) -> tuple:
        visible = _visibility(label, 'visible', v)
        try:
            return self._number(x), self._number(y), visible
        except ValueError:
            raise Refused(
                found=f'landmark {label}: ({x[:40]!r}, {y[:40]!r})',
                expected='two numbers',
            ) from None

    def _number(self, text: str) -> float:
        return finite_or_nan(text, self.decimal, self.grouped)

    def _fields(self, row: dict) -> tuple[dict, tuple[int, int] | None]:
        """Subject and the like, and the photograph's size."""
        columns = self.columns
        fields = {k: row[columns[k]] for k in _TEXTS if k in columns}
        fields = person_texts(fields)
        numbers = {}
        for key in _NUMBERS:
            text = row.get(columns.get(key), '')
            try:
                number = self._number(text)
            except ValueError:
                raise Refused(
                    found=f'{columns[key]}={text!r}', expected='a number'
                ) from None
            if key == 'age':
                checked_age(number, text)
            if np.isfinite(number):
                numbers[key] = number
        size = numbers.pop('width', None), numbers.pop('height', None)
        if None in size:
            return fields | numbers, None
        if any(not 1 <= side < 1e6 or side % 1 for side in size):
            raise Refused(
                found=f'a photograph of {size[0]:g}x{size[1]:g}',
                expected='its width and height in whole pixels',
            )
        return fields | numbers, (int(size[0]), int(size[1]))


def _visibility(label: str, column: str, text: str) -> int:
    try:
        return visibility(text)
    except ValueError:
        raise Refused(
            found=f'landmark {label}: {column}={text[:40]!r}',
            expected='TRUE or FALSE, or 0, 1, 2',
        ) from None


def _refuse_shifted(
    labels: list[str], cells: dict[str, tuple[str, str, str]]
) -> None:
    """Refuse a record that may lack a click, where points have no names.

    Without one click, all later points have moved to the number before, and
    the last number is empty. A landmark that is missing keeps its place.
    """
    absent = [label for label in labels if label not in cells]
    if absent:
        raise Refused(
            found=f'no row for the point {absent[0]}',
            expected=_PLACES,
        )
    if any(map(any, cells.values())) and not any(cells[labels[-1]]):
        raise Refused(
            found=f'the last point, {labels[-1]}, is empty',
            expected=_PLACES,
        )
