"""How good predicted landmarks are."""

from . import functional
from .metrics import LandmarkErrorMetric
from .report_table import report_table

__all__ = ['LandmarkErrorMetric', 'functional', 'report_table']
