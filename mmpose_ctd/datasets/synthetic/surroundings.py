"""Paints what surrounds the face: backdrop, body, ears and hair."""

import numpy as np

from .anatomy import HEAD_CENTRE_Y, outline
from .canvas import Canvas, bell, step

# How far the hair stands out from the top and the sides of the skull, width
# over which the hairline fades into the skin, and how far down the hair
# reaches at the sides of the face; in biocular widths.
STYLES = {
    'buzz': (0.015, 0.01, 0.11, 0.06),
    'short': (0.11, 0.045, 0.055, 0.16),
    'fringe': (0.12, 0.06, 0.05, 0.16),
    'long': (0.12, 0.12, 0.05, 3.0),
    'curly': (0.24, 0.16, 0.06, 0.35),
}

# Hairline from the crown's side of the forehead round to the sideburn, as a
# share of the skull's radius over the angle; how far it recedes; and how far
# long hair falls over it.
_DEGREES = np.radians([-90, -76, -62, -52, -41, -26, -10, 5, 20, 30])
_LINE = [0.815, 0.845, 0.915, 0.935, 0.92, 0.94, 0.955, 0.955, 0.965, 1.0]
_RECEDE = [0.35, 0.75, 1.0, 0.8, 0.3, 0.1, 0, 0, 0, 0]
_CURTAIN = [0, 0, 0.035, 0.065, 0.065, 0.06, 0.05, 0.04, 0.035, 0.035]
# Angle above the head's centre at which its outline crosses y = 0.
_TEMPLE = 0.125


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
    half += 0.04 * bell(y - 0.9, 0.2)
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
    seam = 1 - 0.22 * bell(into - 0.075, 0.010)
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
    furrow = bell(rim - 0.052, 0.018) * (t < 0.75)
    concha = np.exp(-(((t - 0.55) / 0.23) ** 2) - ((depth - 0.85) / 0.4) ** 2)
    tone = 0.86 + 0.22 * bell(rim - 0.020, 0.014)
    tone += -0.34 * furrow - 0.42 * concha
    tone *= 1 - 0.3 * step(depth, 0.75, 1.2)
    bend = canvas.side * np.clip(0.75 - 0.6 * depth, -0.3, 0.8)
    light = canvas.lit(bend, 0 * x)
    blood = np.float32([0.03, -0.22, -0.2]) * (1 - 0.7 * person.melanin)
    blood = np.exp(blood)
    colour = np.float32(person.skin) * blood * light
    tone = np.clip(tone, 0.2, 1.3)[..., None] ** np.float32([0.85, 1.05, 1.1])
    canvas.blend(canvas.cover(inside), colour * tone)


def paint_back_hair(canvas: Canvas) -> None:
    """Hair that is seen behind the neck and the ears."""
    person, x, y = canvas.person, canvas.x, canvas.y
    name, across = person.hair_style, canvas.across
    if name not in ('long', 'curly'):
        return
    _, sides, _, end = STYLES[name]
    coarse = canvas.noise('coarse', 70 * across, 45 * y)
    strands = _strands(canvas)
    inside = canvas.skull + sides * person.volume - canvas.radius
    if name == 'curly':
        inside += 0.03 * coarse
        inside = np.minimum(inside, end + 0.1 * coarse - y)
    else:
        hanging = np.minimum(_hang_width(canvas) - x, _hang_end(canvas) - y)
        inside = np.where(y < 0, inside, hanging)
    side = np.clip(x, 0, 1)
    light = (0.30 + 0.6 * side**2) * (1 - 0.45 * side**8)
    colour = _colour(canvas, strands, light, 0 * x)
    canvas.blend(canvas.cover(inside, 0.025), colour)


def paint_hair(canvas: Canvas) -> None:
    """Hair on the skull, its hairline, and what falls into the face."""
    person, x, y = canvas.person, canvas.x, canvas.y
    name = person.hair_style
    if name == 'bald':
        return
    top, sides, soft, end = STYLES[name]
    strands = _strands(canvas)
    coarse = canvas.noise('coarse', 95 * canvas.across, 95 * y)
    # How far the hair stands out from the skull.
    crown = step(-canvas.angle, -0.2, 0.9)
    outer = canvas.skull + person.volume * (sides + (top - sides) * crown)
    if name != 'buzz':
        ragged = 0.03 if name == 'curly' else 0.008
        outer = outer + ragged * (coarse + 0.35 * strands)
    start = canvas.radius - _hairline(canvas, strands)
    cover = np.minimum(
        canvas.cover(start, soft),
        canvas.cover(outer - canvas.radius, 0.02),
    )
    if name == 'long':
        # Strands hang in front of the ears, and close in below.
        inner = 0.725 * person.shape.cheek_width + 0.01 * coarse
        inner += 0.12 * step(-y, -0.35, 0.02) - 0.05 * step(y, 0.0, 0.7)
        depth = x - inner + 0.10 * step(y, 0.6, 1.3)
        hang = np.minimum(depth, _hang_width(canvas) - x)
        hang = np.minimum(hang, np.minimum(y + 0.02, _hang_end(canvas) - y))
        cover = np.maximum(cover, canvas.cover(hang, 0.04))
        start = np.maximum(start, np.where(y > 0, depth, start))
    else:
        cover = cover * canvas.cover(end + 0.02 * strands - y, 0.12)
    if name == 'buzz':
        cover = cover * np.clip(0.78 + 0.12 * strands, 0, 0.95)
    else:
        # Hair throws a soft shadow on the skin next to it.
        near = 0.3 * bell(start, 0.04) * (start < 0)
        canvas.rgb *= 1 - (near * step(-y, -0.3, 0.1))[..., None]
    # Light and sheen on a rounded mass, darker at the roots.
    bent = np.clip(canvas.radius / outer, 0, 1) ** 2
    level = np.minimum(canvas.angle, 0)
    nx, ny = canvas.side * np.cos(level) * bent, np.sin(level) * bent
    lx, ly, lz = canvas.imaging.light
    nz = np.sqrt(np.clip(1 - nx * nx - ny * ny, 0.05, 1))
    facing = np.clip((nx * lx + ny * ly + nz * lz + 0.3) / 1.3, 0, 1)
    light = (0.35 + 0.75 * facing) * (0.6 + 0.4 * step(start, 0.0, 0.14))
    gloss = 0.25 if name in ('curly', 'buzz') else 0.9
    sheen = gloss * canvas.shine(nx, ny) ** 18
    canvas.blend(cover, _colour(canvas, strands, light, sheen))


def _hang_width(canvas: Canvas) -> np.ndarray:
    """Half the width of long hair over its height."""
    fall = np.clip(canvas.y, 0, 2)
    wave = canvas.noise('coarse', 95 * canvas.across, 95 * canvas.y)
    # At y = 0 as wide as the hair on the skull.
    skull = np.cos(_TEMPLE) * outline(canvas.person.shape, -_TEMPLE)
    width = skull + STYLES['long'][1] * canvas.person.volume
    width += 0.12 * fall - 0.05 * fall**2
    return width + wave * (0.008 + 0.012 * step(fall, 0, 0.2))


def _hang_end(canvas: Canvas) -> np.ndarray:
    """How far down long hair reaches: to the chin, or out of the picture."""
    tuft = canvas.noise('strand', 260 * canvas.across, 9 * canvas.y)
    return 0.9 + 2.1 * canvas.person.hair_length + 0.03 * tuft


def _hairline(canvas: Canvas, strands: np.ndarray) -> np.ndarray:
    """Radius at which the hair begins."""
    person, y, angle = canvas.person, canvas.y, canvas.angle
    line = _LINE + person.hairline * np.array(_RECEDE)
    if person.hair_style == 'long':
        line -= _CURTAIN
    inner = np.interp(angle, _DEGREES, np.minimum(line, 0.975))
    inner = inner.astype(np.float32) * canvas.skull + 0.012 * strands
    inner += 3 * step(angle, np.radians(24), np.radians(40))
    if person.hair_style != 'fringe':
        return inner
    low = 0.35 * person.hairline - 0.34
    low = low + 0.06 * person.parting * canvas.across
    level = (HEAD_CENTRE_Y - low) / np.maximum(np.sin(-angle), 0.35)
    front = np.where(y < HEAD_CENTRE_Y, level, 9)
    return np.minimum(inner, front + 0.03 * strands)


def _strands(canvas: Canvas) -> np.ndarray:
    """Noise of unit variance that runs along the hairs."""
    person, x, y = canvas.person, canvas.across, canvas.y
    part = 0.45 * person.parting
    if person.hair_style == 'curly':
        return 0.8 * canvas.noise('curl', 120 * x, 120 * y)
    if person.hair_style == 'buzz':
        return canvas.noise('fine', 160 * x, 160 * y)
    wave = 5 * canvas.noise('coarse', 45 * x, 45 * y)
    if person.hair_style == 'short':
        # Back from the hairline.
        bend = 0.25 * part * np.exp(-(((y + 0.9) / 0.5) ** 2))
        u = 210 * np.arctan2(x - bend, 0.35 - y)
        return canvas.noise('strand', u + wave, 90 * canvas.radius)
    if person.hair_style == 'fringe':
        # From the crown to the front.
        u = 240 * np.arctan2(x - 0.3 * part, y + 1.9)
        return canvas.noise('strand', u + wave, 80 * (y + 1))
    # From a parting along the head, and straight down below it.
    level = np.where(y < 0, 0.78 * canvas.radius / canvas.skull, canvas.x)
    u = 170 * level * np.sign(x - part)
    v = 60 * np.where(y < 0, np.arctan2(y, canvas.x + 0.05), y)
    strands = canvas.noise('strand', u + wave, v)
    parting = np.exp(-(((x - part) / 0.025) ** 2)) * step(-y, 0.5, 0.7)
    return strands - 1.5 * parting


def _colour(
    canvas: Canvas, strands: np.ndarray, light: np.ndarray, sheen: np.ndarray
) -> np.ndarray:
    """Linear RGB of hair under light and sheen, each 0 to 1, (H, W, 3)."""
    hair, imaging = np.float32(canvas.person.hair), canvas.imaging
    tone = np.clip(0.80 + 0.24 * strands, 0.15, 1.8) * light
    glint = sheen * np.clip(0.6 + 0.5 * strands, 0, 2)
    power = 0.62 * (np.float32(imaging.key) + np.float32(imaging.fill))
    sheen = (0.5 * hair + 0.05) * glint[..., None]
    return power * (hair * tone[..., None] + sheen)
