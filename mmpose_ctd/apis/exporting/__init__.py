"""Trained models as files that need neither torch nor MMPose."""
