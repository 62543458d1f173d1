"""Metrics that MMPose's evaluator can build from a config."""

from .landmark_error_metric import LandmarkErrorMetric
from .landmark_metric import LandmarkMetric
from .measurement_metric import MeasurementMetric

__all__ = ['LandmarkErrorMetric', 'LandmarkMetric', 'MeasurementMetric']
