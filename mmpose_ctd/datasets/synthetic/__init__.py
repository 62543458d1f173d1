"""Synthetic frontal faces with exact anatomical landmarks.

Painters (:mod:`.face`, :mod:`.surroundings`) draw a person
(:mod:`.parameters`) through the landmarks of an anatomy. One projection
(:mod:`.anatomy`) maps both pixels and landmarks.
"""

from .anatomy import LANDMARKS
from .render import render_face
from .writer import ANNOTATIONS, make_synthetic_faces

__all__ = [
    'ANNOTATIONS',
    'LANDMARKS',
    'make_synthetic_faces',
    'render_face',
]
