"""A contact sheet: faces below each other, systems side by side."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..evaluation.functional import image_errors, point_errors
from ._canvas import (
    PAPER,
    checked_image,
    checked_points,
    draw_points,
    enlarge,
    text_bar,
)
from ._crop import cut_out, face_window, square

#: White space between cells, in pixels.
_GAP = 8


def landmark_grid(
    images: Sequence[np.ndarray],
    predictions: Mapping[str, np.ndarray],
    truth: np.ndarray,
    visible: np.ndarray | None = None,
    errors: Mapping[str, np.ndarray] | None = None,
    unit: str = 'px',
    row_names: Sequence[str] | None = None,
    cell_size: int = 400,
    margin: float | None = 0.3,
) -> np.ndarray:
    """Draw N faces by S systems, each cell titled with its mean error.

    Args:
        images (Sequence[np.ndarray]): N faces, each (H, W, 3), uint8, BGR,
            of any size.
        predictions (Mapping[str, np.ndarray]): System's name -> predicted
            points (x, y) in pixels of each image, shape (N, K, 2).
        truth (np.ndarray): True points in pixels of each image, (N, K, 2).
        visible (np.ndarray, optional): Nonzero where the truth is known,
            shape (N, K). Defaults to all.
        errors (Mapping[str, np.ndarray], optional): System's name -> errors
            to print, in ``unit``, shape (N,). Defaults to the mean distances
            in pixels of the images.
        unit (str): Unit of ``errors``. Defaults to ``'px'``.
        row_names (Sequence[str], optional): Text before the error of each
            of the N rows, such as ``'best'``.
        cell_size (int): Side of a cell in pixels. Defaults to 400.
        margin (float, optional): Show only the square around all points of
            a row, wider by this share on each side: small errors are not
            seen on a whole head. None shows the whole image. Defaults to
            0.3.

    Returns:
        np.ndarray: Contact sheet, uint8, BGR.
    """
    truth, visible = _checked(images, predictions, truth, visible)
    num = len(images)
    if errors is None:
        errors = {
            name: image_errors(point_errors(pred, truth, visible))
            for name, pred in predictions.items()
        }
    row_names = [''] * num if row_names is None else list(row_names)
    if len(row_names) != num:
        raise ValueError(
            f'row_names has {len(row_names)} entries for {num} images.'
        )
    size = max(10, round(cell_size / 22))
    header = [
        text_bar(cell_size, name, size=round(1.15 * size), bold=True)
        for name in predictions
    ]
    rows = [_beside(header)]
    for i in range(num):
        window = square(face_window(images[i], truth[i], visible[i], margin))
        cells = []
        for name, pred in predictions.items():
            face = _face(
                images[i], window, pred[i], truth[i], visible[i], cell_size
            )
            label = f'{errors[name][i]:.2f} {unit}'
            # The row's name once, at its beginning.
            row_name = '' if cells else row_names[i]
            bar = text_bar(cell_size, row_name, label, size)
            cells.append(np.vstack([face, bar]))
        rows.append(_beside(cells))
    rows.append(text_bar(rows[0].shape[1], size=size, legend=True))
    return np.vstack(rows)


def _checked(images, predictions, truth, visible):
    truth = np.asarray(truth, dtype=np.float64)
    if not len(images) or not predictions:
        raise ValueError(
            f'nothing to draw: {len(images)} images, {len(predictions)} '
            'systems.'
        )
    for image in images:
        checked_image(image)
    if truth.ndim != 3 or truth.shape[2] != 2 or len(truth) != len(images):
        raise ValueError(
            f'truth must be (N, K, 2) for N = {len(images)} images, found '
            f'{truth.shape}.'
        )
    if visible is None:
        visible = np.ones(truth.shape[:2], dtype=bool)
    visible = np.asarray(visible).astype(bool)
    for name, pred in predictions.items():
        if np.shape(pred) != truth.shape:
            raise ValueError(
                f'predictions of {name!r} must be {truth.shape}, found '
                f'{np.shape(pred)}.'
            )
    return truth, visible


def _face(image, window, pred, truth, visible, cell_size):
    x, y, side, _ = window
    factor = cell_size / side
    face = enlarge(cut_out(image, window), factor)
    pred, truth, visible = checked_points(pred, truth, visible)
    draw_points(
        face,
        pred - (x, y),
        truth - (x, y),
        visible,
        factor,
        radius=max(4, cell_size / 80),
    )
    return face


def _beside(cells: list[np.ndarray]) -> np.ndarray:
    gap = np.full((cells[0].shape[0], _GAP, 3), PAPER, dtype=np.uint8)
    parts = [gap]
    for cell in cells:
        parts += [cell, gap]
    return np.hstack(parts)
