"""Reads points as annotation tools write them."""

from .formats import FORMATS, AnnotationFormat, find_sources
from .point_record import PointRecord, Reading, ReadOptions, Refused, Source

__all__ = [
    'FORMATS',
    'AnnotationFormat',
    'PointRecord',
    'ReadOptions',
    'Reading',
    'Refused',
    'Source',
    'find_sources',
]
