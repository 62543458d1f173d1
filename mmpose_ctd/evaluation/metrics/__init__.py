"""Metrics that MMPose's evaluator can build from a config."""

from .landmark_error_metric import LandmarkErrorMetric
from .measurement_metric import MeasurementMetric

__all__ = ['LandmarkErrorMetric', 'MeasurementMetric']
