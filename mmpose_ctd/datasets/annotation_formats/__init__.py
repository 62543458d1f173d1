"""Reads and writes points as annotation tools do."""

from .formats import FORMATS, AnnotationFormat, find_sources
from .point_record import PointRecord, Reading, ReadOptions, Refused, Source
from .writers import PhotographPoints

__all__ = [
    'FORMATS',
    'AnnotationFormat',
    'PhotographPoints',
    'PointRecord',
    'ReadOptions',
    'Reading',
    'Refused',
    'Source',
    'find_sources',
]
