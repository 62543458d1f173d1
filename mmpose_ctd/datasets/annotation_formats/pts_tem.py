"""Reads iBUG's ``.pts`` and WebMorph's ``.tem``: one file a photograph.

Both number their points, and belong to the photograph of their own name.
"""

import re
from pathlib import Path

import numpy as np

from ..text_files import read_text
from .cells import finite_or_nan
from .point_record import Reading, ReadOptions, Refused, Source

_LAYOUT = re.compile(
    r'\s*version\s*:\s*[0-9.]+\s+n_points\s*:\s*([0-9]{1,9})\s*'
    r'\{(.*)\}\s*\Z',
    re.S | re.I,
)
# `float` and `int` would also read '1_0' and the digits of other scripts.
_COUNT = re.compile('[0-9]{1,9}')
_NUMBER = re.compile(r'[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?', re.I)


def read_pts(sources: list[Source], options: ReadOptions) -> Reading:
    """Read pts files, in which the upper left pixel is (1, 1).

    Returns:
        Reading: A record for each file, without names.
    """
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
    """Read tem files, in which the upper left pixel is (0, 0).

    Returns:
        Reading: A record for each file, without names.
    """
    surplus: list[str] = []
    reading = Reading.of_files(
        sources, lambda source: dict(points=read_tem(source.path, surplus))
    )
    # One note for all: a set has hundreds of such files.
    if surplus:
        reading.notes.append(
            f'{len(surplus)} files end with one row too many: {surplus[0]}'
        )
    return reading


def read_tem(path: str | Path, notes: list[str] | None = None) -> np.ndarray:
    """Read a template file. See :func:`parse_tem`."""
    path = Path(path)
    try:
        text = path.read_bytes().decode('utf-8-sig')
    except UnicodeDecodeError:
        raise Refused(
            'bytes that are no text', 'a WebMorph template', where=path.name
        ) from None
    return parse_tem(text, path.name, notes)


def parse_tem(
    text: str, file: str = '<text>', notes: list[str] | None = None
) -> np.ndarray:
    """Read a template from a string.

    A template is text: the number of points, then one ``x y`` a row, then the
    number of lines and, for each, three rows: 1 if it is closed else 0, the
    number of its points, and their indices. Templates in published sets may
    end with one more row, the index of the last line.

    Args:
        text (str): The whole content of a ``.tem`` file.
        file (str): The name that error messages give.
        notes (list[str], optional): Gets a note if the file ends with the
            surplus row.

    Returns:
        np.ndarray: Points (N, 2), float64, ``x y`` in pixels of the image,
        where the centre of its first pixel is (0, 0).

    Raises:
        Refused: Where the text is not a whole, well-formed template.
    """
    rows = [
        (number, row.split())
        for number, row in enumerate(text.splitlines(), 1)
        if row.strip()
    ]
    left = iter(rows)

    def refuse(number: int, row: list[str], what: str) -> Refused:
        whole = ' '.join(row)
        shown = whole if len(whole) <= 40 else whole[:37] + '...'
        return Refused(f'{shown!r} in row {number}', what, where=file)

    def take(
        what: str, form: re.Pattern, count: int, fits=lambda _: True
    ) -> list:
        """The numbers of the next row: ``count`` of a form that fit."""
        number, row = next(left, (0, None))
        if row is None:
            found = f'the end after {len(rows)} rows'
            raise Refused(found, what, where=file)
        if len(row) == count and all(map(form.fullmatch, row)):
            values = [*map(int if form is _COUNT else float, row)]
            if fits(values):
                return values
        raise refuse(number, row, what)

    (count,) = take('the number of points', _COUNT, 1)
    # Row by row, so that an absurd count ends at the end of the file.
    points = []
    while len(points) < count:
        what = f'point {len(points) + 1} of {count} as "x y"'
        points.append(take(what, _NUMBER, 2, lambda v: np.isfinite(v).all()))
    (lines,) = take('the number of lines', _COUNT, 1)
    for number in range(1, lines + 1):
        name = f'line {number} of {lines}'
        take(f'0 or 1 for {name}', _COUNT, 1, lambda v: v[0] <= 1)
        (length,) = take(f'the number of points of {name}', _COUNT, 1)
        # A line through no point has an empty row, and those are skipped.
        if length:
            what = f'{length} indices below {count} for {name}'
            take(what, _COUNT, length, lambda v: max(v) < count)
    rest = [*left]
    if lines and [row for _, row in rest] == [[str(lines - 1)]]:
        if notes is not None:
            notes.append(
                f'{file}: its last row, the index of its last line, is '
                'surplus and passed over.'
            )
    elif rest:
        raise refuse(*rest[0], 'the end of the file')
    return np.array(points, dtype=np.float64).reshape(-1, 2)
