"""Synthetic frontal faces with exact anatomical landmarks.

A face is drawn from parameters: a person (:mod:`.people`) with an anatomy
(:mod:`.anatomy`), pictured at a site (:mod:`.imaging`). The painters draw
through the landmarks, and one projection (:mod:`.projection`) maps pixels and
landmarks.
"""

from .anatomy import LANDMARKS
from .imaging import SITES
from .render import FaceParams, render_face, sample_params
from .writer import ANNOTATIONS, contact_sheet, make_synthetic_faces

__all__ = [
    'ANNOTATIONS',
    'LANDMARKS',
    'SITES',
    'FaceParams',
    'contact_sheet',
    'make_synthetic_faces',
    'render_face',
    'sample_params',
]
