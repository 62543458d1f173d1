from .landmark_figure_hook import LandmarkFigureHook
from .privacy_hook import PrivacyHook
from .progress_bar_hook import ProgressBarHook

__all__ = ['LandmarkFigureHook', 'PrivacyHook', 'ProgressBarHook']
