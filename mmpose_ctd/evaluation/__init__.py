"""How good predicted landmarks, and measures between them, are."""

from . import functional
from .agreement_table import agreement_table
from .metrics import LandmarkErrorMetric, MeasurementMetric
from .report_table import report_table

__all__ = [
    'LandmarkErrorMetric',
    'MeasurementMetric',
    'agreement_table',
    'functional',
    'report_table',
]
