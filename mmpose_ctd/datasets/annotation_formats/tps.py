"""Reads the files of tpsDig (``.tps``), with any number of specimens.

A specimen begins with ``LM=`` and the number of its landmarks, followed by a
row ``x y`` for each; then ``IMAGE=``, ``ID=`` and ``SCALE=`` (F. J. Rohlf,
The tps series of software, Hystrix 26, 2015). Other programs write these
lines before ``LM=`` or inside the specimen; joined files have both. A line
between two specimens may belong to either. It is assigned only if the rest of
the file leaves one possibility. The y axis points up from the lower edge of
the image.
"""

import math
import re
from dataclasses import dataclass, field

from mmpose_ctd.errors import InputError

from ..text_files import read_text
from .cells import decimal_mark, finite_or_nan
from .point_record import Reading, ReadOptions, Refused, Source

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

    @property
    def count(self) -> int | None:
        """The number of landmarks; None if ``text`` is not a number."""
        return (
            int(self.text) if re.fullmatch('[0-9]{1,9}', self.text) else None
        )

    @property
    def is_whole(self) -> bool:
        return self.count is not None and len(self.rows) >= self.count


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


def read(sources: list[Source], options: ReadOptions) -> Reading:
    """Read tps files.

    Returns:
        Reading: A record for each specimen; ``scale`` is SCALE=.

    Raises:
        InputError: If a file is not text, or has no ``LM=``.
    """
    reading = Reading()
    for source in sources:
        text = read_text(source.path, source.name)
        specimens = split_specimens(text)
        if not specimens:
            raise InputError(
                where=source.name,
                found=f'no line "LM=" with the number of landmarks; it begins '
                f'with {" ".join(text.split())[:40]!r}',
                expected='a file of tpsDig',
            )
        guessed: list[str] = []
        for number, specimen in enumerate(specimens, 1):
            name = _photograph(specimen, options, guessed)
            reading.add(
                source,
                f'{source.name}, no. {number}',
                name,
                lambda s=specimen, n=name: _record(s, n, options),
            )
        curves = sum(specimen.curves for specimen in specimens)
        if curves:
            reading.notes.append(
                f'{source.name}: {curves} curves or outlines are ignored; '
                'only landmarks (LM=) are read.'
            )
        if guessed:
            reading.notes.append(
                f'{source.name}: {len(guessed)} specimens have no IMAGE=; '
                'their ID= is taken as the name of the photograph, such as '
                f'{guessed[0]!r} (--photograph-from id states this)'
            )
    return reading


def _photograph(
    specimen: Specimen, options: ReadOptions, guessed: list[str]
) -> str:
    """The name of the photograph; empty if it is not certain enough."""
    name, identity = (
        _unquoted(specimen.named.get(key, '')) for key in ('IMAGE', 'ID')
    )
    if name or not identity or options.photograph_from == 'id':
        return name or identity
    if re.fullmatch(r'[\d\s.,;_#-]+', identity):
        # tpsDig counts specimens in ID=, whatever the photographs are called.
        return ''
    guessed.append(identity)
    return identity


def _unquoted(text: str) -> str:
    """A name without the quotes that some programs write around it."""
    match = re.fullmatch('"([^"]+)"|\'([^\']+)\'', text.strip())
    return (match[1] or match[2]).strip() if match else text


def _record(specimen: Specimen, name: str, options: ReadOptions) -> dict:
    _check(specimen, name)
    scale = specimen.named.get('SCALE', '')
    cells = [(f'line {n}', c) for n, row in specimen.rows for c in row.split()]
    mark = decimal_mark(
        [*cells, ('SCALE=', scale)], options.decimal, points_are_decimal=True
    )
    stated = options.decimal is not None

    def number(text: str) -> float:
        own = mark if stated or mark in text else '.'
        return finite_or_nan(text, own, stated)

    points = []
    for line, row in specimen.rows:
        try:
            x, y = map(number, row.split())
        except ValueError:
            raise Refused(
                f'the row {row[:40]!r} in line {line}', '"x y"'
            ) from None
        points.append((x, y))
    if not scale:
        return dict(points=points)
    try:
        size = number(scale)
    except ValueError:
        size = -1
    if not size > 0:
        raise Refused(f'SCALE={scale[:40]}', 'a number above 0')
    return dict(points=points, scale=size)


def _check(specimen: Specimen, name: str) -> None:
    """Refuse a specimen whose photograph or points are not certain."""
    if specimen.doubt:
        raise Refused(
            specimen.doubt,
            cure='Put IMAGE=, ID= and SCALE= of each specimen after the rows '
            'of its points, as tpsDig does.',
        )
    if not name:
        found, cure = 'no line IMAGE=, so its photograph is unknown', ''
        if identity := specimen.named.get('ID'):
            found += f'; ID={identity} may only count specimens'
            cure = (
                'Say --photograph-from id if the photographs are named as '
                'ID= says.'
            )
        raise Refused(found, cure=cure)
    if specimen.key != 'LM':
        raise Refused(
            f'{specimen.key}=, which has points in space',
            'LM=, points on an image',
        )
    count, found = specimen.count, len(specimen.rows)
    if count is None:
        raise Refused(f'LM={specimen.text[:40]}', 'the number of landmarks')
    if specimen.strays:
        number, row = specimen.strays[0]
        raise Refused(
            f'line {number}, {row[:40]!r}, belongs to nothing',
            f'{count} rows of points (LM={count})',
        )
    if found != count:
        raise Refused(f'LM={count}, but there are {found} rows of points')


def split_specimens(text: str) -> list[Specimen]:
    """Split the content of a file, for any order of its lines.

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
