"""Landmarks on photographs: one face, or a sheet of faces."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..evaluation.functional import image_errors, point_errors
from ..landmark_sides import colour_of
from ._canvas import (
    INK,
    PAPER,
    cut_out,
    draw_circle,
    draw_points,
    enlarge,
    enlarged,
    face_window,
    text_bar,
    tile,
    titled,
)
from .face_panels import FaceView

#: Shortest side of a single face in pixels.
_SIDE = 768
#: Side of a face of a grid, and the white space between two, in pixels.
_CELL, _GAP = 400, 8
#: Longer side of a labelled photograph, and side of a point's crop.
_LABELLED, _CROP = 360, 320


def draw_landmarks(
    image: np.ndarray,
    pred: np.ndarray,
    truth: np.ndarray,
    visible: np.ndarray,
    error: float,
    unit: str,
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
        visible (np.ndarray): Whether the truth is known, bool, (K,).
            Elsewhere only the prediction is drawn.
        error (float): Mean error to print, in ``unit``; NaN if unknown.
        unit (str): Unit of ``error``.
        margin (float, optional): Show the square around the true points,
            wider by this share on each side. Defaults to the whole image.

    Returns:
        np.ndarray: Picture of the enlarged face and the strip, uint8, BGR.
    """
    window = (0, 0, *image.shape[1::-1])
    if margin is not None:
        window = face_window(image, truth, visible, margin)
    factor = max(1.0, _SIDE / min(window[2:]))
    side = factor * min(window[2:])
    face = enlarge(cut_out(image, window), factor)
    pred, truth = (enlarged(p - window[:2], factor) for p in (pred, truth))
    draw_points(face, pred, truth, visible, side / 110)
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
        visible (np.ndarray): Whether the truth is known, bool, (N, K).
        names (Sequence[str]): Of the N faces, such as ``'best'``.

    Returns:
        np.ndarray: The sheet, uint8, BGR.
    """
    size, width = round(_CELL / 22), (_CELL + _GAP) * len(images) + _GAP
    # The truth sets the window: it is the same for all systems.
    views = [FaceView(*one, _CELL) for one in zip(images, truth, visible)]
    rows = []
    for system, pred in predictions.items():
        rows.append(text_bar(width, system, size=round(1.3 * size), bold=True))
        errors = image_errors(point_errors(pred, truth, visible))
        cells = []
        for view, points, name, error in zip(views, pred, names, errors):
            face = view.with_prediction(points)
            bar = text_bar(_CELL, name, f'{error:.2f} px', size=size)
            cell = np.vstack([face, bar])
            gap = np.full((len(cell), _GAP, 3), PAPER[0], dtype=np.uint8)
            cells += [gap, cell]
        rows.append(np.hstack([*cells, gap]))
    rows.append(text_bar(width, size=size, legend=True))
    return np.vstack(rows)


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
    """
    radius = _LABELLED / 110
    cells = []
    for image, points, title in zip(images, keypoints, titles, strict=True):
        factor = _LABELLED / max(image.shape[:2])
        face = enlarge(image, factor)
        for (*point, visible), name in zip(points, names, strict=True):
            if visible:
                centre = enlarged(point, factor)
                draw_circle(face, centre, radius + 1, INK, -1)
                draw_circle(face, centre, radius, colour_of(name), -1)
        corner = [(_LABELLED - side) // 2 for side in face.shape[:2]]
        cells.append(titled(face, _LABELLED + _GAP, corner, title, 15))
    return tile(
        cells, "orange: the subject's right   blue: left   green: midline"
    )


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
    """
    cells = []
    for image, *both, reach, title in zip(
        images, labels, expected, reaches, titles, strict=True
    ):
        points = np.array(both, float)
        side = max(8, round(2 * reach))
        # The middle between the label and the expected place.
        corner = np.round(points.mean(axis=0) + 0.5 - side / 2).astype(int)
        factor = _CROP / side
        crop = enlarge(cut_out(image, (*corner, side, side)), factor)
        label, goal = enlarged(points - corner, factor)[:, None]
        draw_points(crop, goal, label, np.ones(1, bool), _CROP / 40)
        place = _GAP // 2, _GAP // 2
        cells.append(titled(crop, _CROP + _GAP, place, title, 14))
    return tile(
        cells, 'green ring: the label   orange dot: where it is expected'
    )
