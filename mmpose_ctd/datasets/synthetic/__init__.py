"""Synthetic frontal faces with exact anatomical landmarks.

A face is drawn from parameters: a person (:mod:`.people`) with an anatomy
(:mod:`.anatomy`), pictured at a site (:mod:`.imaging`). Its landmarks are the
very points the painters draw through, sent through the same projection
(:mod:`.projection`) as the pixels.
"""

from .anatomy import LANDMARKS
from .imaging import SITES
from .render import FaceParams, render_face, sample_params
from .sheet import contact_sheet
from .writer import make_synthetic_faces

__all__ = [
    'LANDMARKS',
    'SITES',
    'FaceParams',
    'contact_sheet',
    'make_synthetic_faces',
    'render_face',
    'sample_params',
]
