"""Reads WebMorph's template files (``*.tem``).

A template is text: the number of points, then one ``x y`` a row in pixels of
the image, then the number of lines and, for each, three rows: 1 if it is
closed else 0, the number of its points, and their indices. Templates in
published sets may end with one more row, the index of the last line.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmpose_ctd.errors import InputError

# `float` alone would also read '1_0' and the digits of other scripts.
_NUMBER = re.compile(r'[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?', re.I)


class RecordRefused(InputError):
    """One image or template cannot be used; the message says why.

    Args:
        file (str): The file that is at fault.
        found (str): What it holds.
        expected (str): What it should hold.
    """

    def __init__(self, file: str, found: str, expected: str) -> None:
        super().__init__(
            f'{file}: found {found}, expected {expected}',
            where=file,
            found=found,
            expected=expected,
        )
        self.file = file


class TemLine(NamedTuple):
    """A curve through the points of a template, as WebMorph draws it.

    Attributes:
        closed (bool): Whether its ends are joined.
        indices (tuple[int, ...]): The points that it runs through, from 0.
    """

    closed: bool
    indices: tuple[int, ...]


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

    def take(self, what: str) -> list[str]:
        if self.next == len(self.rows):
            raise RecordRefused(
                self.file, f'the end after {len(self.rows)} rows', what
            )
        self.next += 1
        return self.rows[self.next - 1][1]

    def refuse(self, what: str) -> RecordRefused:
        number, row = self.rows[self.next - 1]
        text = ' '.join(row)
        shown = text if len(text) <= 40 else text[:37] + '...'
        return RecordRefused(self.file, f'{shown!r} in row {number}', what)

    def integers(self, what: str, count: int = 1) -> list[int]:
        """Takes a row of ``count`` whole numbers, none below 0."""
        row = self.take(what)
        # `int` alone would also read '1_0' and the digits of other scripts.
        if len(row) != count or not all(
            re.fullmatch('[0-9]{1,9}', token) for token in row
        ):
            raise self.refuse(what)
        return [int(token) for token in row]

    def point(self, what: str) -> list[float]:
        row = self.take(what)
        if len(row) != 2 or not all(map(_NUMBER.fullmatch, row)):
            raise self.refuse(what)
        point = [float(token) for token in row]
        if not np.isfinite(point).all():
            raise self.refuse(what)
        return point

    def surplus(self, line_count: int) -> bool:
        """Takes a last row that repeats the index of the last line."""
        rest = [row for _, row in self.rows[self.next :]]
        found = line_count > 0 and rest == [[str(line_count - 1)]]
        self.next += found
        return found

    def finish(self) -> None:
        if self.next < len(self.rows):
            self.next += 1
            raise self.refuse('the end of the file')


def parse_tem(
    text: str, file: str = '<text>', notes: list[str] | None = None
) -> tuple[np.ndarray, list[TemLine]]:
    """Reads a template from a string.

    Args:
        text (str): The whole content of a ``.tem`` file.
        file (str): The name that error messages give.
        notes (list[str], optional): Gets a note where the file ends with one
            row more, the index of the last line.

    Returns:
        tuple: Points (N, 2), float64, ``x y`` in pixels of the image, where
        the centre of its first pixel is (0, 0); and the lines.

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
    lines: list[TemLine] = []
    while len(lines) < line_count:
        name = f'line {len(lines) + 1} of {line_count}'
        lines.append(_line(rows, name, count))
    if rows.surplus(line_count) and notes is not None:
        notes.append(
            f'{file}: its last row, the index of its last line, is surplus '
            'and passed over.'
        )
    rows.finish()
    return np.array(points, dtype=np.float64).reshape(-1, 2), lines


def _line(rows: _Rows, name: str, point_count: int) -> TemLine:
    (closed,) = rows.integers(f'0 or 1 for {name}')
    if closed > 1:
        raise rows.refuse(f'0 or 1 for {name}')
    (length,) = rows.integers(f'the number of points of {name}')
    what = f'{length} indices below {point_count} for {name}'
    # A line through no point has an empty row, and empty rows are skipped.
    indices = rows.integers(what, length) if length else []
    if any(index >= point_count for index in indices):
        raise rows.refuse(what)
    return TemLine(bool(closed), tuple(indices))


def read_tem(
    path: str | Path, notes: list[str] | None = None
) -> tuple[np.ndarray, list[TemLine]]:
    """Reads a template file. See :func:`parse_tem`."""
    path = Path(path)
    try:
        text = path.read_bytes().decode('utf-8-sig')
    except UnicodeDecodeError:
        raise RecordRefused(
            path.name, 'bytes that are no text', 'a WebMorph template'
        ) from None
    return parse_tem(text, path.name, notes)
