"""The picture under construction and what its painters share."""

from dataclasses import dataclass, replace

import numpy as np

from .imaging import Imaging
from .people import Person
from .projection import Projection
from .texture import lookup


@dataclass
class Canvas:
    """A picture and the face coordinates of its pixels.

    Args:
        person: The subject, in this picture's expression.
        imaging: Pose, light and camera.
        projection: The map between face and pixels.
        x, y: Face coordinates of the pixels, float32 (H, W).
        rgb: The picture so far, linear RGB, float32 (H, W, 3).
        origin: Row and column of the first pixel in the whole picture.
    """

    person: Person
    imaging: Imaging
    projection: Projection
    x: np.ndarray
    y: np.ndarray
    rgb: np.ndarray
    origin: tuple[int, int] = (0, 0)

    @property
    def scale(self) -> float:
        """Pixels a biocular width."""
        return self.projection.scale

    def cover(self, distance: np.ndarray, softness: float = 0.0) -> np.ndarray:
        """How much of a pixel lies inside a shape.

        Args:
            distance: To the shape's border in biocular widths, positive
                inside.
            softness: Width of the border in biocular widths; never less
                than a pixel.
        """
        width = max(1 / self.scale, softness)
        return np.clip(distance / width + 0.5, 0, 1)

    def window(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[slice, slice]:
        """Rows and columns that hold a rectangle of face coordinates."""
        corners = np.array(
            [
                (x, y)
                for x in (left, (left + right) / 2, right)
                for y in (top, (top + bottom) / 2, bottom)
            ]
        )
        pixels = self.projection.to_image(corners)
        pixels -= self.origin[::-1]
        low = np.floor(pixels.min(0)).astype(int) - 2
        high = np.ceil(pixels.max(0)).astype(int) + 3
        low, high = np.maximum(low, 0), np.maximum(high, 0)
        return slice(low[1], high[1]), slice(low[0], high[0])

    def crop(self, area: tuple[slice, slice]) -> 'Canvas':
        """The part of the canvas in ``area``; painting it paints this."""
        rows, columns = area
        origin = (
            self.origin[0] + (rows.start or 0),
            self.origin[1] + (columns.start or 0),
        )
        return replace(
            self,
            x=self.x[area],
            y=self.y[area],
            rgb=self.rgb[area],
            origin=origin,
        )

    def noise(self, name: str, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The subject's own noise at (u, v), in texels."""
        du, dv = self.person.texture
        return lookup(name, u + du, v + dv)

    def blend(self, area, alpha: np.ndarray, colour: np.ndarray) -> None:
        """Paint ``colour`` over the picture's ``area`` (two slices)."""
        below = self.rgb[area]
        below += alpha[..., None] * (np.asarray(colour, np.float32) - below)


EVERYWHERE = (slice(None), slice(None))
