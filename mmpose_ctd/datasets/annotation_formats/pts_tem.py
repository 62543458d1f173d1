"""Reads iBUG's ``.pts`` and WebMorph's ``.tem``: one file a photograph.

Both number their points, and belong to the photograph of their own name.
"""

import re
from pathlib import Path

import numpy as np

from mmpose_ctd.errors import InputError

from ..text_files import read_text
from .cells import finite_or_nan
from .point_record import Reading, ReadOptions, Refused, Source

_LAYOUT = re.compile(
    r'\s*version\s*:\s*[0-9.]+\s+n_points\s*:\s*([0-9]{1,9})\s*'
    r'\{(.*)\}\s*\Z',
    re.S | re.I,
)
# `float` alone would also read '1_0' and the digits of other scripts.
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

    def template(source: Source) -> dict:
        try:
            return dict(points=read_tem(source.path, surplus))
        except RecordRefused as error:
            raise Refused(error.found, error.expected) from None

    reading = Reading.of_files(sources, template)
    # One note for all: a set has hundreds of such files.
    if surplus:
        reading.notes.append(
            f'{len(surplus)} files end with one row too many: {surplus[0]}'
        )
    return reading


class RecordRefused(InputError):
    """One image or template, ``file``, cannot be used."""

    def __init__(self, file: str, found: str, expected: str) -> None:
        super().__init__(
            f'{file}: found {found}, expected {expected}',
            where=file,
            found=found,
            expected=expected,
        )
        self.file = file


class _Rows:
    """The rows of a file that are not blank, taken one after another."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.rows = [
            (number, row.split())
            for number, row in enumerate(text.splitlines(), 1)
            if row.strip()
        ]
        self.next = 0

    def take(self, pattern: re.Pattern, count: int, what: str) -> list[str]:
        """Take a row of ``count`` cells of a pattern."""
        if self.next == len(self.rows):
            raise RecordRefused(
                self.file, f'the end after {len(self.rows)} rows', what
            )
        self.next += 1
        row = self.rows[self.next - 1][1]
        if len(row) != count or not all(map(pattern.fullmatch, row)):
            raise self.refuse(what)
        return row

    def refuse(self, what: str) -> RecordRefused:
        number, row = self.rows[self.next - 1]
        text = ' '.join(row)
        shown = text if len(text) <= 40 else text[:37] + '...'
        return RecordRefused(self.file, f'{shown!r} in row {number}', what)

    def integers(self, what: str, count: int = 1) -> list[int]:
        return [*map(int, self.take(re.compile('[0-9]{1,9}'), count, what))]

    def point(self, what: str) -> list[float]:
        point = [*map(float, self.take(_NUMBER, 2, what))]
        if not np.isfinite(point).all():
            raise self.refuse(what)
        return point


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
        RecordRefused: Where the text is not a whole, well-formed template.
    """
    rows = _Rows(text, file)
    (count,) = rows.integers('the number of points')
    # Row by row, so that an absurd count ends at the end of the file.
    points = []
    while len(points) < count:
        what = f'point {len(points) + 1} of {count} as "x y"'
        points.append(rows.point(what))
    (line_count,) = rows.integers('the number of lines')
    for number in range(1, line_count + 1):
        _check_line(rows, f'line {number} of {line_count}', count)
    rest = [row for _, row in rows.rows[rows.next :]]
    if line_count and rest == [[str(line_count - 1)]]:
        if notes is not None:
            notes.append(
                f'{file}: its last row, the index of its last line, is '
                'surplus and passed over.'
            )
    elif rest:
        rows.next += 1
        raise rows.refuse('the end of the file')
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def _check_line(rows: _Rows, name: str, point_count: int) -> None:
    (closed,) = rows.integers(f'0 or 1 for {name}')
    if closed > 1:
        raise rows.refuse(f'0 or 1 for {name}')
    (length,) = rows.integers(f'the number of points of {name}')
    what = f'{length} indices below {point_count} for {name}'
    # A line through no point has an empty row, and empty rows are skipped.
    indices = rows.integers(what, length) if length else []
    if any(index >= point_count for index in indices):
        raise rows.refuse(what)


def read_tem(path: str | Path, notes: list[str] | None = None) -> np.ndarray:
    """Read a template file. See :func:`parse_tem`."""
    path = Path(path)
    try:
        text = path.read_bytes().decode('utf-8-sig')
    except UnicodeDecodeError:
        raise RecordRefused(
            path.name, 'bytes that are no text', 'a WebMorph template'
        ) from None
    return parse_tem(text, path.name, notes)
