"""Paints what surrounds the face: backdrop, neck, clothes and ears."""

import numpy as np

from .canvas import EVERYWHERE, Canvas
from .light import light_on
from .relief import step


def paint_backdrop(canvas: Canvas) -> None:
    """A lit wall, darker towards the corners away from the light."""
    size = canvas.x.shape[0]
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    px, py = np.meshgrid(axis, axis)
    lx, ly, _ = canvas.imaging.light
    fall = 1 + 0.10 * lx * px + 0.06 * ly * py - 0.06 * (px**2 + py**2)
    canvas.rgb[:] = fall[..., None] * np.float32(canvas.imaging.background)


def paint_body(canvas: Canvas, distance: np.ndarray) -> None:
    """Neck, shoulders and clothes.

    Args:
        canvas: The picture.
        distance: To the head's outline, negative outside: the jaw's shadow
            falls on the neck.
    """
    rows, _ = canvas.window(-3, 0.5, 3, 4)
    area = (rows, slice(None))
    canvas, distance = canvas.crop(area), distance[area]
    person, imaging = canvas.person, canvas.imaging
    s = person.shape
    x, y = canvas.x, canvas.y
    if not x.size:
        return
    drop = s.gnathion_y - 1.263
    width = 0.57 * (0.4 * s.jaw_width + 0.6 * (0.75 + 0.25 * s.chin_width))
    down = y - 1.42 - drop
    slope = np.clip(down, 0, None)
    half = width + 0.55 * slope + 1.5 * slope**2
    half = half + 0.04 * np.exp(-0.5 * ((y - 0.9) / 0.2) ** 2)
    side = np.clip(x / half, -0.995, 0.995)
    light = light_on(imaging, 0.95 * side * side * side + 0.1 * side, -0.05)
    # Hollows: the shadow of the jaw, and beside the sternomastoid muscles.
    below = np.clip(-distance, 0, None)
    shade = 1 - 0.62 * np.exp(-below / 0.16) - 0.12 * np.exp(-below / 0.5)
    cord = np.abs(x) - (0.40 * width + 0.25 * (1.75 + drop - y))
    shade *= 1 - 0.10 * np.exp(-0.5 * (cord / 0.05) ** 2) * step(y, 1.3, 1.6)
    pit = (x / 0.12) ** 2 + ((y - 1.78 - drop) / 0.09) ** 2
    shade *= 1 - 0.2 * np.exp(-pit)
    tint = np.float32([0.98, 0.94, 0.92])
    dim = 1 - (1 - shade[..., None]) * np.float32([0.94, 1.02, 1.05])
    skin = np.float32(person.skin) * tint * light * dim
    inside = np.minimum(half - np.abs(x), y - 0.5)
    canvas.blend(EVERYWHERE, canvas.cover(inside * 0.8), skin)

    # Clothes: everything below the neckline.
    deep = 1.58 + 0.30 * imaging.neckline + drop
    open_x = 0.50 + 0.2 * imaging.neckline
    rise = np.abs(x) / open_x
    if imaging.neckline > 0.6:
        hem = deep + 0.1 - 0.55 * rise
    else:
        hem = deep - 0.36 * rise * rise
    hem = np.maximum(hem, 1.42 + drop - 0.4 * (0.9 - np.abs(x)))
    into = y - hem
    shoulder = y - (1.36 + drop + 0.42 * np.clip(np.abs(x) - 0.5, 0, None))
    into = np.minimum(into, shoulder)
    folds = canvas.noise('coarse', 60 * person.handed * x + 30 * y, 45 * y)
    cloth = light_on(
        imaging, 0.35 * np.tanh(1.2 * x) + 0.05 * folds, -0.25 + 0.05 * folds
    )
    weave = 1 + 0.02 * canvas.noise('fine', 200 * person.handed * x, 200 * y)
    cloth = cloth * np.float32(imaging.shirt) * weave[..., None]
    band = np.exp(-0.5 * ((into - 0.075) / 0.010) ** 2)
    lip = np.exp(-0.5 * ((into + 0.008) / 0.018) ** 2) * (into < 0)
    canvas.rgb *= 1 - 0.35 * lip[..., None]
    cloth = cloth * (1 - 0.22 * band[..., None])
    canvas.blend(EVERYWHERE, canvas.cover(into), cloth)


def paint_ears(canvas: Canvas) -> None:
    """Both ears, where no hair hangs over them."""
    person = canvas.person
    if person.hair_style in ('long', 'bob'):
        return
    s = person.shape
    for side in (-1, 1):
        area = canvas.window(
            min(side * 0.6, side * 1.1),
            -0.25,
            max(side * 0.6, side * 1.1),
            0.68,
        )
        x, y = side * canvas.x[area], canvas.y[area]
        if not x.size:
            continue
        edge = 0.77 * s.cheek_width
        # Along the ear from its top (0) to the lobe (1).
        t = np.clip((y + 0.10) / 0.62, 0, 1)
        bulge = np.abs(np.sin(np.pi * t**0.72)) ** 0.62
        reach = 0.150 * bulge * (1 - 0.38 * t)
        inner = edge - 0.05 * t
        rim = inner + reach - x
        inside = np.minimum(rim, np.minimum(y + 0.10, 0.52 - y) * 0.6)
        depth = np.clip(rim / np.maximum(reach, 0.02), 0, 1.4)
        helix = np.exp(-0.5 * ((rim - 0.020) / 0.014) ** 2)
        furrow = np.exp(-0.5 * ((rim - 0.052) / 0.018) ** 2) * (t < 0.75)
        concha = np.exp(
            -0.5 * (((t - 0.55) / 0.16) ** 2 + ((depth - 0.85) / 0.28) ** 2)
        )
        tone = 0.86 + 0.22 * helix - 0.34 * furrow - 0.42 * concha
        tone *= 1 - 0.3 * step(depth, 0.75, 1.2)
        nx = side * np.clip(0.75 - 0.6 * depth, -0.3, 0.8)
        blood = np.exp(
            np.float32([0.03, -0.22, -0.2]) * (1 - 0.7 * person.melanin)
        )
        canvas_light = light_on(canvas.imaging, nx, 0.0 * nx)
        colour = np.float32(person.skin) * blood * canvas_light
        colour = colour * np.clip(tone, 0.2, 1.3)[..., None] ** (
            np.float32([0.85, 1.05, 1.1])
        )
        canvas.blend(area, canvas.cover(inside), colour)
