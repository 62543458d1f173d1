from .landmark_figure_hook import LandmarkFigureHook
from .privacy_hook import PrivacyHook

__all__ = ['LandmarkFigureHook', 'PrivacyHook']
