"""Reads the files of tpsDig (``.tps``), with any number of specimens.

A specimen begins with ``LM=`` and the number of its landmarks, followed by a
row ``x y`` for each; then ``IMAGE=``, ``ID=`` and ``SCALE=`` (F. J. Rohlf,
The tps series of software, Hystrix 26, 2015). Other programs write these
lines elsewhere: see :mod:`.tps_specimens`. The y axis points up from the
lower edge of the image. A skipped landmark is ``-1 -1`` or ``NA NA``.
"""

import re

from mmpose_ctd.errors import InputError

from ..text_files import read_text
from .numbers import decimal_mark, finite_or_nan
from .point_record import Reading, ReadOptions, Refused, Source
from .tps_specimens import Specimen, split_specimens


def read(sources: list[Source], options: ReadOptions) -> Reading:
    """Read tps files.

    Args:
        sources (list[Source]): The files.
        options (ReadOptions): The decimal mark, and whether ``ID=`` names the
            photograph.

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
    name, identity = (_unquoted(specimen.value(k)) for k in ('IMAGE', 'ID'))
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
    scale = specimen.value('SCALE')
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
        if identity := specimen.value('ID'):
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
    if specimen.count is None:
        raise Refused(f'LM={specimen.text[:40]}', 'the number of landmarks')
    if specimen.strays:
        number, row = specimen.strays[0]
        raise Refused(
            f'line {number}, {row[:40]!r}, belongs to nothing',
            f'{specimen.count} rows of points (LM={specimen.count})',
        )
    if len(specimen.rows) != specimen.count:
        raise Refused(
            f'LM={specimen.count}, but there are {len(specimen.rows)} rows of '
            'points'
        )
