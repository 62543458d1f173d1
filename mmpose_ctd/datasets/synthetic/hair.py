"""Paints hair: behind the head, and over the skull and the forehead."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from .anatomy import Shape
from .canvas import EVERYWHERE, Canvas
from .contours import HEAD_CENTRE_Y, outline
from .light import half_way
from .relief import step


@dataclass(frozen=True)
class Style:
    """A way to wear one's hair. Lengths are biocular widths.

    Args:
        top, sides: How far the hair stands out from the skull.
        flow: How the strands run: ``back`` from the hairline, ``part`` to
            both sides of a parting, ``fall`` from the crown to the front,
            ``curl``, or ``crop``, too short to show.
        soft: Width over which the hairline fades into the skin.
        end: How far down the hair reaches beside the face.
        curtain: How far it falls over the temples.
    """

    top: float
    sides: float
    flow: str
    soft: float
    end: float
    curtain: float = 0.0


STYLES = {
    'buzz': Style(0.015, 0.01, 'crop', 0.11, 0.06),
    'short': Style(0.10, 0.045, 'back', 0.055, 0.16),
    'swept': Style(0.14, 0.05, 'part', 0.06, 0.16, 0.25),
    'fringe': Style(0.12, 0.06, 'fall', 0.05, 0.16),
    'back': Style(0.06, 0.045, 'back', 0.06, 0.10),
    'long': Style(0.11, 0.12, 'part', 0.05, 3.0, 0.7),
    'bob': Style(0.14, 0.15, 'part', 0.05, 1.15, 0.8),
    'curly': Style(0.24, 0.16, 'curl', 0.06, 0.35),
}

# Hairline from the crown's side of the forehead round to the sideburn, as a
# share of the skull's radius over the angle.
_DEGREES = np.radians([-90, -76, -62, -52, -41, -26, -10, 5, 20, 30])
_LINE = np.array(
    [0.815, 0.845, 0.915, 0.935, 0.92, 0.94, 0.955, 0.955, 0.965, 1.0]
)
_RECEDE = np.array([0.35, 0.75, 1.0, 0.8, 0.3, 0.1, 0, 0, 0, 0])
_CURTAIN = np.array([0, 0.0, 0.05, 0.09, 0.09, 0.08, 0.07, 0.06, 0.05, 0.05])


#: How far above the head's centre its outline crosses y = 0, in radians.
_TEMPLE = 0.125


def _temple(shape: Shape) -> float:
    """Half the width of the bald head where y is 0."""
    table = outline(shape)
    at = np.linspace(-np.pi / 2, np.pi / 2, len(table))
    return math.cos(_TEMPLE) * float(np.interp(-_TEMPLE, at, table))


def _colour(
    canvas: Canvas, strands: np.ndarray, light: np.ndarray, sheen: np.ndarray
) -> np.ndarray:
    """Linear RGB of hair, (H, W, 3).

    Args:
        canvas: The picture.
        strands: Unit-variance noise along the strands.
        light: Shading, 0 to 1.
        sheen: Where the highlight lies, 0 to 1.
    """
    hair = np.float32(canvas.person.hair)
    imaging = canvas.imaging
    tone = np.clip(0.80 + 0.24 * strands, 0.15, 1.8) * light
    power = 0.62 * (np.float32(imaging.key) + np.float32(imaging.fill))
    glint = sheen * np.clip(0.6 + 0.5 * strands, 0, 2)
    shine = 0.5 * hair + 0.05
    return power * (hair * tone[..., None] + shine * glint[..., None])


def _strands(
    canvas: Canvas, flow: str, radius: np.ndarray, skull: np.ndarray
) -> np.ndarray:
    """Noise that runs along the hairs, (H, W), of unit variance."""
    person = canvas.person
    x, y = person.handed * canvas.x, canvas.y
    part = 0.45 * person.parting
    if flow == 'curl':
        return 0.8 * canvas.noise('curl', 120 * x, 120 * y)
    if flow == 'crop':
        return canvas.noise('fine', 160 * x, 160 * y)
    if flow == 'back':
        bend = 0.25 * part * np.exp(-(((y + 0.9) / 0.5) ** 2))
        u, v = 210 * np.arctan2(x - bend, 0.35 - y), 90 * radius
    elif flow == 'part':
        # Along the outline of the head, and straight down below it.
        temple = _temple(person.shape)
        level = np.where(y < 0, temple * radius / skull, np.abs(x))
        u = 170 * level * np.sign(x - part)
        v = 60 * np.where(y < 0, np.arctan2(y, np.abs(x) + 0.05), y)
    else:
        u = 240 * np.arctan2(x - 0.3 * part, y + 1.9)
        v = 80 * (y + 1)
    wave = 5 * canvas.noise('coarse', 45 * x, 45 * y)
    strands = canvas.noise('strand', u + wave, v)
    if flow == 'part':
        away = (x - part) / 0.025
        strands -= 1.5 * np.exp(-away * away) * step(-y, 0.5, 0.7)
    return strands


def paint_back_hair(
    canvas: Canvas, angle: np.ndarray, radius: np.ndarray, skull: np.ndarray
) -> None:
    """Hair that is seen behind the neck and the ears.

    Args:
        canvas: The picture, with the backdrop painted.
        angle, radius: Polar coordinates of the head.
        skull: Radius of the bald head at each pixel's angle.
    """
    person = canvas.person
    style = STYLES.get(person.hair_style)
    if style is None or style.sides < 0.1:
        return
    x, y = np.abs(canvas.x), canvas.y
    tx = person.handed * canvas.x
    coarse = canvas.noise('coarse', 70 * tx, 45 * y)
    bulk = style.sides * person.volume
    if style.flow == 'curl':
        strands = _strands(canvas, 'curl', radius, skull)
        inside = skull + 1.1 * bulk + 0.03 * coarse + 0.015 * strands - radius
        inside = np.minimum(inside, style.end + 0.1 * coarse - y)
        side = np.clip(x, 0, 1)
        sheen = np.zeros_like(x)
    else:
        end = style.end * (0.5 + 0.5 * person.hair_length)
        curl_in = -0.25 * step(y, end - 0.35, end + 0.1) * (end < 2)
        half = _hang_width(canvas, style, coarse) + curl_in
        wave = 0.02 * np.sin(5 * y + person.texture[0])
        strands = canvas.noise('strand', 130 * (tx + wave), 20 * y)
        inside = np.minimum(half - x, end + 0.05 * coarse - y)
        inside = np.where(y < 0, skull + 0.9 * bulk - radius, inside)
        side = np.clip(x / half, 0, 1)
        sheen = 0.4 * np.exp(
            -0.5 * (((side - 0.8) / 0.1) ** 2 + ((y - 0.4) / 0.3) ** 2)
        )
    light = (0.30 + 0.6 * side**2) * (1 - 0.45 * side**8)
    canvas.blend(
        EVERYWHERE,
        canvas.cover(inside, 0.025),
        _colour(canvas, strands, light, sheen),
    )


def _hairline(canvas: Canvas, style: Style, angle, skull, strands):
    """Radius at which the hair begins, (H, W)."""
    person = canvas.person
    tx, y = person.handed * canvas.x, canvas.y
    recede = person.hairline * (0.5 if style.flow == 'crop' else 1)
    line = _LINE + recede * _RECEDE
    inner = np.interp(angle, _DEGREES, line).astype(np.float32)
    # The hair falls over the temples, more on the parting's far side.
    far = step(-math.copysign(1, person.parting) * tx, -0.3, 0.3)
    near = 0.75 + 0.5 * far * abs(person.parting)
    if style.curtain:
        drape = np.interp(angle, _DEGREES, style.curtain * _CURTAIN)
        inner -= drape.astype(np.float32) * near
    inner = np.minimum(inner, 0.975) * skull
    inner = inner + 3 * step(angle, np.radians(24), np.radians(40))
    if style.flow == 'fall':
        low = -0.34 + 0.35 * person.hairline + 0.06 * person.parting * tx
        level = (HEAD_CENTRE_Y - low) / np.maximum(np.sin(-angle), 0.35)
        front = np.where(y < HEAD_CENTRE_Y, level, 9)
        return np.minimum(inner, front + 0.03 * strands)
    return inner + (0.005 if style.curtain else 0.012) * strands


def paint_hair(
    canvas: Canvas, angle: np.ndarray, radius: np.ndarray, skull: np.ndarray
) -> None:
    """Hair on the skull, its hairline, and what falls into the face.

    Args:
        canvas: The picture, with the head painted.
        angle, radius: Polar coordinates of the head.
        skull: Radius of the bald head at each pixel's angle.
    """
    person = canvas.person
    style = STYLES.get(person.hair_style)
    if style is None:
        return
    x, y = canvas.x, canvas.y
    tx = person.handed * x
    strands = _strands(canvas, style.flow, radius, skull)
    coarse = canvas.noise('coarse', 95 * tx, 95 * y)
    crown = step(-angle, -0.2, 0.9)
    bulk = style.sides + (style.top - style.sides) * crown
    outer = skull + person.volume * bulk
    ragged = 0.03 if style.flow == 'curl' else 0.008
    if style.flow != 'crop':
        outer = outer + ragged * coarse + 0.35 * ragged * strands
    start = radius - _hairline(canvas, style, angle, skull, strands)
    cover = np.minimum(
        canvas.cover(start, style.soft), canvas.cover(outer - radius, 0.02)
    )
    if style.end > 0.9:
        hang, depth = _hanging(canvas, style, coarse)
        cover = np.maximum(cover, canvas.cover(hang, 0.04))
        start = np.maximum(start, np.where(y > 0, depth, start))
    else:
        end = style.end + 0.02 * strands
        cover = cover * canvas.cover(end - y, 0.12)
    if style.flow == 'crop':
        cover = cover * np.clip(0.78 + 0.12 * strands, 0, 0.95)
    else:
        # Hair throws a soft shadow on the skin next to it.
        near = np.exp(-0.5 * (start / 0.04) ** 2) * (start < 0)
        near = 0.3 * near * step(-y, -0.3, 0.1)
        canvas.rgb *= 1 - near[..., None]
    light, sheen = _shading(canvas, style, angle, radius / outer, start)
    canvas.blend(EVERYWHERE, cover, _colour(canvas, strands, light, sheen))


def _hang_width(
    canvas: Canvas, style: Style, coarse: np.ndarray
) -> np.ndarray:
    """Half the width of hanging hair over its height, (H, W)."""
    shape = canvas.person.shape
    fall = np.clip(canvas.y, 0, 2)
    # As wide as the hair above it, where y is 0.
    skull = _temple(shape)
    crown = step(_TEMPLE, -0.2, 0.9)
    bulk = style.sides + (style.top - style.sides) * crown
    bulk = bulk * canvas.person.volume
    wave = coarse * (0.008 + 0.012 * step(fall, 0, 0.2))
    return skull + bulk + 0.12 * fall - 0.05 * fall**2 + wave


def _hanging(
    canvas: Canvas, style: Style, coarse: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Hair that hangs in front of the ears.

    Returns:
        Distance into it, and distance from its inner edge alone.
    """
    person = canvas.person
    x, y = np.abs(canvas.x), canvas.y
    cheek = person.shape.cheek_width
    end = style.end * (0.5 + 0.5 * person.hair_length)
    tuft = canvas.noise('strand', 260 * person.handed * canvas.x, 9 * y)
    end = end + 0.03 * tuft
    lean = 0.05 * step(y, 0.0, 0.7)
    lean = lean + 0.10 * step(y, 0.6, 1.3)
    # Begin outside of the hairline at the temple and close in from there.
    lean = lean - 0.12 * step(-y, -0.35, 0.02)
    inner = 0.725 * cheek - lean + 0.01 * coarse
    outer = _hang_width(canvas, style, coarse)
    depth = x - inner
    inside = np.minimum(depth, outer - x)
    inside = np.minimum(inside, np.minimum(y + 0.02, end - y))
    return inside, depth


def _shading(canvas: Canvas, style: Style, angle, r, start):
    """Light and sheen on a rounded mass of hair, each (H, W)."""
    r = np.clip(r, 0, 1) ** 2
    angle = np.minimum(angle, 0)  # Hanging hair faces sideways.
    nx, ny = np.sign(canvas.x) * np.cos(angle) * r, np.sin(angle) * r
    nz = np.sqrt(np.clip(1 - nx * nx - ny * ny, 0.05, 1))
    lx, ly, lz = canvas.imaging.light
    facing = np.clip((nx * lx + ny * ly + nz * lz + 0.3) / 1.3, 0, 1)
    # Darker at the roots, where hair meets the face.
    light = (0.35 + 0.75 * facing) * (0.6 + 0.4 * step(start, 0.0, 0.14))
    hx, hy, hz = half_way(canvas.imaging.light)
    shine = np.clip(nx * hx + ny * hy + nz * hz, 0, 1)
    gloss = 0.25 if style.flow in ('curl', 'crop') else 0.9
    return light, gloss * cv2.pow(shine, 18)
