"""Splits a tps file into specimens, for any order of its lines.

tpsDig writes ``IMAGE=``, ``ID=`` and ``SCALE=`` after the rows of points;
other programs write them before ``LM=`` or inside the specimen; joined files
have both. A line between two specimens may belong to either. It is assigned
only if the rest of the file leaves one possibility.
"""

import math
import re
from dataclasses import dataclass, field
from functools import cached_property

_NAMED = ('IMAGE', 'ID', 'SCALE')
# Blocks of semilandmarks: their rows are ignored.
_PASSED_OVER = ('CURVES', 'POINTS', 'OUTLINES', 'CHAIN', 'RADII')
_KEY = re.compile('[A-Za-z][A-Za-z0-9 _]*')
_NUMBER = re.compile(r'[-+0-9.,]+(e[-+]?[0-9]+)?', re.I)


@dataclass
class Specimen:
    """The lines of one specimen.

    Attributes:
        key (str): ``'LM'``, or ``'LM3'`` for points in space.
        text (str): The text after ``LM=``.
        rows (list[tuple[int, str]]): Line number and text of each point.
        strays (list[tuple[int, str]]): Rows that belong to nothing.
        curves (int): Number of ignored curves and outlines.
        doubt (str): Why its lines are uncertain; else empty.
        named (dict[str, str]): ``IMAGE``, ``ID`` and ``SCALE``, if known.
    """

    key: str
    text: str
    rows: list[tuple[int, str]] = field(default_factory=list)
    strays: list[tuple[int, str]] = field(default_factory=list)
    curves: int = 0
    doubt: str = ''
    named: dict[str, str] = field(default_factory=dict)

    @cached_property
    def count(self) -> int | None:
        """The number of landmarks; None if ``text`` is not a number."""
        return (
            int(self.text) if re.fullmatch('[0-9]{1,9}', self.text) else None
        )

    @property
    def is_whole(self) -> bool:
        return self.count is not None and len(self.rows) >= self.count

    def value(self, key: str) -> str:
        return self.named.get(key, '')


@dataclass
class _Line:
    """A line IMAGE=, ID= or SCALE=.

    It follows the ``LM=`` of specimen number ``low`` (0: before the first)
    and belongs to one of the specimens ``low`` to ``high``, from 1.
    ``is_after`` says whether it follows the rows of a specimen.
    """

    key: str
    value: str
    number: int
    low: int
    high: int
    is_after: bool


def split_specimens(text: str) -> list[Specimen]:
    """Split the content of a file.

    Returns:
        list[Specimen]: In the order of the file. Specimens whose lines may be
        their neighbour's have a ``doubt``.
    """
    specimens, lines = _scan(text)
    for line in lines:
        line.low = max(line.low, 1)
        line.high = min(line.high, len(specimens))
    if specimens:
        _assign(specimens, lines)
    return specimens


def _scan(text: str) -> tuple[list[Specimen], list[_Line]]:
    specimens: list[Specimen] = []
    lines: list[_Line] = []
    # Lines between LM= and its last row; the specimen may lack rows.
    inside: list[_Line] = []
    block, early = '', []
    for number, line in enumerate(text.split('\n'), 1):
        line = line.strip()
        if not line:
            continue
        key, mark, value = (part.strip() for part in line.partition('='))
        key = key.upper() if mark and _KEY.fullmatch(key) else ''
        last = specimens[-1] if specimens else None
        if key in ('LM', 'LM3'):
            specimens.append(Specimen(key, value))
            block, inside = key, []
        elif key in _NAMED:
            after = len(specimens)
            whole = last is not None and last.is_whole
            lines.append(_Line(key, value, number, after, after + 1, whole))
            if last is not None and not whole:
                inside.append(lines[-1])
            block = key
        elif key:
            block = key
            if last is not None:
                last.curves += key in ('POINTS', 'CHAIN')
        elif block in _PASSED_OVER:
            continue
        elif last is None:
            early += [(number, line)] * _is_point(line)
        elif block in ('COMMENT', 'VARIABLES') and not _is_point(line):
            # The text continues in the next line.
            continue
        elif last.is_whole:
            last.strays.append((number, line))
        else:
            last.rows.append((number, line))
            if last.is_whole:
                for one in inside:
                    one.high = one.low
    if specimens:
        specimens[0].strays += early
    return specimens, lines


def _is_point(row: str) -> bool:
    cells = row.split()
    return len(cells) > 1 and all(map(_NUMBER.fullmatch, cells))


def _assign(specimens: list[Specimen], lines: list[_Line]) -> None:
    """Assign each line to its specimen.

    A specimen has at most one line of a key, and lines of a key keep their
    order. If there are as many lines of a key as specimens, each has one.
    """
    # For the gap after a specimen: number of the last line that is certainly
    # its own, and of the first line that is certainly the next one's.
    own: dict[int, int] = {}
    next_: dict[int, int] = {}
    # tpsDig's order: no line before LM= or before the rows.
    is_usual = all(line.is_after for line in lines)
    by_key = {k: [line for line in lines if line.key == k] for k in _NAMED}
    for key in sorted(_NAMED, key=lambda k: len(by_key[k]) != len(specimens)):
        found = by_key[key]
        if len(found) != len(specimens):
            for line in found:
                _narrow(line, own, next_, is_usual)
        gaps = [line.low if line.low < line.high else None for line in found]
        for line, gap, owner in zip(found, gaps, _owners(found)):
            if owner is None:
                for specimen in specimens[line.low - 1 : line.high]:
                    specimen.doubt = specimen.doubt or (
                        f'line {line.number}, {key}={line.value[:40]}, may '
                        'belong to this specimen or to its neighbour'
                    )
                continue
            specimens[owner - 1].named[key] = line.value
            if gap is not None and owner == gap:
                own[gap] = max(own.get(gap, 0), line.number)
            elif gap is not None:
                next_[gap] = min(next_.get(gap, line.number), line.number)


def _narrow(
    line: _Line, own: dict[int, int], next_: dict[int, int], is_usual: bool
) -> None:
    """Assign a line to the specimen of the certain lines around it."""
    if line.low == line.high:
        return
    last, first = own.get(line.low), next_.get(line.low)
    if last and (line.number < last or (is_usual and not next_)):
        line.high = line.low
    elif first and line.number > first:
        line.low = line.high


def _owners(lines: list[_Line]) -> list[int | None]:
    """The specimen of each line of a key; None if several are possible."""
    first, previous = [], 0
    for line in lines:
        previous = max(line.low, previous + 1)
        first.append(previous if previous <= line.high else None)
        previous = min(previous, line.high)
    last, following = [], math.inf
    for line in reversed(lines):
        following = min(line.high, following - 1)
        last.append(following if following >= line.low else None)
        following = max(following, line.low)
    return [a if a == b else None for a, b in zip(first, reversed(last))]
