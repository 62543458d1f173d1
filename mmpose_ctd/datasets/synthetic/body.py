"""Paints what surrounds the face: backdrop, neck, clothes and ears."""

import numpy as np

from .canvas import Canvas, step


def paint_backdrop(canvas: Canvas) -> None:
    """A lit wall, darker towards the corners away from the light."""
    axis = np.linspace(-1, 1, len(canvas.rgb), dtype=np.float32)
    px, py = np.meshgrid(axis, axis)
    lx, ly, _ = canvas.imaging.light
    fall = 1 + 0.10 * lx * px + 0.06 * ly * py - 0.06 * (px**2 + py**2)
    canvas.rgb[:] = fall[..., None] * np.float32(canvas.imaging.background)


def paint_body(canvas: Canvas) -> None:
    """Neck, shoulders and clothes."""
    person, imaging = canvas.person, canvas.imaging
    s, x, y = person.shape, canvas.x, canvas.y
    drop = s.gnathion_y - 1.263
    width = 0.57 * (0.4 * s.jaw_width + 0.45 + 0.15 * s.chin_width)
    slope = np.clip(y - 1.42 - drop, 0, None)
    half = width + 0.55 * slope + 1.5 * slope**2
    half += 0.04 * np.exp(-0.5 * ((y - 0.9) / 0.2) ** 2)
    round_x = np.clip(x / half, 0, 0.995) * canvas.side
    light = canvas.lit(0.95 * round_x**3 + 0.1 * round_x, -0.05)
    # The shadow of the jaw.
    below = np.clip(canvas.radius - canvas.skull, 0, None)
    shade = 1 - 0.62 * np.exp(-below / 0.16) - 0.12 * np.exp(-below / 0.5)
    dim = 1 - (1 - shade[..., None]) * np.float32([0.94, 1.02, 1.05])
    skin = np.float32(person.skin) * np.float32([0.98, 0.94, 0.92])
    neck = canvas.cover(0.8 * np.minimum(half - x, y - 0.5))
    canvas.blend(neck, skin * light * dim)

    # Clothes are below the neckline and the shoulders.
    rise = x / (0.50 + 0.2 * imaging.neckline)
    deep = 1.58 + 0.30 * imaging.neckline + drop
    pointed = imaging.neckline > 0.6
    hem = deep + 0.1 - 0.55 * rise if pointed else deep - 0.36 * rise**2
    hem = np.maximum(hem, 1.42 + drop - 0.4 * (0.9 - x))
    shoulder = 1.36 + drop + 0.42 * np.clip(x - 0.5, 0, None)
    into = y - np.maximum(hem, shoulder)
    folds = 0.05 * canvas.noise('coarse', 60 * canvas.across + 30 * y, 45 * y)
    slant = 0.35 * np.tanh(1.2 * x) * canvas.side
    cloth = np.float32(imaging.shirt) * canvas.lit(slant + folds, folds - 0.25)
    seam = 1 - 0.22 * np.exp(-0.5 * ((into - 0.075) / 0.010) ** 2)
    canvas.rgb *= 1 - 0.35 * canvas.line(into + 0.008, 0.018)[..., None]
    canvas.blend(canvas.cover(into), cloth * seam[..., None])


def paint_ears(canvas: Canvas) -> None:
    """Both ears, where no hair hangs over them."""
    person = canvas.person
    if person.hair_style == 'long':
        return
    x, y = canvas.x, canvas.y
    # Along the ear from its top (0) to the lobe (1).
    t = np.clip((y + 0.10) / 0.62, 0, 1)
    bulge = np.sin(np.pi * t**0.72).clip(0) ** 0.62
    reach = 0.150 * bulge * (1 - 0.38 * t)
    rim = 0.77 * person.shape.cheek_width - 0.05 * t + reach - x
    inside = np.minimum(rim, np.minimum(y + 0.10, 0.52 - y) * 0.6)
    depth = np.clip(rim / np.maximum(reach, 0.02), 0, 1.4)
    furrow = np.exp(-0.5 * ((rim - 0.052) / 0.018) ** 2) * (t < 0.75)
    concha = np.exp(-(((t - 0.55) / 0.23) ** 2) - ((depth - 0.85) / 0.4) ** 2)
    tone = 0.86 + 0.22 * np.exp(-0.5 * ((rim - 0.020) / 0.014) ** 2)
    tone += -0.34 * furrow - 0.42 * concha
    tone *= 1 - 0.3 * step(depth, 0.75, 1.2)
    light = canvas.lit(
        canvas.side * np.clip(0.75 - 0.6 * depth, -0.3, 0.8), 0 * x
    )
    blood = np.exp(
        np.float32([0.03, -0.22, -0.2]) * (1 - 0.7 * person.melanin)
    )
    colour = np.float32(person.skin) * blood * light
    tone = np.clip(tone, 0.2, 1.3)[..., None] ** np.float32([0.85, 1.05, 1.1])
    canvas.blend(canvas.cover(inside), colour * tone)
