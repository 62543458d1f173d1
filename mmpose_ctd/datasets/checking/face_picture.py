"""Draws a suspect face, and the mean shape to compare it with."""

from collections.abc import Collection, Mapping, Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw

from mmpose_ctd.visualization._canvas import (
    INK,
    PAPER,
    PREDICTION,
    RIM,
    TRUTH,
    cut_out,
    enlarge,
    enlarged,
    face_window,
    font_of,
)

_SUSPECT = (60, 60, 235)
_SIDE = 480
_MARGIN = 0.25
# With more suspects than this all names are small, and only where there is
# room.
_LOUD = 6


def draw_suspect(
    image: np.ndarray,
    points: np.ndarray,
    names: Sequence[str],
    suspects: Collection[str],
    expected: Mapping[str, Sequence[float]],
) -> np.ndarray:
    """Draw a face with its points; suspects are red and named.

    Args:
        image (np.ndarray): (H, W, 3), uint8, BGR.
        points (np.ndarray): (K, 2) in pixels of the image; NaN where missing.
        names (Sequence[str]): The K landmarks.
        suspects (Collection[str]): Of these, the suspects.
        expected (Mapping): Landmark -> where it is expected; a line joins it
            to the point.

    Returns:
        np.ndarray: Picture of 480 pixels a side, uint8, BGR.
    """
    seen = np.isfinite(points).all(axis=1)
    # A point far outside would shrink the face to nothing.
    limit = np.array(image.shape[1::-1])
    near = seen & ((points > -0.2 * limit) & (points < 1.2 * limit)).all(1)
    x, y, width, height = face_window(image, points, near, _MARGIN)
    factor = _SIDE / max(width, height)

    def placed(points) -> np.ndarray:
        return enlarged(np.asarray(points) - (x, y), factor)

    picture = enlarge(cut_out(image, (x, y, width, height)), factor)
    canvas = Image.fromarray(np.ascontiguousarray(picture[..., ::-1]))
    goals = {name: placed(point) for name, point in expected.items()}
    _draw_points(canvas, placed(points), names, suspects, PAPER, goals)
    return np.array(canvas)[..., ::-1]


def draw_mean_shape(
    mean: np.ndarray, names: Sequence[str], suspects: Collection[str]
) -> np.ndarray:
    """Draw the mean shape of the set, each landmark named.

    Args:
        mean (np.ndarray): Complex x + iy, (K,); NaN where unknown.
        names (Sequence[str]): The K landmarks.
        suspects (Collection[str]): Those to point out.

    Returns:
        np.ndarray: Picture (480, 480, 3), uint8, BGR.
    """
    canvas = Image.new('RGB', (_SIDE, _SIDE), PAPER)
    points = np.stack([mean.real, mean.imag], axis=1)
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    factor = _SIDE / ((high - low).max() * (1 + 2 * _MARGIN) + 1e-9)
    points = (points - (low + high) / 2) * factor + _SIDE / 2
    _draw_points(canvas, points, names, suspects, INK, {})
    return np.array(canvas)[..., ::-1]


def as_thumbnail(image: np.ndarray) -> np.ndarray:
    """Shrink an image whose longer side has more than 320 pixels."""
    factor = 320 / max(image.shape[:2])
    if factor >= 1:
        return image
    return cv2.resize(
        image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA
    )


def _rgb(colour: Sequence[int]) -> tuple[int, ...]:
    return tuple(colour[::-1])


def _draw_points(canvas, points, names, suspects, ink, goals) -> None:
    draw = ImageDraw.Draw(canvas)
    seen = np.flatnonzero(np.isfinite(points).all(axis=1))
    # Suspects last, on top.
    order = sorted(seen.tolist(), key=lambda k: names[k] in suspects)
    for k in order:
        bad = names[k] in suspects
        if names[k] in goals:
            goal = tuple(goals[names[k]])
            draw.line([tuple(points[k]), goal], _rgb(PREDICTION), 2)
            draw.circle(goal, _SIDE / 80, None, _rgb(PREDICTION), 2)
        radius = _SIDE / (75 if bad else 130)
        colour = _rgb(_SUSPECT if bad else TRUTH)
        draw.circle(tuple(points[k]), radius, colour, _rgb(RIM), 2)
    # A name must not hide a point either.
    taken = [(*(points[k] - 4), *(points[k] + 4)) for k in order]
    middle = np.mean(points[seen, 0]) if len(seen) else 0
    # The suspects' names first.
    for k in reversed(order):
        loud = names[k] in suspects and len(suspects) <= _LOUD
        outward = -1 if points[k, 0] < middle else 1
        _draw_name(draw, names[k], points[k], loud, outward, ink, taken)


def _draw_name(draw, name, point, loud, outward, ink, taken) -> None:
    """Write a name next to its point, where there is room."""
    font = font_of(15 if loud else 11, loud)
    (x, y), size = point, draw.im.size
    width, height = font.getlength(name), 1.2 * font.size
    boxes = [
        (left, top, left + width, top + height)
        for up in ((0, -1.2, 1.2, -2.4, 2.4) if loud else (0,))
        for side in (outward, -outward)
        for left, top in (
            (x + (9 if side > 0 else -9 - width), y + (up - 0.5) * height),
        )
    ]
    free = [
        box
        for box in boxes
        if box[0] >= 0
        and box[2] <= size[0]
        and not any(_overlap(box, other) for other in taken)
    ]
    if not free and not loud:
        return
    box = (free or boxes)[0]
    if loud:
        near = (np.clip(x, box[0], box[2]), np.clip(y, box[1], box[3]))
        draw.line([(x, y), near], _rgb(_SUSPECT), 1)
    taken.append(box)
    draw.text(
        box[:2],
        name,
        font=font,
        fill=_rgb(_SUSPECT if loud else ink),
        stroke_width=2 if loud or ink == PAPER else 0,
        stroke_fill=_rgb(PAPER if loud else RIM),
    )


def _overlap(a: tuple, b: tuple) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
