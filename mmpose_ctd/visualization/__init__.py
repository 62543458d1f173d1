"""Figures of errors, agreement and landmarks, from plain arrays."""

from .bland_altman_figure import plot_bland_altman
from .ced_figure import plot_ced
from .face_panels import FaceView, select_faces
from .landmark_error_map import plot_landmark_errors
from .landmark_overlay import draw_landmarks, landmark_grid
from .landmark_sheet import landmark_sheet
from .learning_curve_figure import (
    LearningCurve,
    plot_curve_panels,
    plot_learning_curves,
)
from .training_figure import plot_training

__all__ = [
    'FaceView',
    'LearningCurve',
    'draw_landmarks',
    'landmark_grid',
    'landmark_sheet',
    'plot_bland_altman',
    'plot_ced',
    'plot_curve_panels',
    'plot_landmark_errors',
    'plot_learning_curves',
    'plot_training',
    'select_faces',
]
