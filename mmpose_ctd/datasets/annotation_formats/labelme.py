"""Reads LabelMe's files (``.json``), one for each photograph."""

import json
import os
from collections import Counter

import numpy as np

from .point_record import PointRecord, Reading, Refused, Source
from .text_file import read_text

__all__ = ['read']


def read(sources: list[Source]) -> Reading:
    """Read LabelMe files; a point's label is the landmark's name.

    Args:
        sources (list[Source]): The files.

    Returns:
        Reading: A record for each file.
    """
    reading, others = Reading(), Counter()
    for source in sources:
        image = os.path.splitext(source.name)[0]
        try:
            content = json.loads(read_text(source.path, source.name))
            record = _record(source.name, content, others)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            problem = str(error).removeprefix(f'{source.name}: ')
            if not isinstance(error, ValueError):
                problem = f'is no LabelMe file ({type(error).__name__})'
            record = PointRecord(source.name, image, problem=problem)
        reading.records.append(record)
    for kind, count in others.items():
        reading.notes.append(
            f'{count} shapes of the kind {kind!r} are passed over; only '
            'points are read.'
        )
    return reading


def _record(source: str, content: dict, others: Counter) -> PointRecord:
    names, points = [], []
    for shape in content['shapes']:
        kind = shape.get('shape_type', 'polygon')
        if kind != 'point':
            others[str(kind)] += 1
            continue
        x, y = shape['points'][0]
        names.append(str(shape['label']).strip())
        points.append((float(x), float(y)))
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise Refused(
            f'the label {twice[0]!r} is there more than once; expected one '
            'face, each landmark once'
        )
    width, height = content.get('imageWidth'), content.get('imageHeight')
    name = str(content.get('imagePath') or '').replace('\\', '/')
    # The path was right where the file was made; the folder of the file is
    # what still holds.
    folder = os.path.dirname(source)
    return PointRecord(
        source,
        '/'.join(filter(None, (folder, name.split('/')[-1]))),
        np.array(points, dtype=float).reshape(-1, 2),
        names=tuple(names),
        size=(int(width), int(height)) if width and height else None,
    )
