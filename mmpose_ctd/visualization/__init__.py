"""Figures of errors, agreement and landmarks, from plain arrays."""

from .bland_altman_figure import plot_bland_altman
from .curve_figures import (
    LearningCurve,
    plot_curve_panels,
    plot_learning_curves,
    plot_training,
)
from .error_figures import plot_ced, plot_reliability
from .face_panels import FaceView, select_faces
from .landmark_overlay import (
    draw_landmarks,
    landmark_grid,
    landmark_sheet,
    point_sheet,
)

__all__ = [
    'FaceView',
    'LearningCurve',
    'draw_landmarks',
    'landmark_grid',
    'landmark_sheet',
    'plot_bland_altman',
    'plot_ced',
    'plot_curve_panels',
    'plot_learning_curves',
    'plot_reliability',
    'plot_training',
    'point_sheet',
    'select_faces',
]
