"""Paints the head: skin, eyebrows, nostrils and lips."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from .canvas import EVERYWHERE, Canvas
from .contours import HEAD_CENTRE_Y, lips, outline
from .light import Lighting
from .relief import (
    HalfGrid,
    height_map,
    openness_map,
    skin_maps,
    step,
)


def head_polar(canvas: Canvas) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Polar coordinates of the pixels about the head's centre.

    Returns:
        Angle from -90 (crown) to 90 degrees (gnathion) on either side,
        radius, and the bald head's radius at that angle; each (H, W).
    """
    dy = canvas.y - HEAD_CENTRE_Y
    x = np.abs(canvas.x)
    angle = np.arctan2(dy, x)
    radius = np.hypot(x, dy)
    table = outline(canvas.person.shape)
    at = np.linspace(-np.pi / 2, np.pi / 2, len(table))
    skull = np.interp(angle, at, table).astype(np.float32)
    return angle, radius, skull


def paint_head(canvas: Canvas, distance: np.ndarray) -> Lighting:
    """Paint the bald head without eyes.

    Args:
        canvas: The picture, with all that lies behind the head.
        distance: To the head's outline, positive inside.

    Returns:
        The light on the face.
    """
    person = canvas.person
    shape = person.shape
    grid = HalfGrid()
    x, y = canvas.x, canvas.y
    tx = person.handed * x
    relief = height_map(grid, shape, person.age)
    height = grid.at(relief, x, y)
    openness = grid.at(openness_map(relief), x, y)
    fine = canvas.noise('fine', 95 * tx, 95 * y)
    coarse = canvas.noise('coarse', 150 * tx, 150 * y)
    bumps = (0.0004 + 0.0006 * person.age) * fine
    _wrinkles(canvas, bumps)
    light = Lighting(height, canvas.scale, canvas.imaging, openness, bumps)
    maps = grid.at(skin_maps(grid, shape), x, y)
    albedo = _skin_colour(canvas, maps, fine, coarse)
    gloss = person.oil * maps[..., 3] * (0.10 + 0.05 * person.melanin)
    gloss *= 1 + 0.25 * fine
    _brows(canvas, albedo)
    gloss = _lips(canvas, albedo, gloss)
    shine = gloss * light.gloss
    head = albedo * light.diffuse
    head += shine[..., None] * np.float32(canvas.imaging.key)
    _nostrils(canvas, head)
    _parting_of_lips(canvas, head)
    canvas.blend(EVERYWHERE, canvas.cover(distance), head)
    return light


def _wrinkles(canvas: Canvas, bumps: np.ndarray) -> None:
    """Add the lines of the forehead to the fine relief."""
    person = canvas.person
    if person.age < 0.3:
        return
    area = canvas.window(-0.6, -0.8, 0.6, -0.25)
    x, y = canvas.x[area], canvas.y[area]
    wave = y + 0.06 * np.abs(x) ** 2 + 0.012 * np.sin(7 * x)
    waves = np.sin(2 * np.pi * wave / 0.085)
    where = np.exp(-((x / 0.42) ** 4) - ((y + 0.52) / 0.17) ** 4)
    bumps[area] += 0.006 * (person.age - 0.3) * waves * where


def _skin_colour(canvas, maps, fine, coarse) -> np.ndarray:
    """Albedo of the skin, (H, W, 3)."""
    person = canvas.person
    red, dark, beard = maps[..., 0], maps[..., 1], maps[..., 2]
    albedo = np.empty((*red.shape, 3), dtype=np.float32)
    albedo[:] = np.float32(person.skin)
    visible = 1 - 0.6 * person.melanin
    blood = (0.26 + 0.25 * person.makeup) * red + 0.06 * coarse
    albedo *= np.exp(
        (visible * blood)[..., None]
        * np.array([0.02, -0.75, -0.65], dtype=np.float32)
    )
    shade = 0.28 * dark * (0.6 + 0.5 * person.age) + 0.018 * fine
    tx = person.handed * canvas.x
    shade += 0.035 * canvas.noise('coarse', 420 * tx, 420 * canvas.y)
    albedo *= np.exp(
        -shade[..., None] * np.array([0.8, 1.05, 1.0], dtype=np.float32)
    )
    if person.freckles:
        where = 0.25 + maps[..., 0]
        tx = person.handed * canvas.x
        spots = step(
            canvas.noise('fine', 190 * tx + 99, 190 * canvas.y), 1.0, 2.0
        )
        spots *= person.freckles * np.clip(where, 0, 1)
        albedo *= np.exp(
            -spots[..., None] * np.array([0.35, 0.7, 0.9], dtype=np.float32)
        )
    if person.stubble > 0.15:
        hair = np.float32(person.hair) * 0.6
        grain = 1 + 0.25 * fine
        alpha = 0.42 * (person.stubble - 0.15) * beard * grain
        if person.beard:
            tx = person.handed * canvas.x
            strands = canvas.noise(
                'fine', 170 * tx + 40 * canvas.y, 60 * canvas.y
            )
            alpha = (0.74 + 0.08 * strands) * step(
                beard + 0.08 * strands, 0.15, 0.85
            )
        alpha = np.clip(alpha, 0, 0.92)[..., None]
        albedo += alpha * (hair - albedo)
    return albedo


def _brows(canvas: Canvas, albedo: np.ndarray) -> None:
    """Eyebrows: a band of slanting hairs."""
    person = canvas.person
    s = person.shape
    ax = [0.13, 0.2, 0.34, 0.5, 0.6, 0.70]
    curve = PchipInterpolator(
        ax,
        [
            s.brow_y - 0.002,
            s.brow_y,
            s.brow_y - 0.75 * s.brow_arch,
            s.brow_y - s.brow_arch,
            s.brow_y - 0.45 * s.brow_arch,
            s.brow_y + 0.05 + 0.2 * s.brow_arch,
        ],
    )
    half = PchipInterpolator(
        ax, s.brow_thickness * np.array([0.62, 0.95, 1.0, 0.8, 0.5, 0.18])
    )
    for side in (-1, 1):
        area = canvas.window(
            min(side * 0.1, side * 0.74),
            s.brow_y - 0.2,
            max(side * 0.1, side * 0.74),
            s.brow_y + 0.2,
        )
        x, y = side * canvas.x[area], canvas.y[area]
        if not x.size:
            continue
        inside = np.clip(x, ax[0], ax[-1])
        across = (y - curve(inside)) / half(inside)
        hairs = canvas.noise('strand', 200 * x + 6 * across, 8 * across)
        body = np.clip(1.6 - 1.3 * np.abs(across) ** 1.7, 0, 1)
        ends = step(x, 0.11, 0.24) * step(-x, -0.71, -0.6)
        alpha = np.clip(body * ends * (0.92 + 0.06 * hairs), 0, 1)
        alpha *= (
            0.68
            + 0.24 * step(s.brow_thickness, 0.02, 0.05)
            + 0.08 * person.makeup
        )
        target = albedo[area]
        colour = np.minimum(np.float32(person.brows), 0.6 * target)
        target += alpha[..., None] * (colour - target)


def _nostrils(canvas: Canvas, head: np.ndarray) -> None:
    """Nostrils and the creases behind the alae, down to the alar bases."""
    s = canvas.person.shape
    n = s.nose_length / 0.48
    area = canvas.window(-0.3, 0.28 * n, 0.3, s.nose_length + 0.06)
    x, y = np.abs(canvas.x[area]), canvas.y[area]
    if not x.size:
        return
    target = head[area]
    # Nostril: an oval that slants up towards the outside.
    dx = (x - 0.62 * s.alar_x) / (0.30 * s.alar_x)
    slope = 0.12
    dy = (y - (s.nose_length - 0.036) + slope * (x - 0.62 * s.alar_x)) / 0.017
    hole = step(1.3 - np.sqrt(dx * dx + dy * dy), 0, 0.75)
    # Shade under the tip and along the base.
    base = np.exp(-0.5 * ((y - s.nose_length + 0.006) / 0.014) ** 2)
    base *= step(1.02 * s.alar_x - x, -0.01, 0.05)
    # The alar crease ends at the alar base.
    t = np.clip((y - 0.33 * n) / (s.alar_y - 0.33 * n), 0, 1)
    crease_x = s.alar_x * (
        1.22 + 0.55 * t * (1 - t) - 0.22 * t**3 - 0.10 * (1 - t)
    )
    off = np.hypot(x - crease_x, np.maximum(y - s.alar_y, 0))
    width = max(0.010, 0.6 / canvas.scale)
    crease = np.exp(-0.5 * (off / width) ** 2)
    crease *= step(y, 0.32 * n, 0.42 * n) * (y < s.alar_y + 0.03)
    alpha = 1 - (1 - 0.78 * hole) * (1 - 0.18 * base) * (1 - 0.30 * crease)
    skin = np.array(canvas.person.skin) * np.array([0.26, 0.14, 0.12])
    target += alpha[..., None] * (skin * target.mean() * 1.2 - target)


def _lips(canvas: Canvas, albedo: np.ndarray, gloss: np.ndarray) -> np.ndarray:
    """Colour the vermilion; returns the gloss of skin and lips."""
    person = canvas.person
    s = person.shape
    area = canvas.window(
        -s.mouth_x - 0.05,
        s.superius_y - 0.1,
        s.mouth_x + 0.05,
        s.inferius_y + 0.08,
    )
    x, y = canvas.x[area], canvas.y[area]
    if not x.size:
        return gloss
    border = lips(s)
    ax = np.clip(np.abs(x), 0, s.mouth_x)
    upper, lower = border.upper(ax), border.lower(ax)
    inside = np.minimum(y - upper, lower - y)
    inside = np.minimum(inside, s.mouth_x - np.abs(x))
    alpha = canvas.cover(inside, 0.012 - 0.004 * person.makeup)
    folds = canvas.noise('strand', 170 * person.handed * x, 40 * y)
    colour = np.array(person.lips)
    rouge = np.array([0.42, 0.055, 0.075]) * (1 - 0.5 * person.melanin)
    colour = colour + 0.8 * person.makeup * (rouge - colour)
    seam = border.closure(ax)
    tone = 1 + 0.07 * folds - 0.14 * (y < seam)
    target = albedo[area]
    strength = 0.86 * alpha
    target += strength[..., None] * (colour * tone[..., None] - target)
    # A pale line of light along the upper border.
    rim = np.exp(-0.5 * ((y - upper + 0.014) / 0.010) ** 2)
    rim *= step(s.mouth_x - np.abs(x), 0.03, 0.16)
    target *= 1 + 0.04 * rim[..., None]
    gloss = gloss.copy()
    gloss[area] += alpha * (0.05 + 0.10 * person.makeup) * (1 + 0.5 * folds)
    return gloss


def _parting_of_lips(canvas: Canvas, head: np.ndarray) -> None:
    """The dark line between the lips, or the open mouth with its teeth."""
    s = canvas.person.shape
    area = canvas.window(
        -s.mouth_x - 0.06,
        s.stomion_y - 0.08,
        s.mouth_x + 0.06,
        s.stomion_y + s.lip_gap + 0.08,
    )
    x, y = np.abs(canvas.x[area]), canvas.y[area]
    if not x.size:
        return
    border = lips(s)
    ax = np.clip(x, 0, s.mouth_x)
    closure, opening = border.closure(ax), border.opening(ax)
    target = head[area]
    width = max(0.009, 0.6 / canvas.scale)
    ends = step(s.mouth_x + 0.01 - x, 0, 0.05)
    line = np.exp(-0.5 * ((y - closure) / width) ** 2) * ends
    dark = np.float32([0.030, 0.010, 0.010])
    target += 0.72 * line[..., None] * (dark + 0.12 * target - target)
    if s.lip_gap > 0:
        gap = canvas.cover(np.minimum(y - closure, opening - y)) * ends
        level = float(np.median(head[area]))
        teeth = np.float32([0.75, 0.70, 0.62]) * level
        bright = step(0.55 * s.mouth_x - x, 0, 0.1) * step(
            opening - y, 0.0, 0.02
        )
        bright *= 1 - 0.6 * np.exp(-(y - closure) / 0.012)
        inner = dark + bright[..., None] * (teeth - dark)
        target += gap[..., None] * (inner - target)
