"""A sheet of crops around single points, each with where it is expected."""

from collections.abc import Sequence

import numpy as np

from ._canvas import (
    PAPER,
    checked_image,
    cut_out,
    draw_points,
    enlarge,
    enlarged,
    text_bar,
    tile,
)

# Side of a crop and white space in pixels, and crops in a row.
_CELL, _GAP, _COLUMNS = 320, 8, 5


def point_sheet(
    images: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    expected: Sequence[np.ndarray],
    reaches: Sequence[float],
    titles: Sequence[str],
) -> np.ndarray:
    """Draw N points, each in a square crop of its photograph.

    Args:
        images (Sequence[np.ndarray]): N photographs, each (H, W, 3), uint8,
            BGR.
        labels (Sequence[np.ndarray]): N points (x, y), pixels of the image.
        expected (Sequence[np.ndarray]): Where they are expected, likewise.
        reaches (Sequence[float]): Half a crop's side, pixels of the image.
        titles (Sequence[str]): N texts below the crops.

    Returns:
        np.ndarray: The sheet, uint8, BGR.

    Raises:
        ValueError: If there are no images, or lengths differ.
    """
    every = images, labels, expected, reaches, titles
    if not len(images) or len({*map(len, every)}) > 1:
        raise ValueError(
            f'{[*map(len, every)]} images, labels, expected points, reaches '
            'and titles; expected equal numbers, at least one.'
        )
    sheet = tile([_cell(*one) for one in zip(*every)], _COLUMNS)
    legend = text_bar(
        sheet.shape[1],
        'green ring: the label   orange dot: where it is expected',
        size=_CELL // 20,
    )
    return np.vstack([sheet, legend])


def _cell(image, label, expected, reach: float, title: str) -> np.ndarray:
    points = np.array([label, expected], float)
    side = max(8, round(2 * reach))
    # The window's middle is the label's and the expected place's.
    corner = np.round(points.mean(axis=0) + 0.5 - side / 2).astype(int)
    window = int(corner[0]), int(corner[1]), side, side
    factor = _CELL / side
    crop = enlarge(cut_out(checked_image(image), window), factor)
    placed = enlarged(points - corner, factor)
    draw_points(crop, placed[1:], placed[:1], np.ones(1, bool), _CELL / 40)
    cell = np.full((_CELL + _GAP, _CELL + _GAP, 3), PAPER[0], np.uint8)
    start = _GAP // 2
    cell[start : start + _CELL, start : start + _CELL] = crop
    return np.vstack([cell, text_bar(cell.shape[1], title, size=_CELL // 22)])
