"""Predictions and truth on photographs: one face, or a sheet of faces."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..evaluation.functional import image_errors, point_errors
from ._canvas import (
    PAPER,
    checked_image,
    checked_points,
    cut_out,
    draw_points,
    enlarge,
    face_window,
    square,
    text_bar,
)

#: Shortest side of a single face in pixels.
_SIDE = 768
#: Side of a face on a sheet, and the white space between two, in pixels.
_CELL, _GAP = 400, 8


def draw_landmarks(
    image: np.ndarray,
    pred: np.ndarray,
    truth: np.ndarray,
    visible: np.ndarray | None = None,
    error: float | None = None,
    unit: str = 'px',
    margin: float | None = None,
) -> np.ndarray:
    """Draw predicted and true landmarks on an enlarged copy of a face.

    A true point is a green ring, its prediction an orange dot, joined by a
    line. A strip below has the legend and the mean error.

    Args:
        image (np.ndarray): Face, (H, W, 3), uint8, BGR.
        pred (np.ndarray): Predicted points (x, y) in pixels of ``image``,
            (K, 2).
        truth (np.ndarray): True points in pixels of ``image``, (K, 2).
        visible (np.ndarray, optional): Nonzero where the truth is known,
            (K,). Elsewhere only the prediction is drawn. Defaults to all.
        error (float, optional): Mean error to print, in ``unit``. Defaults
            to the mean distance of the points, in pixels of ``image``.
        unit (str): Unit of ``error``. Defaults to ``'px'``.
        margin (float, optional): Show the square around the true points,
            wider by this share on each side. Defaults to the whole image.

    Returns:
        np.ndarray: Picture of the enlarged face and the strip, uint8, BGR.
    """
    image = checked_image(image)
    pred, truth, visible = checked_points(pred, truth, visible)
    if error is None:
        errors = point_errors(pred[None], truth[None], visible[None])
        error = float(image_errors(errors)[0])
    window = (0, 0, *image.shape[1::-1])
    if margin is not None:
        window = face_window(image, truth, visible, margin)
    factor = max(1.0, _SIDE / min(window[2:]))
    side = factor * min(window[2:])
    face = _face(image, window, (pred, truth, visible), factor, side / 110)
    caption = 'no visible landmark'
    if np.isfinite(error):
        caption = f'mean error {error:.2f} {unit}'
    size = max(12, round(side / 36))
    bar = text_bar(face.shape[1], right=caption, size=size, legend=True)
    return np.vstack([face, bar])


def landmark_grid(
    images: Sequence[np.ndarray],
    predictions: Mapping[str, np.ndarray],
    truth: np.ndarray,
    visible: np.ndarray,
    names: Sequence[str],
) -> np.ndarray:
    """Draw N faces in a row for each system, each with its mean error.

    Args:
        images (Sequence[np.ndarray]): N faces, each (H, W, 3), uint8, BGR,
            of any size.
        predictions (Mapping[str, np.ndarray]): System -> predicted points
            (x, y) in pixels of each image, (N, K, 2).
        truth (np.ndarray): True points in pixels of each image, (N, K, 2).
        visible (np.ndarray): Nonzero where the truth is known, (N, K).
        names (Sequence[str]): Of the N faces, such as ``'best'``.

    Returns:
        np.ndarray: The sheet, uint8, BGR.
    """
    if not len(images) or not predictions:
        raise ValueError(
            f'nothing to draw: {len(images)} images, {len(predictions)} '
            'systems.'
        )
    lengths = {len(images), len(truth), len(visible), len(names)}
    lengths |= {len(pred) for pred in predictions.values()}
    if len(lengths) > 1:
        raise ValueError(
            f'{len(images)} images, but {len(truth)} rows of truth, '
            f'{len(visible)} of visibility, {len(names)} names, and '
            f'predictions of {[len(p) for p in predictions.values()]} faces.'
        )
    size, width = round(_CELL / 22), (_CELL + _GAP) * len(images) + _GAP
    rows = []
    for system, pred in predictions.items():
        rows.append(text_bar(width, system, size=round(1.3 * size), bold=True))
        cells = []
        for i, image in enumerate(images):
            points = checked_points(pred[i], truth[i], visible[i])
            errors = point_errors(*(p[None] for p in points))
            # The truth sets the window: it is the same for all systems.
            window = square(face_window(checked_image(image), *points[1:]))
            face = _face(image, window, points, _CELL / window[2], _CELL / 80)
            error = f'{image_errors(errors)[0]:.2f} px'
            bar = text_bar(_CELL, names[i], error, size)
            cells.append(np.vstack([face, bar]))
        rows.append(_beside(cells))
    rows.append(text_bar(width, size=size, legend=True))
    return np.vstack(rows)


def _face(image, window, points, factor: float, radius: float) -> np.ndarray:
    """A part of an image, enlarged, with its points."""
    pred, truth, visible = points
    origin = window[:2]
    face = enlarge(cut_out(image, window), factor)
    draw_points(
        face, pred - origin, truth - origin, visible, factor, max(4, radius)
    )
    return face


def _beside(cells: Sequence[np.ndarray]) -> np.ndarray:
    gap = np.full((cells[0].shape[0], _GAP, 3), PAPER, dtype=np.uint8)
    return np.hstack([gap, *(part for cell in cells for part in (cell, gap))])
