"""Reads LabelMe's files (``.json``), one for each photograph."""

import os
import posixpath
import re
from collections import Counter

import numpy as np

from mmpose_ctd.errors import InputError

from ..json_file import read_json
from .foreign import foreign_json
from .json_values import as_list, as_number, as_object, as_size, as_text
from .point_record import (
    PointRecord,
    Reading,
    ReadOptions,
    Refused,
    Source,
    is_number,
)

__all__ = ['read']


def read(sources: list[Source], options: ReadOptions) -> Reading:
    """Read LabelMe files; a point's label is the landmark's name.

    Args:
        sources (list[Source]): The files.
        options (ReadOptions): Not used here.

    Returns:
        Reading: A record for each file.
    """
    reading, others = Reading(), Counter()
    for source in sources:
        image = os.path.splitext(source.name)[0]
        try:
            content = read_json(source.path, source.name)
            if other := foreign_json(source.name, content):
                raise other
            record = _record(source.name, as_object(content, ''), others)
        except InputError as error:
            problem = error.text(with_where=False)
            record = PointRecord(source.name, image, problem=problem)
        reading.add(record, source)
    for kind, count in others.items():
        reading.notes.append(
            f'{count} shapes of the kind {kind!r} are passed over; only '
            'points are read.'
        )
    return reading


def _record(source: str, content: dict, others: Counter) -> PointRecord:
    names, points, passed_over = [], [], Counter()
    for i, shape in enumerate(as_list(content.get('shapes'), 'shapes')):
        where = f'shapes[{i}]'
        shape = as_object(shape, where)
        kind = shape.get('shape_type', 'polygon')
        if kind != 'point':
            passed_over[str(kind)[:40]] += 1
            continue
        names.append(as_text(shape.get('label'), f'{where}.label').strip())
        pair = as_list(shape.get('points'), f'{where}.points', 1)[0]
        pair = as_list(pair, f'{where}.points[0]', 2)
        points.append([as_number(v, f'{where}.points') for v in pair])
    others += passed_over
    if not names and passed_over:
        kinds = ', '.join(f'{n} {kind}' for kind, n in passed_over.items())
        raise Refused(
            found=f'no shape of the type point, but {kinds}',
            expected='points',
            cure='In LabelMe, click landmarks with Edit, Create Point, each '
            'with a label of its own.',
        )
    numbers = all(map(is_number, names))
    return PointRecord(
        source,
        _photograph(source, content.get('imagePath')),
        np.array(points, dtype=float).reshape(-1, 2),
        names=tuple(names),
        counts={'': len(names)} if names and numbers else {},
        size=as_size(content, 'imageWidth', 'imageHeight'),
        is_of_file_name=True,
    )


def _photograph(source: str, path) -> str:
    """The photograph's path, below the folder that the user gave.

    imagePath is relative to the file. Folders above the user's are as they
    are called there: whether they fit is for who looks the photograph up.
    """
    path = as_text(path or '', 'imagePath').replace('\\', '/')
    if not path.strip():
        return ''
    if re.match('(/|[A-Za-z]:)', path):
        return path
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    return re.sub(r'^(\.\./)+', '', path)
