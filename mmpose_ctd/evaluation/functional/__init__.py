"""Errors, measures and their statistics as functions of numpy arrays."""

from .agreement import Agreement, Estimate, agreement
from .area_under_ced import area_under_ced
from .bootstrap import bootstrap_interval
from .error_statistics import (
    cumulative_error_distribution,
    failure_rate,
    mean_error,
)
from .intraclass_correlation import intraclass_correlation
from .measurement_catalogue import (
    measurements_of_set,
    standard_measurements,
)
from .measurements import (
    Measurement,
    measure,
    measurement_units,
    parse_measurements,
)
from .point_errors import image_errors, point_errors

__all__ = [
    'Agreement',
    'Estimate',
    'Measurement',
    'agreement',
    'area_under_ced',
    'bootstrap_interval',
    'cumulative_error_distribution',
    'failure_rate',
    'image_errors',
    'intraclass_correlation',
    'mean_error',
    'measure',
    'measurement_units',
    'measurements_of_set',
    'parse_measurements',
    'point_errors',
    'standard_measurements',
]
