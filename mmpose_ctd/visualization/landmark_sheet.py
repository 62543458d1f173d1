"""Contact sheets of labelled photographs."""

from collections.abc import Sequence

import numpy as np

from ..landmark_sides import side_of
from ._canvas import (
    INK,
    PAPER,
    checked_image,
    draw_circle,
    enlarge,
    text_bar,
)

#: BGR, of the subject's right, left and midline.
_COLOURS = {'R': (0, 119, 238), 'L': (238, 136, 0), None: (60, 180, 60)}
#: Photographs in a row, longer side of each, and space between, in pixels.
_COLUMNS, _CELL, _GAP = 5, 360, 8


def landmark_sheet(
    images: Sequence[np.ndarray],
    keypoints: Sequence[np.ndarray],
    names: Sequence[str],
    titles: Sequence[str],
) -> np.ndarray:
    """Draw labelled photographs in a grid, each landmark in its side's colour.

    The subject's right is orange, the left blue, the midline green, which
    makes swapped names obvious.

    Args:
        images (Sequence[np.ndarray]): N photographs, each (H, W, 3), uint8,
            BGR.
        keypoints (Sequence[np.ndarray]): For each (K, 3): x, y in its pixels
            and visibility, 0 if missing.
        names (Sequence[str]): The K landmarks.
        titles (Sequence[str]): N texts below the photographs.

    Returns:
        np.ndarray: The sheet, uint8, BGR.

    Raises:
        ValueError: If there are no images, or lengths differ.
    """
    if not len(images) or not (len(images) == len(keypoints) == len(titles)):
        raise ValueError(
            f'{len(images)} images, {len(keypoints)} arrays of keypoints and '
            f'{len(titles)} titles; expected equal numbers, at least one.'
        )
    cells = [_cell(*one, names) for one in zip(images, keypoints, titles)]
    columns = min(_COLUMNS, len(cells))
    blank = np.full_like(cells[0], PAPER[0])
    cells += [blank] * (-len(cells) % columns)
    rows = [
        np.hstack(cells[start : start + columns])
        for start in range(0, len(cells), columns)
    ]
    legend = text_bar(
        rows[0].shape[1],
        "orange: the subject's right   blue: left   green: midline",
        size=_CELL // 22,
    )
    return np.vstack([*rows, legend])


def _cell(
    image: np.ndarray,
    keypoints: np.ndarray,
    title: str,
    names: Sequence[str],
) -> np.ndarray:
    image = checked_image(image)
    keypoints = np.asarray(keypoints, dtype=np.float64)
    if keypoints.shape != (len(names), 3):
        raise ValueError(
            f'keypoints of {title!r} are {keypoints.shape}; expected '
            f'({len(names)}, 3).'
        )
    factor = _CELL / max(image.shape[:2])
    face = enlarge(image, factor)
    radius = _CELL / 110
    for (x, y, visible), name in zip(keypoints, names):
        if visible:
            # Resizing keeps the corners of pixels in place, not their centres.
            centre = (np.array([x, y]) + 0.5) * factor - 0.5
            draw_circle(face, centre, radius + 1, INK, -1)
            draw_circle(face, centre, radius, _COLOURS[side_of(name)], -1)
    height, width = face.shape[:2]
    side = _CELL + _GAP
    cell = np.full((side, side, 3), PAPER[0], dtype=np.uint8)
    top, left = (_CELL - height) // 2, (_CELL - width) // 2
    cell[top : top + height, left : left + width] = face
    return np.vstack([cell, text_bar(side, title, size=_CELL // 24)])
