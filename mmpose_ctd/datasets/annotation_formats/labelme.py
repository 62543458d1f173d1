"""Reads LabelMe's files (``.json``): one for each photograph."""

import os
import posixpath
import re
import reprlib
from collections import Counter

from ..text_files import read_json
from .foreign import foreign_json
from .point_record import Reading, ReadOptions, Refused, Source, is_number

# No photograph is larger.
_LARGEST = 1_000_000


def read(sources: list[Source], options: ReadOptions) -> Reading:
    """Read LabelMe files; a point's label is the landmark's name.

    Args:
        sources (list[Source]): The files.
        options (ReadOptions): Not used.

    Returns:
        Reading: A record for each file.
    """
    reading, others = Reading(), Counter()
    for source in sources:
        image = os.path.splitext(source.name)[0]
        reading.add(
            source, source.name, image, lambda s=source: _record(s, others)
        )
    reading.notes = [
        f'{count} shapes of the kind {kind!r} are ignored; only points are '
        'read.'
        for kind, count in others.items()
    ]
    return reading


def _record(source: Source, others: Counter) -> dict:
    content = read_json(source.path, source.name)
    if other := foreign_json(source.name, content):
        raise other
    if not isinstance(content, dict):
        raise _refused(content, '', 'an object { }')
    names, points, ignored = [], [], Counter()
    for i, shape in enumerate(_list(content.get('shapes'), 'shapes')):
        where = f'shapes[{i}]'
        if not isinstance(shape, dict):
            raise _refused(shape, where, 'an object { }')
        kind = shape.get('shape_type', 'polygon')
        if kind != 'point':
            ignored[str(kind)[:40]] += 1
            continue
        names.append(_text(shape.get('label'), f'{where}.label').strip())
        pair = _list(shape.get('points'), f'{where}.points', 1)[0]
        pair = _list(pair, f'{where}.points[0]', 2)
        points.append([_number(v, f'{where}.points') for v in pair])
    others += ignored
    if not names and ignored:
        kinds = ', '.join(f'{n} {kind}' for kind, n in ignored.items())
        raise Refused(
            f'no shape of the type point, but {kinds}',
            'points',
            'In LabelMe, click landmarks with Edit, Create Point, each with '
            'a label of its own.',
        )
    only_numbers = bool(names) and all(map(is_number, names))
    return dict(
        image=_photograph(source.name, content.get('imagePath')),
        points=points,
        names=tuple(names),
        counts={'': len(names)} if only_numbers else {},
        size=_size(content),
        is_of_file_name=True,
    )


def _photograph(source: str, path) -> str:
    """The photograph's path below the folder that the user gave.

    imagePath is relative to the file. ``..`` above the user's folder is
    dropped: the lookup of the photograph compares the remaining folders.
    """
    path = _text(path or '', 'imagePath').replace('\\', '/')
    if not path.strip():
        return ''
    if re.match('(/|[A-Za-z]:)', path):
        return path
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    return re.sub(r'^(\.\./)+', '', path)


def _size(content: dict) -> tuple[int, int] | None:
    sides = []
    for key in ('imageWidth', 'imageHeight'):
        value = content.get(key)
        if value is None:
            sides.append(None)
            continue
        number = _number(value, key)
        if number % 1 != 0 or not 1 <= number <= _LARGEST:
            raise _refused(value, key, 'whole pixels')
        sides.append(int(number))
    return None if None in sides else tuple(sides)


def _refused(value: object, where: str, expected: str) -> Refused:
    return Refused(f'{where}={reprlib.repr(value)}'.lstrip('='), expected)


def _list(value: object, where: str, length: int | None = None) -> list:
    """The value, if it is a list of this length."""
    if not isinstance(value, list) or length not in (None, len(value)):
        many = '' if length is None else f' of {length}'
        raise _refused(value, where, f'a list{many}')
    return value


def _text(value: object, where: str) -> str:
    """The value of a JSON file, if it is text without NUL.

    Raises:
        Refused: Names ``where``, the path of the value's keys.
    """
    if not isinstance(value, str) or '\0' in value:
        raise _refused(value, where, 'text')
    return value


def _number(value: object, where: str) -> float:
    """The value of a JSON file, if it is a number or NaN; not infinite.

    Raises:
        Refused: See :func:`_text`.
    """
    is_real = isinstance(value, (int, float)) and not isinstance(value, bool)
    # An integer may have more digits than a float holds.
    if not is_real or abs(value) > 1e300:
        raise _refused(value, where, 'a number')
    return float(value)
