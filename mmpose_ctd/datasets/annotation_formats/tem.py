"""Reads WebMorph's templates (``.tem``), one for each photograph."""

import os

from ..converters.webmorph_tem import RecordRefused, read_tem
from .point_record import PointRecord, Reading, Source

__all__ = ['read']


def read(sources: list[Source]) -> Reading:
    """Read templates.

    Args:
        sources (list[Source]): The files.

    Returns:
        Reading: A record for each file; points without names.
    """
    reading = Reading()
    for source in sources:
        image = os.path.splitext(source.name)[0]
        try:
            points, _ = read_tem(source.path)
            record = PointRecord(source.name, image, points)
        except RecordRefused as error:
            problem = f'found {error.found}, expected {error.expected}'
            record = PointRecord(source.name, image, problem=problem)
        reading.records.append(record)
    return reading
