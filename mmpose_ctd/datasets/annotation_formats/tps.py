"""Reads the files of tpsDig (``.tps``), with any number of specimens.

A specimen begins with ``LM=`` and the number of its landmarks, each an
``x y`` a row; ``IMAGE=``, ``ID=`` and ``SCALE=`` follow (F. J. Rohlf, The tps
series of software, Hystrix 26, 2015). Other programs write these lines
before ``LM=``, or between it and the rows: see :mod:`.tps_specimens`. The y
axis points up from the lower edge of the image. A landmark that was skipped
is ``-1 -1`` or ``NA NA``.
"""

import re

import numpy as np

from mmpose_ctd.errors import InputError

from .numbers import decimal_mark, finite_or_nan
from .point_record import PointRecord, Reading, ReadOptions, Refused, Source
from .text_file import read_text
from .tps_specimens import Specimen, split_specimens

__all__ = ['read']


def read(sources: list[Source], options: ReadOptions) -> Reading:
    """Read tps files.

    Args:
        sources (list[Source]): The files.
        options (ReadOptions): Its decimal mark is used, and whether ``ID=``
            names the photograph.

    Returns:
        Reading: A record for each specimen; ``scale`` is SCALE=.

    Raises:
        InputError: If a file is no text, or has no ``LM=``.
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
        guessed = []
        for number, specimen in enumerate(specimens, 1):
            name = _photograph(specimen, options, guessed)
            record = _record(
                f'{source.name}, no. {number}', specimen, name, options
            )
            reading.add(record, source)
        curves = sum(specimen.curves for specimen in specimens)
        if curves:
            reading.notes.append(
                f'{source.name}: {curves} curves or outlines are passed '
                'over; only landmarks (LM=) are read.'
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
    """The name of the photograph; empty where it is not certain enough."""
    name, identity = map(_unquoted, map(specimen.value, ('IMAGE', 'ID')))
    if name or not identity or options.photograph_from == 'id':
        return name or identity
    if re.fullmatch(r'[\d\s.,;_#-]+', identity):
        # tpsDig numbers the specimens so, whatever the photographs are called.
        return ''
    guessed.append(identity)
    return identity


def _unquoted(text: str) -> str:
    """A name without the quotes around it, which some programs write."""
    match = re.fullmatch('"([^"]+)"|\'([^\']+)\'', text.strip())
    return (match[1] or match[2]).strip() if match else text


def _record(
    source: str, specimen: Specimen, name: str, options: ReadOptions
) -> PointRecord:
    try:
        if specimen.doubt:
            raise Refused(found=specimen.doubt, cure=_ORDER)
        if not name:
            identity = specimen.value('ID')
            raise Refused(
                found='no line IMAGE=, so its photograph is unknown'
                + f'; ID={identity} may only count specimens' * bool(identity),
                cure='Say --photograph-from id if the photographs are named '
                'as ID= says.'
                if identity
                else '',
            )
        return _whole_record(source, specimen, name, options)
    except InputError as error:
        return PointRecord(source, name, problem=error.text(with_where=False))


_ORDER = (
    'Put IMAGE=, ID= and SCALE= of each specimen after the rows of its '
    'points, as tpsDig does.'
)


def _whole_record(
    source: str, specimen: Specimen, name: str, options: ReadOptions
) -> PointRecord:
    if specimen.key != 'LM':
        raise Refused(
            found=f'{specimen.key}=, which has points in space',
            expected='LM=, points on an image',
        )
    if specimen.count is None:
        raise Refused(
            found=f'LM={specimen.text[:40]}',
            expected='the number of landmarks',
        )
    rows = specimen.rows
    if specimen.strays:
        number, row = specimen.strays[0]
        raise Refused(
            found=f'line {number}, {row[:40]!r}, belongs to nothing',
            expected=f'{specimen.count} rows of points (LM={specimen.count})',
        )
    if len(rows) != specimen.count:
        raise Refused(
            found=f'LM={specimen.count}, but there are {len(rows)} rows of '
            'points',
        )
    scale = specimen.value('SCALE')
    cells = [(f'line {n}', cell) for n, row in rows for cell in row.split()]
    number = _Number(
        decimal_mark(
            [*cells, ('SCALE=', scale)],
            options.decimal,
            points_are_decimal=True,
        ),
        options,
    )
    points = []
    for line, row in rows:
        try:
            x, y = map(number, row.split())
        except ValueError:
            raise Refused(
                found=f'the row {row[:40]!r} in line {line}', expected='"x y"'
            ) from None
        points.append((x, y))
    return PointRecord(
        source,
        name,
        np.array(points, dtype=float).reshape(-1, 2),
        scale=_scale(scale, number),
    )


class _Number:
    """Reads the numbers of a specimen.

    Args:
        decimal (str): Its decimal mark.
        options (ReadOptions): Whether the user states it.
    """

    def __init__(self, decimal: str, options: ReadOptions) -> None:
        self.decimal = decimal
        self.stated = options.decimal is not None

    def __call__(self, text: str) -> float:
        decimal = self.decimal
        if not self.stated and decimal not in text:
            decimal = '.'
        return finite_or_nan(text, decimal, self.stated)


def _scale(text: str, number: _Number) -> float | None:
    if not text:
        return None
    try:
        scale = number(text)
    except ValueError:
        scale = -1
    if not scale > 0:
        raise Refused(found=f'SCALE={text[:40]}', expected='a number above 0')
    return scale
