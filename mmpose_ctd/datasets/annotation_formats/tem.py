"""Reads WebMorph's templates (``.tem``), one for each photograph."""

import os

from .point_record import PointRecord, Reading, ReadOptions, Source
from .webmorph_tem import RecordRefused, read_tem

__all__ = ['read']


def read(sources: list[Source], options: ReadOptions) -> Reading:
    """Read templates.

    Args:
        sources (list[Source]): The files.
        options (ReadOptions): Not used: the format fixes what it settles.

    Returns:
        Reading: A record for each file; points without names.
    """
    reading, surplus = Reading(), []
    for source in sources:
        image = os.path.splitext(source.name)[0]
        try:
            points, _ = read_tem(source.path, surplus)
            record = PointRecord(source.name, image, points)
        except RecordRefused as error:
            problem = f'found {error.found}; expected {error.expected}'
            record = PointRecord(source.name, image, problem=problem)
        reading.add(record, source)
    # One note for all: a set has hundreds of such files.
    if surplus:
        reading.notes.append(
            f'{len(surplus)} files end with one row too many: {surplus[0]}'
        )
    return reading
