"""Maps points of the face to pixels, and back."""

import numpy as np
from scipy.interpolate import RectBivariateSpline

from .anatomy import FaceShape

# Spacing in pixels of the grid on which the map is inverted. It bends so
# little in between that cubic interpolation costs less than 0.005 px.
_STEP = 4


class Projection:
    """Map between face coordinates and pixels.

    A turn of the head by a few degrees moves a point in proportion to its
    relief. Added to this is the warp that makes the face asymmetric; then
    come rotation in the image plane, scale and shift. Whole numbers of pixels
    are pixel centres.

    Args:
        shape (FaceShape): Its asymmetry and nose matter here.
        centre (tuple[float, float]): Pixel (x, y) of the face's origin.
        scale (float): Pixels per biocular width.
        roll, yaw, pitch (float): Radians. Positive roll turns the image
            clockwise, positive yaw the nose towards the image's right,
            positive pitch the nose downwards.
    """

    def __init__(
        self,
        shape: FaceShape,
        centre: tuple[float, float],
        scale: float,
        roll: float = 0.0,
        yaw: float = 0.0,
        pitch: float = 0.0,
    ) -> None:
        self.shape = shape
        self.centre = np.asarray(centre, dtype=np.float64)
        self.scale = scale
        self.turn = np.sin([yaw, pitch])
        cos, sin = np.cos(roll), np.sin(roll)
        self.rotation = np.array([[cos, -sin], [sin, cos]])

    def _moved(self, points: np.ndarray) -> np.ndarray:
        """How far pose and asymmetry move points (..., 2)."""
        s = self.shape
        x, y = np.moveaxis(points, -1, 0)
        x2 = x * x
        nose = np.exp(-x2 / 0.029 - ((y - 0.72 * s.nose_length) / 0.2) ** 2)
        mouth = np.exp(-x2 / 0.09 - ((y - s.stomion_y) / 0.16) ** 2)
        head = np.exp(-((x2 / 0.72) ** 2) - ((y - 0.1) / 1.35) ** 4)
        relief = 0.7 * head + 0.85 * s.nose_height * nose + 0.06 * mouth
        wide = np.exp(-x2 / 0.64)
        below = wide * np.exp(-(((y - 1.0) / 0.6) ** 2))
        above = wide * np.exp(-(((y + 0.1) / 0.3) ** 2))
        dx = self.turn[0] * relief + s.lean * below + s.larger * x2 * above
        dy = self.turn[1] * relief
        dy += x * (s.mouth_tilt * below + s.brow_tilt * above)
        return np.stack([dx, dy], axis=-1)

    def to_image(self, points: np.ndarray) -> np.ndarray:
        """Pixels of face coordinates, both (..., 2)."""
        moved = points + self._moved(points)
        return self.centre + self.scale * moved @ self.rotation.T

    def to_face(self, points: np.ndarray) -> np.ndarray:
        """Face coordinates of pixels, both (..., 2)."""
        goal = (points - self.centre) @ self.rotation / self.scale
        face = goal
        # The slopes of the displacement stay below 0.3: this converges.
        for _ in range(15):
            face = goal - self._moved(face)
        return face

    def grid(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Face coordinates x and y of all pixels, float32 (size, size)."""
        nodes = np.arange(-_STEP, size + 2 * _STEP, _STEP, dtype=np.float64)
        face = self.to_face(np.stack(np.meshgrid(nodes, nodes), axis=-1))
        pixels = np.arange(size)
        return tuple(
            RectBivariateSpline(nodes, nodes, face[..., i])(
                pixels, pixels
            ).astype(np.float32)
            for i in range(2)
        )
