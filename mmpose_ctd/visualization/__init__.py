"""Figures: errors, agreement, and predictions against the truth."""

from .bland_altman_figure import plot_bland_altman
from .ced_figure import plot_ced
from .face_selection import select_faces
from .landmark_grid import landmark_grid
from .landmark_overlay import draw_landmarks

__all__ = [
    'draw_landmarks',
    'landmark_grid',
    'plot_bland_altman',
    'plot_ced',
    'select_faces',
]
