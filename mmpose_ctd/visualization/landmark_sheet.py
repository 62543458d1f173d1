"""Contact sheets of labelled pictures: is everything where it belongs?"""

from collections.abc import Sequence

import numpy as np

from ..datasets.landmark_names import landmark_color
from ._canvas import (
    INK,
    PAPER,
    checked_image,
    draw_circle,
    enlarge,
    text_bar,
)

__all__ = ['landmark_sheet']

#: White space between cells, in pixels.
_GAP = 8


def landmark_sheet(
    images: Sequence[np.ndarray],
    keypoints: Sequence[np.ndarray],
    names: Sequence[str],
    titles: Sequence[str],
    columns: int = 5,
    cell_size: int = 360,
) -> np.ndarray:
    """Draw labelled pictures in a grid, landmarks in their side's colour.

    The subject's right is orange, the left blue, the midline green: swapped
    names are seen at once.

    Args:
        images (Sequence[np.ndarray]): N pictures, each (H, W, 3), uint8, BGR.
        keypoints (Sequence[np.ndarray]): For each (K, 3): x, y in its pixels
            and visibility, 0 where there is none.
        names (Sequence[str]): The K landmarks.
        titles (Sequence[str]): N texts below the pictures.
        columns (int): Pictures in a row. Defaults to 5.
        cell_size (int): Longer side of a picture on the sheet, in pixels.
            Defaults to 360.

    Returns:
        np.ndarray: The sheet, uint8, BGR.

    Raises:
        ValueError: If there are no images, or lengths differ.
    """
    if not len(images) or not (len(images) == len(keypoints) == len(titles)):
        raise ValueError(
            f'{len(images)} images, {len(keypoints)} arrays of keypoints and '
            f'{len(titles)} titles; expected as many of each, and one at '
            'least.'
        )
    cells = [
        _cell(image, points, names, title, cell_size)
        for image, points, title in zip(images, keypoints, titles)
    ]
    columns = min(columns, len(cells))
    blank = np.full_like(cells[0], PAPER[0])
    cells += [blank] * (-len(cells) % columns)
    rows = [
        np.hstack(cells[start : start + columns])
        for start in range(0, len(cells), columns)
    ]
    legend = text_bar(
        rows[0].shape[1],
        "orange: the subject's right   blue: left   green: midline",
        size=max(10, cell_size // 22),
    )
    return np.vstack([*rows, legend])


def _cell(
    image: np.ndarray,
    keypoints: np.ndarray,
    names: Sequence[str],
    title: str,
    cell_size: int,
) -> np.ndarray:
    image = checked_image(image)
    keypoints = np.asarray(keypoints, dtype=np.float64)
    if keypoints.shape != (len(names), 3):
        raise ValueError(
            f'keypoints of {title!r} are {keypoints.shape}; expected '
            f'({len(names)}, 3).'
        )
    factor = cell_size / max(image.shape[:2])
    face = enlarge(image, factor)
    radius = max(2.5, cell_size / 110)
    for (x, y, visible), name in zip(keypoints, names):
        if visible:
            # Resizing keeps corners in place, not centres.
            centre = np.array([x, y]) + 0.5
            centre = centre * factor - 0.5
            draw_circle(face, centre, radius + 1, INK, -1)
            draw_circle(face, centre, radius, landmark_color(name), -1)
    height, width = face.shape[:2]
    cell = np.full(
        (cell_size + _GAP, cell_size + _GAP, 3), PAPER[0], dtype=np.uint8
    )
    top, left = (cell_size - height) // 2, (cell_size - width) // 2
    cell[top : top + height, left : left + width] = face
    bar = text_bar(cell_size + _GAP, title, size=max(10, cell_size // 24))
    return np.vstack([cell, bar])
