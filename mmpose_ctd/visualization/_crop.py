"""The part of an image to show."""

import numpy as np

from ._canvas import PAPER


def face_window(
    image: np.ndarray,
    truth: np.ndarray,
    visible: np.ndarray,
    margin: float = 0.3,
) -> tuple[int, int, int, int]:
    """The square around the visible points; it may leave the image.

    Predictions do not count: a single wild one would shrink the face.

    Args:
        image (np.ndarray): Image (H, W, 3).
        truth (np.ndarray): True points in pixels of the image, (K, 2).
        visible (np.ndarray): Whether each is known, bool, (K,).
        margin (float): Share by which it is wider on each side. Defaults to
            0.3.

    Returns:
        tuple[int, int, int, int]: x, y, width, height in image pixels; the
        whole image if no point is visible.
    """
    if not visible.any():
        return 0, 0, image.shape[1], image.shape[0]
    low, high = truth[visible].min(axis=0), truth[visible].max(axis=0)
    side = max(16, round((high - low).max() * (1 + 2 * margin)))
    x, y = np.round((low + high + 1) / 2 - side / 2).astype(int)
    return int(x), int(y), side, side


def square(window: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The smallest square around a rectangle, with the same centre."""
    x, y, width, height = window
    side = max(width, height)
    return x - (side - width) // 2, y - (side - height) // 2, side, side


def cut_out(
    image: np.ndarray, window: tuple[int, int, int, int]
) -> np.ndarray:
    """Copy a rectangle of an image; white where it leaves the image."""
    x, y, width, height = window
    cut = np.full((height, width, 3), PAPER, dtype=np.uint8)
    x0, y0 = max(x, 0), max(y, 0)
    x1 = max(x0, min(x + width, image.shape[1]))
    y1 = max(y0, min(y + height, image.shape[0]))
    if x0 < x1 and y0 < y1:
        cut[y0 - y : y1 - y, x0 - x : x1 - x] = image[y0:y1, x0:x1]
    return cut
