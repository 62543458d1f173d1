"""Renders a person's picture and says where the landmarks lie in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .anatomy import landmarks
from .body import paint_backdrop, paint_body, paint_ears
from .camera import photograph
from .canvas import Canvas
from .eyes import paint_eyes
from .hair import paint_back_hair, paint_hair
from .imaging import Imaging, sample_imaging
from .people import Person, sample_person
from .skin import head_polar, paint_head


@dataclass(frozen=True)
class FaceParams:
    """Everything that determines a picture: who, and how it was taken."""

    person: Person
    imaging: Imaging


def sample_params(
    rng: int | np.random.Generator, site: str = 'north'
) -> FaceParams:
    """A random person in a random picture taken at ``site``."""
    rng = np.random.default_rng(rng)
    person = sample_person(rng)
    return FaceParams(person, sample_imaging(rng, person, site))


def render_face(
    source: int | np.random.Generator | FaceParams, size: int = 256
) -> tuple[np.ndarray, np.ndarray]:
    """Render one face.

    Args:
        source: A seed, a ``numpy.random.Generator``, or
            :class:`FaceParams`.
        size: Side of the square image in pixels.

    Returns:
        The image, BGR uint8 (size, size, 3), and the landmarks in the order
        of :data:`LANDMARKS`, float64 (19, 2), in pixels x, y where integers
        are pixel centres.
    """
    params = source
    if not isinstance(source, FaceParams):
        params = sample_params(source)
    imaging = params.imaging
    shape = imaging.express(params.person.shape)
    person = replace(params.person, shape=shape)
    projection = imaging.projection(shape, size)
    x, y = projection.grid(size)
    rgb = np.empty((size, size, 3), dtype=np.float32)
    canvas = Canvas(person, imaging, projection, x, y, rgb)
    angle, radius, skull = head_polar(canvas)
    distance = skull - radius
    paint_backdrop(canvas)
    paint_back_hair(canvas, angle, radius, skull)
    paint_body(canvas, distance)
    paint_ears(canvas)
    area = canvas.window(-0.9, -1.3, 0.9, shape.gnathion_y + 0.05)
    face = canvas.crop(area)
    light = paint_head(face, distance[area])
    paint_eyes(face, light.diffuse)
    paint_hair(canvas, angle, radius, skull)
    return photograph(rgb, imaging), projection.to_image(landmarks(shape))
