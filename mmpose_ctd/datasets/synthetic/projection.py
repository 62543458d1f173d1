"""Where a point of the face lies in the image, and the way back."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import RectBivariateSpline

from .anatomy import Shape

#: Spacing in pixels of the grid on which the map is inverted. The map bends
#: so little between its nodes that cubic interpolation costs < 0.005 px.
STEP = 4


class Projection:
    """Map between face coordinates and pixels.

    A turn of the head by a few degrees moves a point in proportion to how
    far it stands out of the face: a parallax over a smooth relief. To it
    comes the warp that makes the face asymmetric; then rotation in the image
    plane, scale and shift. Integer pixel coordinates are pixel centres.

    Args:
        shape (Shape): Anatomy; its asymmetry and nose matter here.
        centre: Pixel (x, y) of the face's origin.
        scale: Pixels a biocular width.
        roll, yaw, pitch: Radians. Positive roll turns the image clockwise,
            positive yaw the nose towards the image's right, positive pitch
            the nose downwards.
    """

    def __init__(
        self,
        shape: Shape,
        centre: tuple[float, float],
        scale: float,
        roll: float = 0.0,
        yaw: float = 0.0,
        pitch: float = 0.0,
    ) -> None:
        self.shape = shape
        self.centre = np.asarray(centre, dtype=np.float64)
        self.scale = scale
        self.yaw, self.pitch = yaw, pitch
        cos, sin = np.cos(roll), np.sin(roll)
        self.rotation = np.array([[cos, -sin], [sin, cos]])

    def displacement(
        self, x: np.ndarray, y: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """How far pose and asymmetry move the point (x, y)."""
        s = self.shape
        x2 = x * x
        relief = 0.70 * np.exp(
            -((x2 / 0.72) ** 2) - (((y - 0.1) / 1.35) ** 2) ** 2
        )
        relief += (
            0.85
            * s.nose_height
            * np.exp(-x2 / 0.029 - ((y - 0.72 * s.nose_length) / 0.2) ** 2)
        )
        relief += 0.06 * np.exp(-x2 / 0.09 - ((y - s.stomion_y) / 0.16) ** 2)
        lean, mouth, brow, size = s.asymmetry
        wide = np.exp(-x2 / 0.64)
        below = wide * np.exp(-(((y - 1.0) / 0.6) ** 2))
        above = wide * np.exp(-(((y + 0.1) / 0.3) ** 2))
        dx = np.sin(self.yaw) * relief + lean * below + size * x2 * above
        dy = np.sin(self.pitch) * relief + x * (mouth * below + brow * above)
        return dx, dy

    def to_image(self, points: np.ndarray) -> np.ndarray:
        """Pixels of face coordinates, both of shape (..., 2)."""
        x, y = points[..., 0], points[..., 1]
        dx, dy = self.displacement(x, y)
        moved = np.stack([x + dx, y + dy], axis=-1)
        return self.centre + self.scale * moved @ self.rotation.T

    def to_face(self, points: np.ndarray) -> np.ndarray:
        """Face coordinates of pixels, both of shape (..., 2)."""
        goal = (points - self.centre) @ self.rotation / self.scale
        x, y = goal[..., 0], goal[..., 1]
        # The displacement's slopes stay well below 1: this converges.
        for _ in range(50):
            dx, dy = self.displacement(x, y)
            before = x, y
            x, y = goal[..., 0] - dx, goal[..., 1] - dy
            moved = max(
                np.abs(x - before[0]).max(initial=0),
                np.abs(y - before[1]).max(initial=0),
            )
            if moved < 1e-7:
                break
        return np.stack([x, y], axis=-1)

    def grid(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Face coordinates of all pixels: x and y, float32 (size, size)."""
        nodes = np.arange(-STEP, size + 2 * STEP, STEP, dtype=np.float64)
        px, py = np.meshgrid(nodes, nodes)
        face = self.to_face(np.stack([px, py], axis=-1))
        pixels = np.arange(size)
        return tuple(
            RectBivariateSpline(nodes, nodes, face[..., i])(
                pixels, pixels
            ).astype(np.float32)
            for i in range(2)
        )
