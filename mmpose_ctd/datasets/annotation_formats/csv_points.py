"""Reads points from a table, one row a photograph or one row a point.

Wide, with two columns for each landmark, and long::

    image,exo_R_x,exo_R_y,exo_L_x,exo_L_y      image,landmark,x,y
    a.jpg,100.5,200,300,201                    a.jpg,exo_R,100.5,200
                                               a.jpg,exo_L,300,201
"""

import re

import numpy as np
import pandas as pd

from .point_record import (
    PointRecord,
    Reading,
    Refused,
    Source,
    finite_or_nan,
)
from .table_file import column_of, mixed_number, read_table

__all__ = ['read']

# exo_x, exo.x, "exo (x)", "exo x", exoX; x_exo, x1, X0.
_AFTER = re.compile(r'(.*?)[\s_.:\-]*\(?([xyvXYV])\)?')
_BEFORE = re.compile(r'([xyvXYV])[\s_.:\-]*(.+)')
_UNIT = re.compile(r'\s*[(\[](?:px|pixels?)[)\]]$', re.I)
_TEXTS = ('subject', 'site', 'sex')
_NUMBERS = ('mm_per_px', 'age')


def read(sources: list[Source]) -> Reading:
    """Read tables of points.

    Args:
        sources (list[Source]): The files.

    Returns:
        Reading: A record for each photograph. Names are None where the
        titles only number the points.

    Raises:
        InputError: If a table has no column of photographs, or no points.
    """
    reading = Reading()
    for source in sources:
        table, decimal = read_table(source.path, source.name)
        columns: dict[str, str] = {}
        for title in table.columns:
            columns.setdefault(column_of(title) or title, title)
        if 'image' not in columns:
            raise Refused(
                f'{source.name}: no column of photographs among '
                f'{_shown(table.columns)}; expected one called "image" or '
                '"file".'
            )
        long = {'landmark', 'x', 'y'} <= columns.keys()
        _refuse_mixed(source, table, columns if long else None, decimal)
        if long:
            reading.records += _long(source, table, columns, decimal)
        else:
            reading.records += _wide(source, table, columns, decimal)
    return reading


def _shown(titles) -> str:
    return ', '.join(map(repr, titles[:8])) + (
        ' ...' if len(titles) > 8 else ''
    )


def point_columns(titles: list[str]) -> dict[str, dict[str, str]]:
    """Which columns belong to which landmark.

    Args:
        titles (list[str]): The table's columns.

    Returns:
        dict[str, dict[str, str]]: Landmark -> x, y and perhaps v -> title;
        in the order of the table.
    """
    found: dict[str, dict[str, str]] = {}
    for pattern, first in ((_AFTER, 1), (_BEFORE, 2)):
        groups: dict[str, dict[str, str]] = {}
        for title in titles:
            match = pattern.fullmatch(_UNIT.sub('', title))
            if match and match[first]:
                axis = match[3 - first].lower()
                groups.setdefault(match[first], {}).setdefault(axis, title)
        pairs = {n: g for n, g in groups.items() if {'x', 'y'} <= g.keys()}
        if len(pairs) > len(found):
            found = pairs
    return found


def _refuse_mixed(
    source: Source, table: pd.DataFrame, long: dict | None, decimal: str
) -> None:
    groups = [long] if long else point_columns(list(table.columns)).values()
    cells = (c for g in groups for axis in 'xy' for c in table[g[axis]])
    mixed = mixed_number(cells, decimal)
    if mixed is not None:
        raise Refused(
            f'{source.name}: numbers such as {mixed!r}: decimal commas and '
            'points are mixed, or thousands are separated; expected one '
            'decimal mark and no thousands separator. In the spreadsheet '
            'format the columns as numbers without it, and save as CSV anew.'
        )


def _wide(
    source: Source, table: pd.DataFrame, columns: dict, decimal: str
) -> list[PointRecord]:
    landmarks = point_columns(list(table.columns))
    if not landmarks:
        raise Refused(
            f'{source.name}: no points among its columns '
            f'{_shown(table.columns)}; expected a pair such as "exo_R_x", '
            '"exo_R_y" for each landmark, or the columns image, landmark, x, '
            'y.'
        )
    names = tuple(landmarks)
    if all(name.isdecimal() for name in names):
        landmarks = {n: landmarks[n] for n in sorted(landmarks, key=int)}
        names = None
    records = []
    for number, row in zip(table.index, table.to_dict('records')):
        cells = [
            (row[g['x']], row[g['y']], row.get(g.get('v'), ''))
            for g in landmarks.values()
        ]
        where = f'{source.name}, row {number + 2}'
        records.append(
            _record(where, row, columns, decimal, cells, names, [*landmarks])
        )
    return records


def _long(
    source: Source, table: pd.DataFrame, columns: dict, decimal: str
) -> list[PointRecord]:
    order = list(dict.fromkeys(table[columns['landmark']]))
    numbers = all(name.isdecimal() for name in order)
    if numbers:
        order.sort(key=int)
    records = []
    for image, rows in table.groupby(columns['image'], sort=False):
        where = f'{source.name}, row {rows.index[0] + 2}'
        found: dict[str, tuple[str, str, str]] = {}
        twice = None
        for row in rows.to_dict('records'):
            name = row[columns['landmark']]
            twice = name if name in found else twice
            visible = row.get(columns.get('visible'), '')
            found[name] = (row[columns['x']], row[columns['y']], visible)
        first = rows.to_dict('records')[0]
        if twice is not None:
            problem = f'the landmark {twice!r} is there more than once'
            records.append(PointRecord(where, image, problem=problem))
            continue
        cells = [found.get(name, ('', '', '')) for name in order]
        names = None if numbers else tuple(order)
        records.append(
            _record(where, first, columns, decimal, cells, names, order)
        )
    return records


def _record(
    where: str,
    row: dict,
    columns: dict,
    decimal: str,
    cells: list[tuple[str, str, str]],
    names: tuple[str, ...] | None,
    labels: list[str],
) -> PointRecord:
    image = row[columns['image']]
    points, visible = [], []
    try:
        for label, (x, y, v) in zip(labels, cells):
            try:
                point = [finite_or_nan(x, decimal), finite_or_nan(y, decimal)]
                shown = finite_or_nan(v, decimal) if v else 2
            except ValueError:
                hint = ''
                if decimal == '.' and ',' in x + y:
                    hint = ' (a decimal comma needs ; or tab between cells)'
                raise Refused(
                    f'landmark {label}: ({x!r}, {y!r}) are no numbers{hint}'
                ) from None
            if np.isnan(point[0]) != np.isnan(point[1]):
                raise Refused(
                    f'landmark {label}: ({x!r}, {y!r}) has only one of x, y'
                )
            if shown not in (0, 1, 2):
                raise Refused(
                    f'landmark {label}: visibility {v!r}; expected 0, 1 or 2'
                )
            points.append(point if shown else [np.nan, np.nan])
            visible.append(shown)
        fields, size = _fields(row, columns, decimal)
    except Refused as error:
        return PointRecord(where, image, problem=str(error))
    return PointRecord(
        where,
        image,
        np.array(points, dtype=float).reshape(-1, 2),
        visible=np.array(visible),
        names=names,
        size=size,
        fields=fields,
        problem=None if image else 'its cell of the photograph is empty',
    )


def _fields(
    row: dict, columns: dict, decimal: str
) -> tuple[dict, tuple[int, int] | None]:
    """Subject and the like, and the photograph's size."""
    fields = {k: row[columns[k]] for k in _TEXTS if row.get(columns.get(k))}
    numbers = {}
    for key in (*_NUMBERS, 'width', 'height'):
        text = row.get(columns.get(key), '')
        try:
            number = finite_or_nan(text, decimal)
        except ValueError:
            raise Refused(f'{columns[key]}={text!r} is no number') from None
        if np.isfinite(number):
            numbers[key] = number
    width, height = numbers.pop('width', 0), numbers.pop('height', 0)
    size = (int(width), int(height)) if width and height else None
    return fields | numbers, size
