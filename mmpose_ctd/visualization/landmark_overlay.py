"""Landmarks on photographs: one face, or a sheet of faces."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..evaluation.functional import image_errors, point_errors
from ..landmark_sides import colour_of
from ._canvas import (
    INK,
    PAPER,
    checked_image,
    cut_out,
    draw_circle,
    draw_points,
    enlarge,
    enlarged,
    face_window,
    square,
    text_bar,
    tile,
)

#: Shortest side of a single face in pixels.
_SIDE = 768
#: Side of a face of a grid, and the white space between two, in pixels.
_CELL, _GAP = 400, 8
#: Labelled photographs in a row, and the longer side of each in pixels.
_COLUMNS, _LABELLED = 5, 360


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
    points = _checked_points(pred, truth, visible)
    if error is None:
        error = _mean_distance(points)
    window = (0, 0, *image.shape[1::-1])
    if margin is not None:
        window = face_window(image, *points[1:], margin)
    factor = max(1.0, _SIDE / min(window[2:]))
    side = factor * min(window[2:])
    face = _face(image, window, points, factor, side / 110)
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

    Raises:
        ValueError: If there are no images or predictions, or lengths differ.
    """
    lengths = [len(x) for x in (images, truth, visible, names)]
    lengths += [len(pred) for pred in predictions.values()]
    if not predictions or len(set(lengths)) > 1 or not lengths[0]:
        raise ValueError(
            f'{lengths[0]} images, {lengths[1]} rows of truth, {lengths[2]} '
            f'of visibility, {lengths[3]} names and predictions of '
            f'{lengths[4:]} faces; expected equal numbers, at least one, and '
            'one system or more.'
        )
    size, width = round(_CELL / 22), (_CELL + _GAP) * len(images) + _GAP
    rows = []
    for system, pred in predictions.items():
        rows.append(text_bar(width, system, size=round(1.3 * size), bold=True))
        cells = []
        for i, image in enumerate(images):
            points = _checked_points(pred[i], truth[i], visible[i])
            # The truth sets the window: it is the same for all systems.
            window = square(face_window(checked_image(image), *points[1:]))
            face = _face(image, window, points, _CELL / window[2], _CELL / 80)
            error = f'{_mean_distance(points):.2f} px'
            bar = text_bar(_CELL, names[i], error, size)
            cell = np.vstack([face, bar])
            gap = np.full((len(cell), _GAP, 3), PAPER[0], dtype=np.uint8)
            cells += [gap, cell]
        rows.append(np.hstack([*cells, gap]))
    rows.append(text_bar(width, size=size, legend=True))
    return np.vstack(rows)


def _checked_points(
    pred: np.ndarray, truth: np.ndarray, visible: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points as (K, 2), float64; visibility as (K,), bool."""
    pred = np.asarray(pred, dtype=np.float64)
    truth = np.asarray(truth, dtype=np.float64)
    if pred.ndim != 2 or pred.shape[1] != 2 or truth.shape != pred.shape:
        raise ValueError(
            'pred and truth must both be (K, 2), found '
            f'{pred.shape} and {truth.shape}.'
        )
    if visible is None:
        visible = np.ones(len(pred), dtype=bool)
    visible = np.asarray(visible).astype(bool)
    if visible.shape != pred.shape[:1]:
        raise ValueError(
            f'visible must be (K,) = ({len(pred)},), found {visible.shape}.'
        )
    return pred, truth, visible


def _mean_distance(points: tuple[np.ndarray, ...]) -> float:
    errors = point_errors(*(part[None] for part in points))
    return float(image_errors(errors)[0])


def _face(image, window, points, factor: float, radius: float) -> np.ndarray:
    """A part of an image, enlarged, with its points."""
    face = enlarge(cut_out(image, window), factor)
    pred, truth = (enlarged(p - window[:2], factor) for p in points[:2])
    draw_points(face, pred, truth, points[2], max(4, radius))
    return face


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
    cells = [
        _labelled_cell(*one, names) for one in zip(images, keypoints, titles)
    ]
    sheet = tile(cells, _COLUMNS)
    legend = text_bar(
        sheet.shape[1],
        "orange: the subject's right   blue: left   green: midline",
        size=_LABELLED // 22,
    )
    return np.vstack([sheet, legend])


def _labelled_cell(image, keypoints, title: str, names) -> np.ndarray:
    image = checked_image(image)
    keypoints = np.asarray(keypoints, dtype=np.float64)
    if keypoints.shape != (len(names), 3):
        raise ValueError(
            f'keypoints of {title!r} are {keypoints.shape}; expected '
            f'({len(names)}, 3).'
        )
    factor = _LABELLED / max(image.shape[:2])
    face = enlarge(image, factor)
    radius = _LABELLED / 110
    for (*point, visible), name in zip(keypoints, names):
        if visible:
            centre = enlarged(point, factor)
            draw_circle(face, centre, radius + 1, INK, -1)
            draw_circle(face, centre, radius, colour_of(name), -1)
    height, width = face.shape[:2]
    side = _LABELLED + _GAP
    cell = np.full((side, side, 3), PAPER[0], dtype=np.uint8)
    top, left = (_LABELLED - height) // 2, (_LABELLED - width) // 2
    cell[top : top + height, left : left + width] = face
    return np.vstack([cell, text_bar(side, title, size=_LABELLED // 24)])
