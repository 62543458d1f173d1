"""Reads iBUG's files (``.pts``): a file for each photograph, points by number.

::

    version: 1
    n_points: 2
    {
    10.5 20.5
    30.5 20.5
    }

The upper left pixel has x = 1 and y = 1, as in Matlab. A file belongs to the
photograph of its own name.
"""

import os
import re

import numpy as np

from mmpose_ctd.errors import InputError

from .numbers import finite_or_nan
from .point_record import PointRecord, Reading, ReadOptions, Refused, Source
from .text_file import read_text

__all__ = ['read']

_LAYOUT = re.compile(
    r'\s*version\s*:\s*[0-9.]+\s+n_points\s*:\s*([0-9]{1,9})\s*'
    r'\{(.*)\}\s*\Z',
    re.S | re.I,
)


def read(sources: list[Source], options: ReadOptions) -> Reading:
    """Read pts files.

    Args:
        sources (list[Source]): The files.
        options (ReadOptions): Not used: the format fixes what it settles.

    Returns:
        Reading: A record for each file; points without names.
    """
    reading = Reading()
    for source in sources:
        image = os.path.splitext(source.name)[0]
        try:
            record = PointRecord(source.name, image, _points(source))
        except InputError as error:
            problem = error.text(with_where=False)
            record = PointRecord(source.name, image, problem=problem)
        reading.add(record, source)
    return reading


def _points(source: Source) -> np.ndarray:
    layout = _LAYOUT.match(read_text(source.path, source.name))
    if layout is None:
        raise Refused(
            found='not a whole pts file',
            expected='"version: 1", "n_points: N" and N rows "x y" between '
            '{ and }',
        )
    rows = [row for row in layout[2].splitlines() if row.strip()]
    if len(rows) != int(layout[1]):
        raise Refused(
            found=f'n_points: {layout[1]}, but there are {len(rows)} rows of '
            'points',
        )
    points = []
    for row in rows:
        try:
            x, y = map(finite_or_nan, row.split())
        except ValueError:
            raise Refused(
                found=f'the row {row[:40]!r}', expected='"x y"'
            ) from None
        points.append((x, y))
    return np.array(points, dtype=float).reshape(-1, 2)
