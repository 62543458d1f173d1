from .ctd_topdown import CTDTopdownPoseEstimator

__all__ = ['CTDTopdownPoseEstimator']
