"""Errors, measures and their statistics as functions of numpy arrays."""

from .agreement import Agreement, Estimate, agreement, intraclass_correlation
from .bootstrap import bootstrap_interval, share_interval
from .landmark_errors import (
    area_under_ced,
    checked_threshold,
    cumulative_error_distribution,
    failure_rate,
    image_errors,
    mean_error,
    point_errors,
)
from .measurements import (
    Measurement,
    measure,
    measurement_units,
    measurements_of_set,
    parse_measurements,
    standard_measurements,
)
from .paired_differences import (
    CrossedEffects,
    cohens_dz,
    crossed_bootstrap_interval,
    crossed_effects_interval,
    holm,
    sign_flip_test,
)

__all__ = [
    'Agreement',
    'CrossedEffects',
    'Estimate',
    'Measurement',
    'agreement',
    'area_under_ced',
    'bootstrap_interval',
    'checked_threshold',
    'cohens_dz',
    'crossed_bootstrap_interval',
    'crossed_effects_interval',
    'cumulative_error_distribution',
    'failure_rate',
    'holm',
    'image_errors',
    'intraclass_correlation',
    'mean_error',
    'measure',
    'measurement_units',
    'measurements_of_set',
    'parse_measurements',
    'point_errors',
    'sign_flip_test',
    'share_interval',
    'standard_measurements',
]
