"""Reads the files of tpsDig (``.tps``), with any number of specimens.

A specimen begins with ``LM=`` and the number of its landmarks, followed by a
row ``x y`` for each; then ``IMAGE=``, ``ID=`` and ``SCALE=`` (F. J. Rohlf,
The tps series of software, Hystrix 26, 2015). A file that seems to have these
lines before ``LM=`` is refused: between two specimens they may belong to
either. The y axis points up from the lower edge of the image.
"""

import re
from dataclasses import dataclass, field

from mmpose_ctd.errors import InputError

from ..text_files import read_text
from .cells import decimal_mark, finite_or_nan
from .point_record import Reading, ReadOptions, Refused, Source

_NAMED = ('IMAGE', 'ID', 'SCALE')
# Blocks of semilandmarks: their rows are ignored.
_PASSED_OVER = ('CURVES', 'POINTS', 'OUTLINES', 'CHAIN', 'RADII')
# Their text may continue in the next lines.
_TEXTS = ('COMMENT', 'VARIABLES')
_KEY = re.compile('[A-Za-z][A-Za-z0-9 _]*')
_NUMBER = re.compile(r'[-+0-9.,]+(e[-+]?[0-9]+)?', re.I)


@dataclass
class _Specimen:
    """The lines of one specimen.

    Attributes:
        key (str): ``'LM'``, or ``'LM3'`` for points in space.
        count (str): The text after ``LM=``.
        rows (list[tuple[int, str]]): Line number and text of each point.
        curves (int): Number of ignored curves and outlines.
        named (dict[str, str]): ``IMAGE``, ``ID`` and ``SCALE``, if known.
    """

    key: str
    count: str
    rows: list[tuple[int, str]] = field(default_factory=list)
    curves: int = 0
    named: dict[str, str] = field(default_factory=dict)


def read(sources: list[Source], options: ReadOptions) -> Reading:
    """Read tps files: a record for each specimen; ``scale`` is SCALE=.

    Raises:
        InputError: If a file is not text, has no ``LM=``, or may have another
            order of lines.
    """
    reading = Reading()
    for source in sources:
        text = read_text(source.path, source.name)
        specimens = _split(text, source.name)
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
    specimen: _Specimen, options: ReadOptions, guessed: list[str]
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


def _record(specimen: _Specimen, name: str, options: ReadOptions) -> dict:
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


def _check(specimen: _Specimen, name: str) -> None:
    """Refuse a specimen whose photograph or points are not certain."""
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
    found = len(specimen.rows)
    if not re.fullmatch('[0-9]{1,9}', specimen.count):
        raise Refused(f'LM={specimen.count[:40]}', 'the number of landmarks')
    if found != int(specimen.count):
        raise Refused(
            f'LM={specimen.count}, but there are {found} rows of points'
        )


def _split(text: str, file: str) -> list[_Specimen]:
    """The specimens of a file; InputError if its order may be another one."""
    specimens: list[_Specimen] = []
    block = ''
    for number, line in enumerate(text.split('\n'), 1):
        line = line.strip()
        if not line:
            continue
        key, mark, value = (part.strip() for part in line.partition('='))
        key = key.upper() if mark and _KEY.fullmatch(key) else ''
        block = key or block
        shown = f'line {number}, {line[:40]!r}, '
        if key in ('LM', 'LM3'):
            specimens.append(_Specimen(key, value))
        elif not specimens:
            if key in _NAMED or _is_point(line):
                raise _another_order(file, f'{shown}before the first LM=')
        elif key in _NAMED:
            if key in specimens[-1].named:
                raise _another_order(file, f'{shown}is a second {key}=')
            specimens[-1].named[key] = value
        elif key:
            specimens[-1].curves += key in ('POINTS', 'CHAIN')
        elif block not in _PASSED_OVER and (
            block not in _TEXTS or _is_point(line)
        ):
            specimens[-1].rows.append((number, line))
    has_image = any('IMAGE' in specimen.named for specimen in specimens)
    key = 'IMAGE' if has_image else 'ID'
    bare = [i for i, s in enumerate(specimens, 1) if key not in s.named]
    if 0 < len(bare) < len(specimens):
        # It may have been lost before the first LM=.
        raise _another_order(file, f'specimen no. {bare[0]} has no {key}=')
    return specimens


def _another_order(file: str, found: str) -> InputError:
    return InputError(
        where=file,
        found=found,
        expected='for each specimen LM=, rows of points, IMAGE=, ID=, SCALE=',
        cure='Put IMAGE=, ID= and SCALE= of each specimen after the rows of '
        'its points, as tpsDig does.',
    )


def _is_point(row: str) -> bool:
    cells = row.split()
    return len(cells) > 1 and all(map(_NUMBER.fullmatch, cells))
