"""Reads iBUG's ``.pts`` and WebMorph's ``.tem``: one file a photograph.

Both number their points, and belong to the photograph of their own name.
"""

import re
from pathlib import Path

import numpy as np

from ..text_files import read_text
from .cells import NUMBER, finite_or_nan
from .point_record import Reading, ReadOptions, Refused, Source

_LAYOUT = re.compile(
    r'\s*version\s*:\s*[0-9.]+\s+n_points\s*:\s*([0-9]{1,9})\s*'
    r'\{(.*)\}\s*\Z',
    re.S | re.I,
)
# `int` would also read '1_0' and the digits of other scripts.
_COUNT = re.compile('[0-9]{1,9}')


def read_pts(sources: list[Source], options: ReadOptions) -> Reading:
    """Read pts files, in which the upper left pixel is (1, 1)."""
    return Reading.of_files(sources, _pts)


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
    """Read tem files, in which the upper left pixel is (0, 0)."""
    surplus: list[str] = []
    reading = Reading.of_files(
        sources, lambda source: dict(points=read_tem(*source, surplus))
    )
    # One note for all: a set has hundreds of such files.
    if surplus:
        reading.notes.append(
            f'{len(surplus)} files end with one row too many, the index of '
            f'their last line: {surplus[0]}'
        )
    return reading


def read_tem(
    path: str | Path,
    name: str | None = None,
    surplus: list[str] | None = None,
) -> np.ndarray:
    """Read a template file.

    A template is text: the number of points, then one ``x y`` a row, then the
    number of lines and, for each, three rows: 1 if it is closed else 0, the
    number of its points, and their indices. Templates in published sets may
    end with one more row, the index of the last line.

    ``name`` is the file's in messages; ``surplus`` gets it if the file has
    the surplus row.

    Returns:
        np.ndarray: Points (N, 2), float64, ``x y`` in pixels of the image,
        where the centre of its first pixel is (0, 0).

    Raises:
        InputError: If it is not text.
        Refused: If it is not a whole, well-formed template.
    """
    name = name or Path(path).name
    text = read_text(path, name)
    rows = [
        (number, row.split())
        for number, row in enumerate(text.splitlines(), 1)
        if row.strip()
    ]
    left = iter(rows)

    def take(
        what: str, form: re.Pattern, count: int, fits=lambda _: True
    ) -> list:
        """The numbers of the next row: ``count`` of a form that fit."""
        number, row = next(left, (0, None))
        if row is None:
            found = f'the end after {len(rows)} rows'
            raise Refused(found, what, where=name)
        if len(row) == count and all(map(form.fullmatch, row)):
            values = [*map(int if form is _COUNT else float, row)]
            if fits(values):
                return values
        raise _refused(number, row, what, name)

    (count,) = take('the number of points', _COUNT, 1)
    # Row by row, so that an absurd count ends at the end of the file.
    points = []
    while len(points) < count:
        what = f'point {len(points) + 1} of {count} as "x y"'
        points.append(take(what, NUMBER, 2, lambda v: np.isfinite(v).all()))
    (lines,) = take('the number of lines', _COUNT, 1)
    for number in range(1, lines + 1):
        line = f'line {number} of {lines}'
        take(f'0 or 1 for {line}', _COUNT, 1, lambda v: v[0] <= 1)
        (length,) = take(f'the number of points of {line}', _COUNT, 1)
        # A line through no point has an empty row, and those are skipped.
        if length:
            what = f'{length} indices below {count} for {line}'
            take(what, _COUNT, length, lambda v: max(v) < count)
    rest = [*left]
    if lines and [row for _, row in rest] == [[str(lines - 1)]]:
        if surplus is not None:
            surplus.append(name)
    elif rest:
        raise _refused(*rest[0], 'the end of the file', name)
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def _refused(number: int, row: list[str], what: str, name: str) -> Refused:
    found = f'{" ".join(row)[:40]!r} in row {number}'
    return Refused(found, what, where=name)
