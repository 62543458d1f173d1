"""How good predicted landmarks, and measures between them, are."""

from . import functional
from .measurement_table import measurement_table
from .metrics import LandmarkErrorMetric, MeasurementMetric
from .report_table import report_table

__all__ = [
    'LandmarkErrorMetric',
    'MeasurementMetric',
    'functional',
    'measurement_table',
    'report_table',
]
