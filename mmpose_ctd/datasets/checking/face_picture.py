"""Draws a suspect face, and the mean shape with its points over it."""

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
    _font,
    enlarge,
)
from mmpose_ctd.visualization._crop import cut_out, face_window

__all__ = ['draw_mean_shape', 'draw_suspect']

_SUSPECT = (60, 60, 235)
_MARGIN = 0.25
# More suspects than this are written small, where there is room.
_LOUD = 6


def _rgb(colour: Sequence[int]) -> tuple[int, ...]:
    return tuple(colour[::-1])


def draw_suspect(
    image: np.ndarray,
    points: np.ndarray,
    names: Sequence[str],
    suspects: Collection[str] = (),
    expected: Mapping[str, Sequence[float]] | None = None,
    side: int = 480,
) -> np.ndarray:
    """A face with its points; suspects are red and named.

    Args:
        image (np.ndarray): (H, W, 3), uint8, BGR.
        points (np.ndarray): (K, 2) in pixels of the image, NaN where missing.
        names (Sequence[str]): The K landmarks.
        suspects (Collection[str]): Of these, the suspects.
        expected (Mapping, optional): Landmark -> where it is expected, joined
            to the point by a line.
        side (int): Longer side of the picture in pixels. Defaults to 480.

    Returns:
        np.ndarray: Picture, uint8, BGR.
    """
    expected = expected or {}
    seen = np.isfinite(points).all(axis=1)
    # A point far outside would shrink the face to nothing.
    limit = np.array(image.shape[1::-1])
    near = seen & ((points > -0.2 * limit) & (points < 1.2 * limit)).all(1)
    x, y, width, height = face_window(image, points, near, _MARGIN)
    picture = cut_out(image, (x, y, width, height))
    factor = side / max(width, height)
    picture = np.ascontiguousarray(enlarge(picture, factor))
    spots = (points - (x, y) + 0.5) * factor - 0.5
    goals = {
        name: (np.array(p) - (x, y) + 0.5) * factor - 0.5
        for name, p in expected.items()
    }
    canvas = Image.fromarray(picture[..., ::-1])
    draw = ImageDraw.Draw(canvas)
    # Suspects last, on top.
    order = sorted(np.flatnonzero(seen), key=lambda k: names[k] in suspects)
    for k in order:
        name, spot = names[k], tuple(spots[k])
        bad = name in suspects
        if name in goals:
            goal = tuple(goals[name])
            draw.line([spot, goal], _rgb(PREDICTION), 2)
            _disc(draw, goal, side / 80, None, _rgb(PREDICTION))
        colour = _rgb(_SUSPECT if bad else TRUTH)
        _disc(draw, spot, side / (75 if bad else 130), colour, _rgb(RIM))
    _labels(draw, names, spots, order, suspects, canvas.size)
    return np.array(canvas)[..., ::-1]


def draw_mean_shape(
    mean: np.ndarray,
    names: Sequence[str],
    suspects: Collection[str] = (),
    side: int = 480,
) -> np.ndarray:
    """The mean shape of the set, each landmark named.

    Args:
        mean (np.ndarray): Complex x + iy, (K,); NaN where unknown.
        names (Sequence[str]): The K landmarks.
        suspects (Collection[str]): Those to point out.
        side (int): Side of the picture in pixels. Defaults to 480.

    Returns:
        np.ndarray: Picture (side, side, 3), uint8, BGR.
    """
    canvas = Image.new('RGB', (side, side), PAPER)
    draw = ImageDraw.Draw(canvas)
    seen = np.isfinite(mean)
    if seen.any():
        flat = np.stack([mean.real, mean.imag], axis=1)
        low, high = flat[seen].min(axis=0), flat[seen].max(axis=0)
        factor = side / ((high - low).max() * (1 + 2 * _MARGIN) + 1e-9)
        spots = (flat - (low + high) / 2) * factor + side / 2
        order = sorted(
            np.flatnonzero(seen), key=lambda k: names[k] in suspects
        )
        for k in order:
            bad = names[k] in suspects
            colour = _rgb(_SUSPECT if bad else TRUTH)
            radius = side / (75 if bad else 130)
            _disc(draw, tuple(spots[k]), radius, colour, _rgb(RIM))
        _labels(draw, names, spots, order, suspects, canvas.size, INK)
    return np.array(canvas)[..., ::-1]


def _disc(draw, centre, radius, fill, outline) -> None:
    x, y = centre
    box = (x - radius, y - radius, x + radius, y + radius)
    draw.ellipse(box, fill=fill, outline=outline, width=2)


def _labels(draw, names, spots, order, suspects, size, ink=None) -> None:
    """Names beside points, the suspects' first; where free, the others'."""
    middle = np.mean([spots[k][0] for k in order]) if order else 0
    # A name must not hide another point either.
    taken = [
        (spots[k][0] - 4, spots[k][1] - 4, spots[k][0] + 4, spots[k][1] + 4)
        for k in order
    ]
    for k in reversed(order):
        # Of many suspects none is worth a cry.
        bad = names[k] in suspects and len(suspects) <= _LOUD
        font = _font(15 if bad else 11, bad)
        x, y = spots[k]
        width, height = font.getlength(names[k]), 1.2 * font.size
        sides = [9, -9 - width]
        if x < middle:
            sides.reverse()
        boxes = [
            (left, top, left + width, top + height)
            for up in ((0, -1.2, 1.2, -2.4, 2.4) if bad else (0,))
            for side in sides
            for left, top in ((x + side, y + (up - 0.5) * height),)
        ]
        free = [
            box
            for box in boxes
            if box[0] >= 0
            and box[2] <= size[0]
            and not any(_overlap(box, other) for other in taken)
        ]
        if not free and not bad:
            continue
        box = (free or boxes)[0]
        if bad:
            near = (np.clip(x, box[0], box[2]), np.clip(y, box[1], box[3]))
            draw.line([(x, y), near], _rgb(_SUSPECT), 1)
        taken.append(box)
        draw.text(
            box[:2],
            names[k],
            font=font,
            fill=_rgb(_SUSPECT) if bad else (ink or _rgb(PAPER)),
            stroke_width=2 if ink is None or bad else 0,
            stroke_fill=_rgb(PAPER) if bad else _rgb(RIM),
        )


def _overlap(a: tuple, b: tuple) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def as_thumbnail(image: np.ndarray, side: int = 320) -> np.ndarray:
    """An image whose longer side has at most so many pixels."""
    longest = max(image.shape[:2])
    if longest <= side:
        return image
    return cv2.resize(
        image,
        None,
        fx=side / longest,
        fy=side / longest,
        interpolation=cv2.INTER_AREA,
    )
