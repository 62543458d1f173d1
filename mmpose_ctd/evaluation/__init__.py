"""Errors of predicted landmarks, and of measures between them."""

from . import functional
from .metrics import LandmarkErrorMetric, MeasurementMetric
from .tables import measurement_table, report_table

__all__ = [
    'LandmarkErrorMetric',
    'MeasurementMetric',
    'functional',
    'measurement_table',
    'report_table',
]
