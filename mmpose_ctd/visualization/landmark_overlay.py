"""Prediction against truth on one face."""

import numpy as np

from ..evaluation.functional import image_errors, point_errors
from ._canvas import (
    checked_image,
    checked_points,
    draw_points,
    enlarge,
    text_bar,
)
from ._crop import cut_out, face_window


def draw_landmarks(
    image: np.ndarray,
    pred: np.ndarray,
    truth: np.ndarray,
    visible: np.ndarray | None = None,
    title: str = '',
    error: float | None = None,
    unit: str = 'px',
    min_side: int = 768,
    margin: float | None = None,
) -> np.ndarray:
    """Draw predicted and true landmarks on an enlarged copy of a face.

    A true point is a green ring, its prediction an orange dot, joined by a
    line; a strip below the face holds the legend and the mean error.

    Args:
        image (np.ndarray): Face, shape (H, W, 3), uint8, BGR.
        pred (np.ndarray): Predicted points (x, y) in pixels of ``image``,
            shape (K, 2).
        truth (np.ndarray): True points in pixels of ``image``, (K, 2).
        visible (np.ndarray, optional): Nonzero where the truth is known,
            shape (K,). Elsewhere only the prediction is drawn. Defaults to
            all.
        title (str): Text before the error. Defaults to none.
        error (float, optional): Mean error to print, in ``unit``. Defaults
            to the mean distance of the points drawn, in pixels of ``image``.
        unit (str): Unit of ``error``. Defaults to ``'px'``.
        min_side (int): Enlarge until the shorter side has as many pixels;
            a larger image keeps its size. Defaults to 768.
        margin (float, optional): Show only the square around the true
            points, wider by this share on each side: errors of a pixel are
            hard to see on a whole head. Defaults to None, the whole image.

    Returns:
        np.ndarray: Picture of the enlarged face and the strip, uint8, BGR.
    """
    image = checked_image(image)
    pred, truth, visible = checked_points(pred, truth, visible)
    if error is None:
        errors = point_errors(pred[None], truth[None], visible[None])
        error = float(image_errors(errors)[0])
    x, y, width, height = face_window(image, truth, visible, margin)
    factor = max(1.0, min_side / min(width, height))
    picture = enlarge(cut_out(image, (x, y, width, height)), factor)
    side = min(picture.shape[:2])
    draw_points(
        picture,
        pred - (x, y),
        truth - (x, y),
        visible,
        factor,
        radius=max(4, side / 110),
    )
    caption = (
        f'mean error {error:.2f} {unit}'
        if np.isfinite(error)
        else 'no visible landmark'
    )
    if title:
        caption = f'{title}   {caption}'
    bar = text_bar(
        picture.shape[1],
        right=caption,
        size=max(12, round(side / 36)),
        legend=True,
    )
    return np.vstack([picture, bar])
