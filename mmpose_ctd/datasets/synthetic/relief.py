"""The relief of a face, and what varies smoothly over its skin.

The relief and the smooth maps of the skin are symmetric, so they are built
for one half of the face on a regular grid and looked up with ``|x|``.
"""

import cv2
import numpy as np

from .anatomy import Shape
from .contours import HEAD_CENTRE_Y, lips, outline

#: Grid nodes a biocular width, and the grid's extent.
DENSITY = 80
WIDTH, TOP, BOTTOM = 1.15, -1.3, 1.75


class HalfGrid:
    """Regular grid over the subject's left half of the face."""

    def __init__(self) -> None:
        self.x = np.arange(0, WIDTH, 1 / DENSITY, dtype=np.float32)
        self.y = np.arange(TOP, BOTTOM, 1 / DENSITY, dtype=np.float32)

    def bump(self, cx: float, cy: float, sx: float, sy: float) -> np.ndarray:
        """A Gaussian of height 1 and its mirror image's tail."""
        across = np.exp(-0.5 * ((self.x - cx) / sx) ** 2)
        across += np.exp(-0.5 * ((self.x + cx) / sx) ** 2) * (cx > 0)
        return np.exp(-0.5 * ((self.y - cy) / sy) ** 2)[:, None] * across

    def ridge(
        self,
        y_of_x: np.ndarray,
        height: np.ndarray,
        sigma,
    ) -> np.ndarray:
        """A ridge along the curve ``y_of_x``, of the given height over x."""
        rows = self.y[:, None] - y_of_x[None]
        return np.exp(-0.5 * (rows / sigma) ** 2) * height

    def at(self, maps: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Look up maps (h, w) or (h, w, 4) at face coordinates."""
        return cv2.remap(
            maps.astype(np.float32),
            np.abs(x) * DENSITY,
            (y - TOP) * DENSITY,
            cv2.INTER_CUBIC if maps.ndim == 2 else cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )


def step(x, low: float, high: float):
    """Smooth step from 0 at ``low`` to 1 at ``high``."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def height_map(grid: HalfGrid, shape: Shape, age: float) -> np.ndarray:
    """How far the face stands out, in biocular widths, on the half grid."""
    s = shape
    bump, x, y = grid.bump, grid.x, grid.y
    n = s.nose_length / 0.48
    # The head: level in front, turning away towards its outline.
    dy = y[:, None] - HEAD_CENTRE_Y
    radius = outline(s)
    rho = np.hypot(x[None], dy)
    edge = np.interp(
        np.arctan2(dy, x[None] + 1e-6),
        np.linspace(-np.pi / 2, np.pi / 2, len(radius)),
        radius,
    )
    t = np.clip(rho / edge, 0, 0.997)
    z = 0.80 * (1 - t**2.5) ** 0.85
    # Forehead, brow ridge, orbits, eyeballs.
    z += 0.03 * bump(0.25, -0.5, 0.3, 0.16)
    z += (0.015 + 0.03 * s.brow_ridge) * bump(0.34, s.brow_y + 0.02, 0.2, 0.05)
    z += 0.03 * s.brow_ridge * bump(0, s.brow_y + 0.03, 0.1, 0.07)
    z -= 0.075 * bump(0.36, -0.03, 0.19, 0.085)
    z -= 0.05 * bump(0.17, -0.02, 0.06, 0.07)
    z += 0.055 * bump(0.36, -0.03, 0.10, 0.065)
    # Cheekbones, and the hollow of the face below them.
    z += 0.05 * bump(0.46, 0.27, 0.16, 0.13)
    z -= 0.035 * bump(0.52, 0.62, 0.12, 0.18)
    z += 0.05 * bump(0, 0.72, 0.28, 0.2)
    # Nose: a ridge of varying height and width, the tip and the alae.
    rows = y / n
    crest = np.interp(
        rows,
        [-0.3, -0.16, -0.04, 0.06, 0.2, 0.31, 0.365, 0.41, 0.445, 0.48, 0.52],
        [0.0, 0.12, 0.20, 0.31, 0.62, 0.86, 0.96, 0.88, 0.62, 0.28, 0.0],
    )
    crest = cv2.GaussianBlur(crest[:, None].astype(np.float32), (1, 11), 2.0)
    width = np.interp(
        rows,
        [-0.25, -0.05, 0.1, 0.25, 0.36, 0.45],
        [0.12, 0.08, 0.082, 0.088, 0.09, 0.08],
    )
    width *= np.interp(rows, [0.1, 0.35], [s.bridge_width, s.tip_width])
    profile = np.exp(-0.5 * (x[None] / width[:, None]) ** 2)
    z += s.nose_height * crest * profile
    wing = s.alar_x
    z += 0.035 * bump(0, 0.37 * n, 0.055 * s.tip_width, 0.05)
    wings = 1 - ((x[None] - 0.86 * wing) / (0.44 * wing)) ** 2
    wings = wings - ((y[:, None] - 0.405 * n) / 0.078) ** 2
    z += 0.06 * cv2.GaussianBlur(np.sqrt(np.clip(wings, 0, 1)), (0, 0), 1.3)
    z += 0.045 * bump(0.8 * wing, 0.40 * n, 0.05, 0.05)
    # The crease behind the alae and the nasolabial fold.
    z -= 0.014 * bump(1.45 * wing, 0.46 * n, 0.035, 0.05)
    fold_x = np.linspace(1.55 * wing, 1.38 * s.mouth_x, 8)
    fold_y = np.linspace(0.45 * n, s.cheilion_y - 0.05, 8)
    depth = 0.003 + 0.012 * age
    for i, (fx, fy) in enumerate(zip(fold_x, fold_y)):
        z -= 1.4 * depth * (1 - i / 11) * bump(fx, fy, 0.028, 0.035)
        z += 1.2 * depth * bump(fx + 0.05, fy - 0.02, 0.03, 0.04)
    # Philtrum: a groove between two ridges that run into the cupid's bow.
    centre = (s.nose_length + s.superius_y) / 2
    half = 0.5 * s.philtrum_length
    reach = np.exp(-(((y - centre) / (0.95 * half)) ** 4))[:, None]
    column = (
        s.philtrum_width
        * (0.7 + 0.3 * np.clip((y - s.nose_length) / s.philtrum_length, 0, 1))[
            :, None
        ]
    )
    off = x[None] / column
    z += (
        reach
        * s.philtrum_depth
        * (
            0.018 * np.exp(-0.5 * ((off - 1) / 0.3) ** 2)
            - 0.020 * np.exp(-0.5 * (off / 0.42) ** 2)
        )
    )
    # Lips.
    border = lips(s)
    inside = np.clip(x, 0, s.mouth_x)
    taper = np.sqrt(np.clip(1 - (x / s.mouth_x) ** 2, 0, 1))
    closure, opening = border.closure(inside), border.opening(inside)
    upper, lower = border.upper(inside), border.lower(inside)
    z += grid.ridge(
        0.35 * upper + 0.65 * closure,
        0.05 * taper,
        np.maximum(0.5 * (closure - upper), 0.02),
    )
    z += grid.ridge(upper, 0.003 * taper, 0.012)
    z += grid.ridge(
        0.5 * opening + 0.5 * lower,
        0.062 * taper,
        np.maximum(0.42 * (lower - opening), 0.02),
    )
    z -= grid.ridge(closure, 0.05 * np.sqrt(taper), 0.013)
    z -= 0.03 * bump(s.mouth_x + 0.02, s.cheilion_y + 0.01, 0.03, 0.03)
    # The chin and the furrow above it.
    z -= 0.045 * bump(0, s.inferius_y + 0.09, 0.16, 0.045)
    z += 0.075 * bump(0, s.gnathion_y - 0.14, 0.16, 0.09)
    # The fold under the eye, deeper with age.
    bag_x = np.clip((x - 0.2) / 0.28, 0, 1)
    bag = 0.085 + 0.05 * np.sin(np.pi * bag_x)
    on = np.sin(np.pi * np.clip((x - 0.16) / 0.34, 0, 1))
    z -= grid.ridge(bag, (0.003 + 0.012 * age) * on, 0.02)
    return z.astype(np.float32)


def openness_map(height: np.ndarray) -> np.ndarray:
    """How much of the sky each point of the half grid sees, about 1."""
    occlusion = np.zeros_like(height)
    for sigma in (0.02, 0.06, 0.16):
        blurred = cv2.GaussianBlur(
            height, (0, 0), sigma * DENSITY, borderType=cv2.BORDER_REFLECT_101
        )
        occlusion += np.clip((blurred - height) / sigma, -0.12, 0.5)
    return np.clip(1 - 0.85 * occlusion, 0.25, 1.12)


def skin_maps(grid: HalfGrid, shape: Shape) -> np.ndarray:
    """Where skin is redder, darker, bearded, and oily: (h, w, 4), 0 to 1."""
    s = shape
    bump = grid.bump
    n = s.nose_length / 0.48
    red = (
        0.8 * bump(0.47, 0.36, 0.16, 0.13)
        + 0.7 * bump(0, 0.37 * n, 0.1, 0.08)
        + 0.5 * bump(0.8 * s.alar_x, 0.42 * n, 0.06, 0.05)
        + 0.35 * bump(0, s.gnathion_y - 0.12, 0.14, 0.1)
        + 0.3 * bump(0.36, -0.08, 0.15, 0.04)
    )
    dark = (
        0.8 * bump(0.27, 0.075, 0.1, 0.045)
        + 0.4 * bump(0.2, 0.02, 0.04, 0.04)
        + 0.5 * bump(0.36, -0.09, 0.14, 0.035)
        + 0.35 * bump(0.1, s.inferius_y + 0.05, 0.1, 0.03)
        + 0.3 * bump(1.12 * s.alar_x, 0.43 * n, 0.03, 0.05)
    )
    # Beard: below a line from the sideburn to the corner of the mouth, but
    # for the lips; the moustache leaves the groove of the philtrum thin.
    x, y = grid.x[None], grid.y[:, None]
    cheek = np.interp(
        grid.x,
        [0, 0.2, 0.45, 0.62, 0.74, 0.8],
        [0.5 * n, 0.56 * n, 0.66, 0.5, 0.0, -0.3],
    )
    beard = step(y - cheek[None], -0.06, 0.20) * step(y, -0.35, 0.1)
    beard *= 1 - 0.85 * step(
        1 - (x / 0.16) ** 2 - ((y - s.inferius_y - 0.03) / 0.05) ** 2, -1, 0.9
    )
    beard *= 1 - 0.5 * np.exp(-0.5 * (x / 0.05) ** 2) * step(
        -(y - s.superius_y), -0.02, 0.02
    )
    mouth = step(
        1.0 - (x / s.mouth_x) ** 2 - ((y - s.stomion_y - 0.02) / 0.12) ** 2,
        -0.1,
        0.35,
    )
    beard *= 1 - 0.95 * mouth
    oil = 0.35 + (
        0.6 * bump(0, -0.5, 0.3, 0.15)
        + 0.6 * bump(0, 0.25, 0.06, 0.2)
        + 0.5 * bump(0.4, 0.2, 0.12, 0.07)
        + 0.3 * bump(0, s.gnathion_y - 0.12, 0.1, 0.06)
    )
    return np.stack(
        np.broadcast_arrays(red, dark, beard, oil), axis=-1
    ).astype(np.float32)
