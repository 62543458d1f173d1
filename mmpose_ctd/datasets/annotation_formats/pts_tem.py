"""Reads iBUG's ``.pts`` and WebMorph's ``.tem``: one file a photograph.

Both number their points, and belong to the photograph of their own name. In
pts files the upper left pixel is (1, 1), as in Matlab::

    version: 1
    n_points: 2
    {
    10.5 20.5
    30.5 20.5
    }
"""

import os
import re

from ..text_files import read_text
from .numbers import finite_or_nan
from .point_record import Reading, ReadOptions, Refused, Source
from .webmorph_tem import RecordRefused, read_tem

_LAYOUT = re.compile(
    r'\s*version\s*:\s*[0-9.]+\s+n_points\s*:\s*([0-9]{1,9})\s*'
    r'\{(.*)\}\s*\Z',
    re.S | re.I,
)


def read_pts(sources: list[Source], options: ReadOptions) -> Reading:
    """Read pts files.

    Args:
        sources (list[Source]): The files.
        options (ReadOptions): Not used.

    Returns:
        Reading: A record for each file, without names.
    """
    reading = Reading()
    for source in sources:
        image = os.path.splitext(source.name)[0]
        reading.add(source, source.name, image, lambda s=source: _pts(s))
    return reading


def _pts(source: Source) -> dict:
    layout = _LAYOUT.match(read_text(source.path, source.name))
    if layout is None:
        raise Refused(
            'not a whole pts file',
            '"version: 1", "n_points: N" and N rows "x y" between { and }',
        )
    rows = [row for row in layout[2].splitlines() if row.strip()]
    if len(rows) != int(layout[1]):
        raise Refused(
            f'n_points: {layout[1]}, but there are {len(rows)} rows of points'
        )
    points = []
    for row in rows:
        try:
            x, y = map(finite_or_nan, row.split())
        except ValueError:
            raise Refused(f'the row {row[:40]!r}', '"x y"') from None
        points.append((x, y))
    return dict(points=points)


def read_templates(sources: list[Source], options: ReadOptions) -> Reading:
    """Read tem files. See :func:`read_pts`."""
    reading, surplus = Reading(), []
    for source in sources:
        image = os.path.splitext(source.name)[0]
        reading.add(
            source, source.name, image, lambda s=source: _template(s, surplus)
        )
    # One note for all: a set has hundreds of such files.
    if surplus:
        reading.notes.append(
            f'{len(surplus)} files end with one row too many: {surplus[0]}'
        )
    return reading


def _template(source: Source, surplus: list[str]) -> dict:
    try:
        return dict(points=read_tem(source.path, surplus)[0])
    except RecordRefused as error:
        raise Refused(error.found, error.expected) from None
