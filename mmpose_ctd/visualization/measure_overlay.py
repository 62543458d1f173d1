"""A measured face: landmarks, how sure they are, and the measures."""

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from ._canvas import (
    INK,
    PAPER,
    RIM,
    TRUTH,
    cut_out,
    draw_circle,
    draw_dot,
    draw_line,
    enlarge,
    enlarged,
    font_of,
)

_SIDE = 900
_PANEL = 520
_UNIT = 'px: pixels of the photograph'
_FOOT = (
    _UNIT,
    '[ ] and circles: 95 % hold what the labeller would have marked,',
    'on faces like the training ones; without pose and scale',
)
_FOOT_WITHOUT = (_UNIT, 'no intervals: nothing is known of the errors')
# RGB of the bar: Okabe and Ito's bluish green, vermilion and grey.
_BARS = dict(measured=(0, 120, 90), check=(190, 70, 0))


def draw_measures(
    image: np.ndarray,
    points: np.ndarray,
    radii: np.ndarray | None,
    values: Mapping[str, tuple],
    lines: Mapping[str, tuple[int, int]],
    status: str,
    remarks: str = '',
) -> np.ndarray:
    """Draw a face with a list of its measures.

    Landmarks are orange dots, distances thin lines. On faces like the
    training ones, 95 % of the labeller's marks lie inside of the green
    circles.

    Args:
        image (np.ndarray): Photograph (H, W, 3), uint8, BGR.
        points (np.ndarray): Landmarks in its pixels, (K, 2).
        radii (np.ndarray, optional): Of the circles, in the same pixels,
            (K,). None draws none.
        values (Mapping[str, tuple]): Measure -> value, low, high, unit; low
            and high NaN without interval.
        lines (Mapping[str, tuple[int, int]]): Distance -> its two landmarks.
        status (str): Of the row.
        remarks (str): Of the row. Defaults to none.

    Returns:
        np.ndarray: Picture, uint8, BGR.
    """
    # The square around the landmarks, wider by a third on each side.
    low, high = points.min(axis=0), points.max(axis=0)
    longest = max(image.shape[:2])
    side = int(np.clip(np.ceil((high - low).max() * 1.7), 16, 2 * longest))
    x, y = np.clip((low + high + 1 - side) / 2, -side, longest).astype(int)
    factor = _SIDE / side
    picture = enlarge(cut_out(image, (x, y, side, side)), factor)
    at = enlarged(points - (x, y), factor)
    for first, second in lines.values():
        draw_line(picture, at[first], at[second], RIM, 3)
        draw_line(picture, at[first], at[second], PAPER, 1)
    if radii is not None:
        for point, radius in zip(at, radii * factor):
            draw_circle(picture, point, radius, RIM, 4)
            draw_circle(picture, point, radius, TRUTH, 2)
    for point in at:
        draw_dot(picture, point, 3)
    return np.hstack([picture, _panel(values, status, remarks, radii)])


def _panel(values, status, remarks, radii) -> np.ndarray:
    panel = Image.new('RGB', (_PANEL, _SIDE), PAPER)
    draw = ImageDraw.Draw(panel)
    font = font_of(15)

    def write(y: float, text: str, font=font) -> None:
        draw.text((16, y), text, INK, font, anchor='lm')

    draw.rectangle((0, 0, _PANEL, 44), fill=_BARS.get(status, (90, 90, 90)))
    draw.text((16, 22), status, PAPER, font_of(20, True), anchor='lm')
    y = 62
    for line in _wrapped(remarks, font, _PANEL - 32):
        write(y, line)
        y += 21
    y += 12
    # Too many measures for the panel are in the table.
    room = max(1, (_SIDE - y - 78) // 26)
    for name, value in [*values.items()][:room]:
        text = _text(*value)
        draw.text((_PANEL - 16, y), text, INK, font, anchor='rm')
        width = _PANEL - 48 - font.getlength(text)
        write(y, _fitting(name.replace('_', ' '), font, width))
        y += 26
    if len(values) > room:
        write(y, f'and {len(values) - room} more in the table')
    foot = _FOOT if radii is not None else _FOOT_WITHOUT
    for i, line in enumerate(reversed(foot)):
        write(_SIDE - 22 - 19 * i, line, font_of(14))
    return np.ascontiguousarray(np.array(panel)[:, :, ::-1])


def _text(value: float, low: float, high: float, unit: str) -> str:
    if not np.isfinite(value):
        return 'unknown'
    digits = 3 if unit == 'ratio' else 1
    text = f'{value:.{digits}f}'
    if np.isfinite(low):
        text += f' [{low:.{digits}f}, {high:.{digits}f}]'
    return text if unit == 'ratio' else f'{text} {unit}'


def _fitting(text: str, font, width: float) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + '...') > width:
        text = text[:-1]
    return text + '...'


def _wrapped(text: str, font, width: int) -> list[str]:
    """The first eight lines of a text."""
    lines = ['']
    for word in text.split():
        longer = f'{lines[-1]} {word}'.strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines[:8] if text.split() else []
