"""Renders a picture of a person, with the places of the landmarks."""

from dataclasses import replace

import cv2
import numpy as np

from .anatomy import landmarks
from .canvas import Canvas
from .face import paint_face
from .parameters import Imaging, SyntheticPerson
from .surroundings import (
    paint_back_hair,
    paint_backdrop,
    paint_body,
    paint_ears,
    paint_hair,
)

# Linear light is mapped to grey levels in this many steps a unit, up to 4.
_STEPS, _LIMIT = 8192, 4


def render_face(
    person: SyntheticPerson, imaging: Imaging, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Render one face on a square image of ``size`` pixels a side.

    Returns:
        tuple[np.ndarray, np.ndarray]: The image, BGR uint8 (size, size, 3),
        and the landmarks in the order of :data:`.LANDMARKS`, float64 (19, 2),
        in pixels x, y; whole numbers are pixel centres.
    """
    shape = imaging.express(person.shape)
    projection = imaging.projection(shape, size)
    canvas = Canvas(replace(person, shape=shape), imaging, projection, size)
    paint_backdrop(canvas)
    paint_back_hair(canvas)
    paint_body(canvas)
    paint_ears(canvas)
    paint_face(canvas.head())
    paint_hair(canvas)
    image = _photograph(canvas.rgb, imaging)
    return image, projection.to_image(landmarks(shape))


def _photograph(rgb: np.ndarray, imaging: Imaging) -> np.ndarray:
    """Turn linear light into BGR uint8: lens, tone, sensor, JPEG."""
    size = len(rgb)
    light = cv2.GaussianBlur(rgb, (0, 0), max(imaging.blur * size, 0.2))
    # A shoulder keeps highlights from clipping to flat white; then sRGB.
    table = np.linspace(0, _LIMIT, _STEPS * _LIMIT + 1)
    over = np.clip(table - 0.7, 0, None) / 0.3
    table = np.minimum(table, 0.7) + 0.3 * (1 - np.exp(-over))
    table = 255 * np.where(
        table <= 0.0031308, 12.92 * table, 1.055 * table ** (1 / 2.4) - 0.055
    )
    steps = np.clip(light * _STEPS, 0, _STEPS * _LIMIT).astype(int)
    image = table.astype(np.float32)[steps[..., ::-1]]
    rng = np.random.default_rng(imaging.seed)
    image += imaging.noise * rng.standard_normal((size, size, 1), np.float32)
    image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    if imaging.jpeg is None:
        return image
    quality = [cv2.IMWRITE_JPEG_QUALITY, imaging.jpeg]
    return cv2.imdecode(cv2.imencode('.jpg', image, quality)[1], 1)
