"""Marks, text, crops and enlargement for pictures of faces.

Images are (H, W, 3), uint8, BGR; points are (x, y) in pixels, where an
integer is the centre of a pixel.
"""

from functools import lru_cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Distinct with any colour vision and on any skin: bluish green and orange of
# Okabe and Ito, brightened, with a dark rim.
TRUTH = (130, 230, 60)
PREDICTION = (0, 140, 255)
RIM = (25, 25, 25)
PAPER = (255, 255, 255)
INK = (30, 30, 30)

#: Bits of the fractions of a pixel at which cv2 draws.
_BITS = 4
#: Smallest letters in pixels.
_SMALLEST = 7
#: Pictures in a row of a sheet.
_COLUMNS = 5


def enlarge(image: np.ndarray, factor: float) -> np.ndarray:
    """Resize by ``factor`` without turning pixels into blocks."""
    size = [max(1, round(side * factor)) for side in image.shape[1::-1]]
    method = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    return cv2.resize(image, size, interpolation=method)


def enlarged(points: np.ndarray, factor: float) -> np.ndarray:
    """Points (..., 2) of an image after :func:`enlarge`.

    Resizing keeps the corners of pixels in place, not their centres.
    """
    return (np.asarray(points) + 0.5) * factor - 0.5


def face_window(
    image: np.ndarray,
    truth: np.ndarray,
    visible: np.ndarray,
    margin: float = 0.3,
) -> tuple[int, int, int, int]:
    """The square around the visible points; it may leave the image.

    Predictions do not count: a single wild one would shrink the face.
    ``truth`` is (K, 2), ``visible`` (K,) of bool; ``margin`` is the share by
    which the square is wider on each side.

    Returns:
        tuple[int, int, int, int]: x, y, width, height in image pixels; the
        whole image if no point is visible.
    """
    if not visible.any():
        return 0, 0, image.shape[1], image.shape[0]
    low, high = truth[visible].min(axis=0), truth[visible].max(axis=0)
    side = max(16, round((high - low).max() * (1 + 2 * margin)))
    x, y = np.round((low + high + 1) / 2 - side / 2).astype(int)
    return int(x), int(y), side, side


def square(window: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The smallest square around a rectangle, with the same centre."""
    x, y, width, height = window
    side = max(width, height)
    return x - (side - width) // 2, y - (side - height) // 2, side, side


def cut_out(
    image: np.ndarray, window: tuple[int, int, int, int]
) -> np.ndarray:
    """Copy a rectangle of an image; white where it leaves the image."""
    x, y, width, height = window
    cut = np.full((height, width, 3), PAPER, dtype=np.uint8)
    x0, y0 = max(x, 0), max(y, 0)
    x1 = max(x0, min(x + width, image.shape[1]))
    y1 = max(y0, min(y + height, image.shape[0]))
    if x0 < x1 and y0 < y1:
        cut[y0 - y : y1 - y, x0 - x : x1 - x] = image[y0:y1, x0:x1]
    return cut


def tile(cells: list[np.ndarray], legend: str) -> np.ndarray:
    """Lay pictures of one size side by side, five in a row, over a legend."""
    columns = min(_COLUMNS, len(cells))
    empty = np.full_like(cells[0], PAPER[0])
    cells = cells + [empty] * (-len(cells) % columns)
    rows = [
        np.hstack(cells[start : start + columns])
        for start in range(0, len(cells), columns)
    ]
    return np.vstack([*rows, text_bar(rows[0].shape[1], legend, size=16)])


def titled(
    picture: np.ndarray, side: int, corner: tuple, title: str, size: int
) -> np.ndarray:
    """A white square with a picture at ``corner`` (y, x), over a title."""
    height, width = picture.shape[:2]
    cell = np.full((side, side, 3), PAPER[0], dtype=np.uint8)
    y, x = corner
    cell[y : y + height, x : x + width] = picture
    return np.vstack([cell, text_bar(side, title, size=size)])


def draw_points(
    image: np.ndarray,
    pred: np.ndarray,
    truth: np.ndarray,
    visible: np.ndarray,
    radius: float,
) -> None:
    """Draw truths, predictions and lines between them, in place.

    ``pred`` and ``truth`` are (K, 2) in the picture's pixels; a prediction of
    NaN is not drawn. ``visible`` (K,) says whether the truth is known;
    ``radius`` is that of its ring.
    """
    width = max(1, round(radius / 3.5))
    for start, end in zip(pred[visible], truth[visible]):
        draw_line(image, start, end, RIM, width + 2)
        draw_line(image, start, end, PREDICTION, width)
    for point in truth[visible]:
        draw_ring(image, point, radius)
    for point in pred[np.isfinite(pred).all(axis=1)]:
        draw_dot(image, point, 0.5 * radius)


def draw_ring(image, centre, radius) -> None:
    """The mark of a true point."""
    width = max(1, round(radius / 5))
    draw_circle(image, centre, radius, RIM, width + 2)
    draw_circle(image, centre, radius, TRUTH, width)


def draw_dot(image, centre, radius) -> None:
    """The mark of a prediction."""
    draw_circle(image, centre, radius + 1, RIM, -1)
    draw_circle(image, centre, radius, PREDICTION, -1)


def draw_circle(image, centre, radius, colour, thickness) -> None:
    """Draw a circle at fractions of a pixel, filled if thickness is -1."""
    radius = round(radius * 2**_BITS)
    centre = _fixed(centre)
    cv2.circle(image, centre, radius, colour, thickness, cv2.LINE_AA, _BITS)


def draw_line(image, start, end, colour, thickness) -> None:
    """Draw a line at fractions of a pixel, if its ends are finite."""
    if np.isfinite([start, end]).all():
        ends = _fixed(start), _fixed(end)
        cv2.line(image, *ends, colour, thickness, cv2.LINE_AA, _BITS)


def _fixed(point) -> tuple[int, int]:
    # cv2 needs 32 bits; a prediction may be anywhere.
    x, y = (np.clip(point, -1e6, 1e6) * 2**_BITS).round().astype(int)
    return int(x), int(y)


def text_bar(
    width: int,
    left: str = '',
    right: str = '',
    *,
    size: int,
    bold: bool = False,
    legend: bool = False,
) -> np.ndarray:
    """A white strip with text and, on its left, a legend of the marks.

    The ``left`` text is centred if there is nothing else. Too long a text
    gets smaller letters than ``size``, as far as they are readable.

    Returns:
        np.ndarray: Image (round(1.9 * size), width, 3).
    """
    height, gap = round(1.9 * size), round(0.7 * size)
    entries = ('truth', 'prediction') if legend else ()
    texts = [text for text in (*entries, left, right) if text]
    for letters in range(size, _SMALLEST - 1, -1):
        font = font_of(letters, bold)
        taken = gap + sum(font.getlength(text) + gap for text in texts)
        if taken + len(entries) * 1.3 * letters <= width:
            break
    bar = Image.new('RGB', (width, height), PAPER)
    draw = ImageDraw.Draw(bar)
    middle, x = height / 2, float(gap)
    marks = []
    for text in entries:
        marks.append((x + 0.45 * letters, middle))
        x += 1.3 * letters
        draw.text((x, middle), text, INK, font, anchor='lm')
        x += font.getlength(text) + gap
    if right or legend:
        draw.text((x, middle), left, INK, font, anchor='lm')
        draw.text((width - gap, middle), right, INK, font, anchor='rm')
    else:
        draw.text((width / 2, middle), left, INK, font, anchor='mm')
    bar = np.array(bar)
    for draw_mark, centre, share in zip(
        (draw_ring, draw_dot), marks, (0.38, 0.19)
    ):
        draw_mark(bar, centre, share * letters)
    return bar


@lru_cache(maxsize=64)
def font_of(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Matplotlib's font, which is on every machine."""
    name = 'DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf'
    path = Path(matplotlib.get_data_path(), 'fonts', 'ttf', name)
    return ImageFont.truetype(str(path), size)
