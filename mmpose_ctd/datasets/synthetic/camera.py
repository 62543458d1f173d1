"""Turns light into a picture file's pixels: lens, sensor, tone, JPEG."""

from functools import lru_cache

import cv2
import numpy as np

from .imaging import Imaging

#: Linear light is looked up in this many steps a unit, up to LIMIT.
STEPS, LIMIT = 8192, 4


@lru_cache(maxsize=1)
def tone_curve() -> np.ndarray:
    """Grey levels in [0, 255] over linear light: a shoulder, then sRGB.

    The shoulder keeps highlights from clipping to flat white.
    """
    linear = np.arange(STEPS * LIMIT + 1) / STEPS
    knee = 0.7
    over = np.clip(linear - knee, 0, None) / (1 - knee)
    linear = np.minimum(linear, knee) + (1 - knee) * (1 - np.exp(-over))
    srgb = np.where(
        linear <= 0.0031308,
        12.92 * linear,
        1.055 * linear ** (1 / 2.4) - 0.055,
    )
    return (255 * srgb).astype(np.float32)


def photograph(rgb: np.ndarray, imaging: Imaging) -> np.ndarray:
    """Take the picture.

    Args:
        rgb: Linear light, float32 (H, H, 3).
        imaging: Blur, noise and JPEG quality.

    Returns:
        BGR uint8 (H, H, 3).
    """
    size = rgb.shape[0]
    light = cv2.GaussianBlur(rgb, (0, 0), max(imaging.blur * size, 0.2))
    steps = np.clip(light * STEPS, 0, STEPS * LIMIT).astype(np.int32)
    image = tone_curve()[steps[..., ::-1]]
    rng = np.random.default_rng(imaging.seed)
    noise = rng.standard_normal((size, size, 1), dtype=np.float32)
    image += imaging.noise * noise
    image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    if imaging.jpeg is None:
        return image
    done, data = cv2.imencode(
        '.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, imaging.jpeg]
    )
    if not done:
        raise RuntimeError('OpenCV could not encode the image as JPEG')
    return cv2.imdecode(data, cv2.IMREAD_COLOR)
