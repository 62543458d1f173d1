"""Contact sheets: many faces in one picture."""

from collections.abc import Sequence

import cv2
import numpy as np


def contact_sheet(
    images: Sequence[np.ndarray],
    landmarks: Sequence[np.ndarray | None] | None = None,
    columns: int = 6,
    side: int = 256,
) -> np.ndarray:
    """Tile square images.

    Args:
        images: BGR uint8, each (H, H, 3).
        landmarks: For each image pixels (K, 2) to mark, or None.
        columns: Images in a row.
        side: Side of an image in the sheet, in pixels.

    Returns:
        BGR uint8 (rows * side, columns * side, 3).
    """
    if not images:
        raise ValueError('a contact sheet needs at least one image')
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    sheet = np.full((rows * side, columns * side, 3), 255, dtype=np.uint8)
    for i, image in enumerate(images):
        zoom = side / image.shape[0]
        tile = cv2.resize(
            image,
            (side, side),
            interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC,
        )
        points = landmarks[i] if landmarks is not None else None
        if points is not None:
            _mark(tile, (np.asarray(points) + 0.5) * zoom - 0.5)
        row, column = divmod(i, columns)
        sheet[
            row * side : (row + 1) * side, column * side : (column + 1) * side
        ] = tile
    return sheet


def _mark(image: np.ndarray, points: np.ndarray) -> None:
    """Draw a small ring around each point (K, 2) of the image, in place."""
    bits = 4  # OpenCV draws at fractions of a pixel in fixed-point numbers.
    for x, y in np.rint(points * 2**bits).astype(int).tolist():
        cv2.circle(
            image, (x, y), 2 * 2**bits, (60, 255, 60), -1, cv2.LINE_AA, bits
        )
