"""Landmark error statistics as pure functions of numpy arrays."""

from .area_under_ced import area_under_ced
from .bootstrap import bootstrap_interval
from .error_statistics import (
    cumulative_error_distribution,
    failure_rate,
    mean_error,
)
from .point_errors import image_errors, point_errors

__all__ = [
    'area_under_ced',
    'bootstrap_interval',
    'cumulative_error_distribution',
    'failure_rate',
    'image_errors',
    'mean_error',
    'point_errors',
]
