"""The picture in the making, and the tools that its painters share."""

import math
from copy import copy
from functools import cached_property, lru_cache

import cv2
import numpy as np
from scipy.interpolate import PchipInterpolator

from .anatomy import HEAD_CENTRE_Y, Projection, lips, outline
from .parameters import Imaging, SyntheticPerson

_TILE = 512


class Canvas:
    """A picture and the face coordinates of its pixels, each (H, W).

    Args:
        person (SyntheticPerson): The subject, in this picture's expression.
        imaging (Imaging): Pose, light and camera.
        projection (Projection): The map between face and pixels.
        size (int): H and W.

    Attributes:
        rgb (np.ndarray): The picture so far, linear RGB, (H, W, 3).
        x, y (np.ndarray): Face coordinates; ``x`` is the distance from the
            midline.
        side (np.ndarray): 1 at the subject's left, -1 at the right.
        across (np.ndarray): The face's x.
        pixel (float): Width of a pixel in biocular widths.
    """

    def __init__(
        self,
        person: SyntheticPerson,
        imaging: Imaging,
        projection: Projection,
        size: int,
    ) -> None:
        self.person, self.imaging = person, imaging
        self.pixel = 1 / projection.scale
        self.across, self.y = projection.grid(size)
        self.x, self.side = np.abs(self.across), np.sign(self.across)
        self.rgb = np.zeros((size, size, 3), dtype=np.float32)
        self.angle = np.arctan2(self.y - HEAD_CENTRE_Y, self.x)
        self.radius = np.hypot(self.x, self.y - HEAD_CENTRE_Y)
        self.skull = outline(person.shape, self.angle)

    def head(self) -> 'Canvas':
        """The part with the head; painting it paints this canvas."""
        near = self.radius < self.skull + 0.1
        area = cv2.boundingRect(near.astype(np.uint8))
        rows = slice(area[1], area[1] + area[3])
        columns = slice(area[0], area[0] + area[2])
        part = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray):
                setattr(part, name, value[rows, columns])
        return part

    @cached_property
    def lips(self) -> list[np.ndarray]:
        """The lips' borders at each pixel's distance from the midline."""
        return [c.astype('f4') for c in lips(self.person.shape, self.x)]

    def cover(self, distance: np.ndarray, softness: float = 0.0) -> np.ndarray:
        """How much of a pixel lies inside a shape.

        By the distance to its border in biocular widths, positive inside; the
        border is ``softness`` wide, at least a pixel.
        """
        return np.clip(distance / max(self.pixel, softness) + 0.5, 0, 1)

    def line(self, distance: np.ndarray, width: float) -> np.ndarray:
        """A line of Gaussian profile, at least a pixel wide."""
        return bell(distance, max(width, 0.6 * self.pixel))

    def bump(self, cx: float, cy: float, sx: float, sy: float) -> np.ndarray:
        """A Gaussian of height 1, and its mirror image's."""
        across = bell(self.x - cx, sx)
        if cx > 0:
            across += bell(self.x + cx, sx)
        return across * bell(self.y - cy, sy)

    def noise(self, name: str, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The subject's own noise at (u, v), in texels of :func:`_tiles`."""
        du, dv = self.person.texture
        at = ((u + du).astype(np.float32), (v + dv).astype(np.float32))
        wrap = dict(borderMode=cv2.BORDER_WRAP)
        return cv2.remap(_tiles()[name], *at, cv2.INTER_LINEAR, **wrap)

    def blurred(self, image: np.ndarray, sigma: float) -> np.ndarray:
        """The image (H, W), blurred by a sigma in biocular widths."""
        edge = dict(borderType=cv2.BORDER_REPLICATE)
        return cv2.GaussianBlur(image, (0, 0), sigma / self.pixel, **edge)

    def blend(self, alpha: np.ndarray, colour, target=None) -> None:
        """Paint a colour over the picture, or over another (H, W, 3)."""
        below = self.rgb if target is None else target
        change = np.asarray(colour, np.float32) - below
        change *= np.asarray(alpha, np.float32)[..., None]
        below += change

    def lit(self, nx, ny, wrap=0.2, key=1.0, sky=1.0) -> np.ndarray:
        """Diffuse light on a surface of this normal, linear RGB (H, W, 3).

        Light bleeds around edges by ``wrap``, of each colour; ``key`` and
        ``sky`` say how much of the lamp's and of the other light arrives.
        """
        nz = np.sqrt(np.clip(1 - nx * nx - ny * ny, 0.02, 1))
        lx, ly, lz = self.imaging.light
        wrap = np.float32(wrap)
        facing = (nx * lx + ny * ly + nz * lz)[..., None]
        facing = np.clip((facing + wrap) / (1 + wrap), 0, None)
        around = (0.78 - 0.22 * ny) * (0.45 + 0.55 * nz) * sky
        around = around[..., None].astype(np.float32)
        lamp = np.float32(self.imaging.key) * facing * key
        return lamp + np.float32(self.imaging.fill) * around

    def shine(self, nx: np.ndarray, ny: np.ndarray) -> np.ndarray:
        """Cosine between the normal and that of a mirror."""
        lx, ly, lz = self.imaging.light
        length = math.hypot(lx, ly, lz + 1)
        nz = np.sqrt(np.clip(1 - nx * nx - ny * ny, 0.02, 1))
        return np.clip((nx * lx + ny * ly + nz * (lz + 1)) / length, 0, 1)


def step(x, low: float, high: float):
    """Smooth step from 0 at ``low`` to 1 at ``high``."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def bell(distance, sigma):
    """A Gaussian of height 1."""
    return np.exp(-0.5 * (distance / sigma) ** 2)


def curve(at: list, heights: list, x: np.ndarray) -> np.ndarray:
    """A smooth curve through points, level outside of them."""
    inside = np.clip(x, at[0], at[-1])
    return PchipInterpolator(at, heights)(inside).astype(np.float32)


@lru_cache(maxsize=1)
def _tiles() -> dict[str, np.ndarray]:
    """Tileable noise of unit variance by name, each float32 (512, 512).

    ``fine`` and ``coarse`` are round; ``strand`` runs along the columns;
    ``curl`` has dark furrows between round lumps.
    """
    rng = np.random.default_rng(20200913)

    def smooth(sigma_x: float, sigma_y: float) -> np.ndarray:
        white = rng.standard_normal((3 * _TILE, 3 * _TILE), dtype=np.float32)
        white = np.tile(white[:_TILE, :_TILE], (3, 3))
        noise = cv2.GaussianBlur(white, (0, 0), sigma_x, sigmaY=sigma_y)
        noise = noise[_TILE : 2 * _TILE, _TILE : 2 * _TILE]
        return noise / noise.std()

    fine = smooth(1.2, 1.2)
    strand = 0.75 * smooth(1.1, 40) + 0.65 * smooth(3.5, 60)
    curl = 1.2 - 2.0 * np.abs(smooth(5, 5)) + 0.4 * fine
    return dict(fine=fine, coarse=smooth(9, 9), strand=strand, curl=curl)
