"""Figures: error distributions, and predictions against the truth."""

from .ced_figure import plot_ced
from .face_selection import select_faces
from .landmark_grid import landmark_grid
from .landmark_overlay import draw_landmarks
from .landmark_sheet import landmark_sheet

__all__ = [
    'draw_landmarks',
    'landmark_grid',
    'landmark_sheet',
    'plot_ced',
    'select_faces',
]
