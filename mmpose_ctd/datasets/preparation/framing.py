"""Chooses what is cut out of a photograph."""

import math

import numpy as np

from ..image_crop import ImageCrop

__all__ = ['MARGINS', 'frame_box', 'frame_image']

#: Added on each side, as a share of the box's longer side: the box of a
#: detected face is larger than that of some landmarks.
MARGINS = {'face': 0.35, 'landmarks': 0.5, 'none': 0.0}


def frame_box(
    box: tuple[float, float, float, float],
    points: np.ndarray,
    margin: float,
    image_size: tuple[int, int],
    size: int | None,
    enlarge: bool = False,
) -> ImageCrop:
    """The square around a box, with margin, that holds all points.

    It is moved into the image and, if it is too large, made smaller; it only
    reaches beyond where the points would not fit else.

    Args:
        box (tuple[float, float, float, float]): x, y, width, height, where
            the image's upper left corner is (0, 0).
        points (np.ndarray): (N, 2), pixels of the image, none of them NaN.
        margin (float): Added on each side, in longer sides of the box.
        image_size (tuple[int, int]): Width and height of the image.
        size (int, optional): Side of the result, in pixels. None keeps the
            crop's own.
        enlarge (bool): Whether a smaller crop is enlarged to it.

    Returns:
        ImageCrop: A square.
    """
    x, y, width, height = box
    side = max(width, height) * (1 + 2 * margin)
    centre = np.array([x + width / 2, y + height / 2])
    # Repeated borders teach nothing: rather cut closer, as far as the
    # landmarks allow.
    side = min(side, *image_size)
    low, high = centre - side / 2, centre + side / 2
    # Pixels have their centres at halves here. A point at the very edge
    # would be lost with the next rotation.
    room = max(1.0, 0.03 * side)
    low = np.minimum(low, points.min(axis=0) + 0.5 - room)
    high = np.maximum(high, points.max(axis=0) + 0.5 + room)
    side = max(1, math.ceil((high - low).max()))
    start = np.round((low + high - side) / 2).astype(int)
    start = [
        int(np.clip(a, 0, length - side)) if side <= length else int(a)
        for a, length in zip(start, image_size)
    ]
    return ImageCrop(*start, side, side, *[_out(side, size, enlarge)] * 2)


def frame_image(
    image_size: tuple[int, int], size: int | None, enlarge: bool = False
) -> ImageCrop:
    """The whole image, its longer side brought to ``size``.

    Args:
        image_size (tuple[int, int]): Width and height.
        size (int, optional): See :func:`frame_box`.
        enlarge (bool): See :func:`frame_box`.
    """
    longer = max(image_size)
    scale = _out(longer, size, enlarge) / longer
    out = (max(1, round(length * scale)) for length in image_size)
    return ImageCrop(0, 0, *image_size, *out)


def _out(side: int, size: int | None, enlarge: bool) -> int:
    if size is None or (side < size and not enlarge):
        return side
    return size
