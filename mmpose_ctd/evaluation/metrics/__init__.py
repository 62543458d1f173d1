"""Metrics that MMPose's evaluator can build from a config."""

from .landmark_error_metric import LandmarkErrorMetric

__all__ = ['LandmarkErrorMetric']
