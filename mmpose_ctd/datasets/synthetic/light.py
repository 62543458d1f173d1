"""Light on a relief: diffuse with soft shadows, and gloss."""

import cv2
import numpy as np

from .imaging import Imaging


def half_way(light) -> tuple[float, float, float]:
    """Unit vector half-way between the lamp and the camera in front."""
    lx, ly, lz = light
    length = float(np.hypot(np.hypot(lx, ly), lz + 1))
    return lx / length, ly / length, (lz + 1) / length


def light_on(imaging: Imaging, nx, ny) -> np.ndarray:
    """Diffuse light on a plain surface.

    Args:
        imaging: The lamp and the surrounding light.
        nx, ny: The surface's normal, each (H, W).

    Returns:
        Linear RGB (H, W, 3).
    """
    nz = np.sqrt(np.clip(1 - nx * nx - ny * ny, 0.02, 1))
    lx, ly, lz = imaging.light
    facing = np.clip((nx * lx + ny * ly + nz * lz + 0.2) / 1.2, 0, None)
    return facing[..., None] * np.float32(imaging.key) + sky_light(ny, nz)[
        ..., None
    ] * np.float32(imaging.fill)


def sky_light(ny, nz):
    """Light from all around: more from above, less from behind."""
    return (0.78 - 0.22 * ny) * (0.45 + 0.55 * nz)


class Lighting:
    """Diffuse, ambient and specular light on a height map.

    Args:
        height: Relief in biocular widths, float32 (H, W).
        scale: Pixels a biocular width.
        imaging: Light direction and colours, yaw and pitch.
        openness: How much of the sky a point sees, (H, W).
        fine: Fine relief in biocular widths, (H, W); only tilts normals.

    Attributes:
        diffuse: Light that reaches the skin, linear RGB (H, W, 3).
        gloss: Specular reflection of the key light, (H, W), 0 to 1.
    """

    def __init__(
        self,
        height: np.ndarray,
        scale: float,
        imaging: Imaging,
        openness: np.ndarray,
        fine: np.ndarray,
    ) -> None:
        height = height * scale
        gy, gx = np.gradient(height + scale * fine)
        # Contours never turn quite away from the camera: no black outlines.
        limit = 1 / np.sqrt(1 + (gx * gx + gy * gy) / 7)
        gx, gy = gx * limit, gy * limit
        # The head turns under the lamp: tilting the slopes is enough here.
        gx -= float(np.tan(imaging.yaw))
        gy -= float(np.tan(imaging.pitch))
        length = np.sqrt(gx * gx + gy * gy + 1)
        nx, ny, nz = -gx / length, -gy / length, 1 / length
        lx, ly, lz = imaging.light
        facing = nx * lx + ny * ly + nz * lz
        shadow = self._shadow(height, scale, imaging.light)
        # Light bleeds under the skin, red the farthest: the terminator is
        # softer and redder than that of plaster.
        wrap = np.float32([0.36, 0.20, 0.14])
        soft = (facing[..., None] + wrap) / (1 + wrap)
        np.clip(soft, 0, None, out=soft)
        # Red light also reaches farther into shadows and hollows.
        lit = 1 - shadow[..., None] * np.float32([0.85, 1.0, 1.05])
        sky = sky_light(ny, nz) * openness
        warm = 1 - (1 - openness[..., None]) * np.float32([0.0, 0.12, 0.2])
        self.diffuse = (
            np.float32(imaging.key)
            * soft
            * lit
            * cv2.sqrt(openness)[..., None]
            + np.float32(imaging.fill) * sky[..., None]
        ) * warm
        hx, hy, hz = half_way(imaging.light)
        shine = np.clip(nx * hx + ny * hy + nz * hz, 0, 1)
        fresnel = 0.6 + 0.8 * (1 - nz) ** 2
        self.gloss = (
            (0.55 * cv2.pow(shine, 10) + 0.9 * cv2.pow(shine, 42))
            * (1 - shadow)
            * openness
            * fresnel
        )

    @staticmethod
    def _shadow(height: np.ndarray, scale: float, light) -> np.ndarray:
        """Soft cast shadow in [0, 1], by stepping towards the lamp."""
        lx, ly, lz = light
        across = np.hypot(lx, ly)
        if across < 1e-3:
            return np.zeros_like(height)
        rise = lz / across
        shade = np.zeros_like(height)
        for reach in (0.02, 0.045, 0.08, 0.12, 0.19):
            far = reach * scale
            move = np.float32(
                [[1, 0, lx / across * far], [0, 1, ly / across * far]]
            )
            higher = cv2.warpAffine(
                height,
                move,
                height.shape[::-1],
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )
            above = (higher - height - rise * far) / (0.35 * far + 1)
            np.maximum(shade, above, out=shade)
        return 0.55 * cv2.GaussianBlur(
            np.clip(shade, 0, 1), (0, 0), 0.025 * scale
        )
