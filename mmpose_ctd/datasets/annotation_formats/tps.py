"""Reads the files of tpsDig (``.tps``), with any number of specimens.

A specimen begins with ``LM=`` and the number of its landmarks, each an
``x y`` a row; ``IMAGE=``, ``ID=`` and ``SCALE=`` follow (F. J. Rohlf, The tps
series of software, Hystrix 26, 2015). The y axis points up from the lower
edge of the image. A landmark that was skipped is negative in both
coordinates, or ``NA``.
"""

import numpy as np

from .point_record import (
    PointRecord,
    Reading,
    Refused,
    Source,
    finite_or_nan,
)
from .text_file import read_text

__all__ = ['read']

# Blocks of semilandmarks: their rows are passed over.
_PASSED_OVER = ('CURVES', 'POINTS', 'OUTLINES', 'CHAIN', 'RADII')


def read(sources: list[Source]) -> Reading:
    """Read tps files.

    Args:
        sources (list[Source]): The files.

    Returns:
        Reading: A record for each specimen; ``scale`` is SCALE=.

    Raises:
        InputError: If a file is no text, or has no ``LM=``.
    """
    reading = Reading()
    for source in sources:
        text = read_text(source.path, source.name)
        specimens, before = _specimens(text)
        if not specimens:
            raise Refused(
                f'{source.name}: has no line "LM=" with the number of '
                f'landmarks; it begins with {before[:40]!r}. Expected a file '
                'of tpsDig.'
            )
        passed_over = 0
        for number, lines in enumerate(specimens, 1):
            record, curves = _record(f'{source.name}, no. {number}', lines)
            reading.records.append(record)
            passed_over += curves
        if passed_over:
            reading.notes.append(
                f'{source.name}: {passed_over} curves or outlines are passed '
                'over; only landmarks (LM=) are read.'
            )
    return reading


def _specimens(text: str) -> tuple[list[list[str]], str]:
    """The rows of each specimen, and those before the first one."""
    specimens: list[list[str]] = []
    before = []
    for line in text.splitlines():
        line = line.strip()
        if not line:
            continue
        if line.upper().startswith(('LM=', 'LM3=', 'LM =')):
            specimens.append([])
        (specimens[-1] if specimens else before).append(line)
    return specimens, ' '.join(before)


def _record(source: str, lines: list[str]) -> tuple[PointRecord, int]:
    values: dict[str, str] = {}
    rows: dict[str, list[str]] = {}
    key, curves = '', 0
    for line in lines:
        if '=' in line:
            key, _, value = line.partition('=')
            key = key.strip().upper()
            curves += key == 'POINTS' or key == 'CHAIN'
            values.setdefault(key, value.strip())
        else:
            rows.setdefault(key, []).append(line)
    name = values.get('IMAGE') or values.get('ID') or ''
    try:
        points = _points(values, rows)
        scale = _scale(values.get('SCALE'))
    except Refused as error:
        return PointRecord(source, name, problem=str(error)), curves
    record = PointRecord(source, name, points, scale=scale)
    if not name:
        record.problem = 'has no IMAGE= line, so its photograph is unknown'
    return record, curves


def _points(values: dict, rows: dict) -> np.ndarray:
    if 'LM3' in values:
        raise Refused('LM3= has points in space; expected LM=, on an image')
    if not values['LM'].isdecimal():
        raise Refused(f'LM={values["LM"]}; expected the number of landmarks')
    count, found = int(values['LM']), rows.pop('LM', [])
    strays = [key for key in rows if key not in _PASSED_OVER]
    if len(found) != count or strays:
        extra = sum(len(rows[key]) for key in strays)
        raise Refused(
            f'LM={count}, but there are {len(found) + extra} rows of points'
        )
    points = [_point(row) for row in found]
    return np.array(points, dtype=float).reshape(-1, 2)


def _point(row: str) -> tuple[float, float]:
    decimal = ',' if ',' in row and '.' not in row else '.'
    try:
        x, y = (finite_or_nan(cell, decimal) for cell in row.split())
    except ValueError:
        raise Refused(f'the row {row[:40]!r} is no "x y"') from None
    if x < 0 and y < 0:
        x = y = float('nan')
    return x, y


def _scale(text: str | None) -> float | None:
    if not text:
        return None
    try:
        scale = float(text.replace(',', '.'))
    except ValueError:
        scale = -1
    if not 0 < scale < float('inf'):
        raise Refused(f'SCALE={text}; expected a number above 0')
    return scale
