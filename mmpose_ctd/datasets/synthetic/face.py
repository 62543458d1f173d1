"""Paints the face: relief, light, skin, brows, eyes, nose and mouth."""

import math

import cv2
import numpy as np

from .anatomy import lids
from .canvas import Canvas, bell, curve, step

_IRIS_RADIUS = 0.066
# Colour of the inside of mouth and nostrils.
_DARK = np.float32([0.030, 0.010, 0.010])


def paint_face(canvas: Canvas) -> None:
    """Paint the bald head."""
    person, y, across = canvas.person, canvas.y, canvas.across
    fine = canvas.noise('fine', 95 * across, 95 * y)
    relief = _relief(canvas)
    bumps = (0.0004 + 0.0006 * person.age) * fine
    light, gloss = _light(canvas, relief, bumps)
    albedo = _skin(canvas, fine)
    _brows(canvas, albedo)
    oil = 0.35 + 0.6 * canvas.bump(0, -0.5, 0.3, 0.15)
    oil += 0.6 * canvas.bump(0, 0.25, 0.06, 0.2)
    oil += 0.5 * canvas.bump(0.4, 0.2, 0.12, 0.07)
    oil *= person.oil * (0.10 + 0.05 * person.melanin) * (1 + 0.25 * fine)
    oil += _lips(canvas, albedo)
    head = albedo * light
    head += (oil * gloss)[..., None] * np.float32(canvas.imaging.key)
    _nose(canvas, head)
    _mouth(canvas, head)
    canvas.blend(canvas.cover(canvas.skull - canvas.radius), head)
    _eyes(canvas, light)


def _relief(canvas: Canvas) -> np.ndarray:
    """How far the face stands out, in biocular widths, (H, W)."""
    person, bump, x, y = canvas.person, canvas.bump, canvas.x, canvas.y
    s = person.shape
    # The head: level in front, turning away towards its outline.
    t = np.clip(canvas.radius / canvas.skull, 0, 0.997)
    z = 0.80 * (1 - t**2.5) ** 0.85
    # Forehead, brow ridge, orbits, eyeballs.
    z += 0.03 * bump(0.25, -0.5, 0.3, 0.16)
    z += (0.015 + 0.03 * s.brow_ridge) * bump(0.34, s.brow_y + 0.02, 0.2, 0.05)
    z += 0.03 * s.brow_ridge * bump(0, s.brow_y + 0.03, 0.1, 0.07)
    z -= 0.075 * bump(0.36, -0.03, 0.19, 0.085)
    z -= 0.05 * bump(0.17, -0.02, 0.06, 0.07)
    z += 0.055 * bump(0.36, -0.03, 0.10, 0.065)
    # Cheekbones, the hollows below them, and the mound of the teeth.
    z += 0.05 * bump(0.46, 0.27, 0.16, 0.13)
    z -= 0.035 * bump(0.52, 0.62, 0.12, 0.18)
    z += 0.05 * bump(0, 0.72, 0.28, 0.2)
    # Nose: a ridge of varying height, the tip and the alae.
    n = s.nose_length / 0.48
    at = [-0.3, -0.16, -0.04, 0.06, 0.2, 0.31, 0.365, 0.41, 0.445, 0.48, 0.52]
    crest = [0.0, 0.12, 0.2, 0.31, 0.62, 0.86, 0.96, 0.88, 0.62, 0.28, 0.0]
    crest = curve(at, crest, y / n)
    width = curve([-0.25, -0.05, 0.36, 0.45], [0.12, 0.08, 0.09, 0.08], y / n)
    z += s.nose_height * crest * bell(x / width, s.nose_width)
    wing = s.alar_x
    z += 0.035 * bump(0, 0.37 * n, 0.055 * s.nose_width, 0.05)
    wings = 1 - ((x - 0.86 * wing) / (0.44 * wing)) ** 2
    wings = np.clip(wings - ((y - 0.405 * n) / 0.078) ** 2, 0, 1)
    z += 0.06 * canvas.blurred(np.sqrt(wings), 0.016)
    z += 0.045 * bump(0.8 * wing, 0.40 * n, 0.05, 0.05)
    z -= 0.014 * bump(1.45 * wing, 0.46 * n, 0.035, 0.05)
    # The nasolabial fold, and the one under the eye, deeper with age.
    down = np.clip((y - 0.45 * n) / (s.cheilion_y - 0.05 - 0.45 * n), 0, 1)
    fold = x - (1.55 * wing + down * (1.38 * s.mouth_x - 1.55 * wing))
    on = step(y, 0.4 * n, 0.5 * n)
    on *= step(-y, -s.cheilion_y - 0.03, -s.stomion_y)
    groove = 0.7 * bell(fold, 0.03) - 0.5 * bell(fold - 0.055, 0.035)
    z -= (0.006 + 0.024 * person.age) * on * groove
    bag = 0.085 + 0.05 * np.sin(np.pi * np.clip((x - 0.2) / 0.28, 0, 1))
    on = np.sin(np.pi * np.clip((x - 0.16) / 0.34, 0, 1))
    z -= (0.003 + 0.012 * person.age) * on * bell(y - bag, 0.02)
    # Philtrum: a groove between two ridges that run into the cupid's bow.
    middle = (y - s.nose_length) / s.philtrum_length
    off = x / s.philtrum_width / (0.7 + 0.3 * np.clip(middle, 0, 1))
    groove = 0.018 * bell(off - 1, 0.3) - 0.020 * bell(off, 0.42)
    z += s.philtrum_depth * groove * np.exp(-(((2 * middle - 1) / 0.95) ** 4))
    # Lips, their corners, the chin and the furrow above it.
    upper, closure, opening, lower = canvas.lips
    taper = np.sqrt(np.clip(1 - (x / s.mouth_x) ** 2, 0, 1))
    thick = np.maximum(0.5 * (closure - upper), 0.02)
    z += 0.05 * taper * bell(y - 0.35 * upper - 0.65 * closure, thick)
    thick = np.maximum(0.42 * (lower - opening), 0.02)
    z += 0.062 * taper * bell(y - 0.5 * (opening + lower), thick)
    z -= 0.05 * np.sqrt(taper) * bell(y - closure, 0.013)
    z -= 0.03 * bump(s.mouth_x + 0.02, s.cheilion_y + 0.01, 0.03, 0.03)
    z -= 0.045 * bump(0, s.inferius_y + 0.09, 0.16, 0.045)
    z += 0.075 * bump(0, s.gnathion_y - 0.14, 0.16, 0.09)
    return z


def _light(
    canvas: Canvas, relief: np.ndarray, bumps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Diffuse light (H, W, 3) and gloss (H, W) on the face."""
    gy, gx = np.gradient((relief + bumps) / canvas.pixel)
    # Contours never turn away from the camera: no black outlines.
    limit = 1 / np.sqrt(1 + (gx * gx + gy * gy) / 7)
    # The head turns under the lamp; tilting the slopes is enough here.
    gx = gx * limit - np.float32(np.tan(canvas.imaging.yaw))
    gy = gy * limit - np.float32(np.tan(canvas.imaging.pitch))
    length = np.sqrt(gx * gx + gy * gy + 1)
    nx, ny = -gx / length, -gy / length
    # How much of the sky a point sees.
    hollow = sum(
        np.clip((canvas.blurred(relief, sigma) - relief) / sigma, -0.12, 0.5)
        for sigma in (0.02, 0.06, 0.16)
    )
    sky = np.clip(1 - 0.85 * hollow, 0.25, 1.12)
    # Light bleeds under the skin, red the farthest.
    shadow = _shadow(canvas, relief)
    lamp = 1 - shadow[..., None] * np.float32([0.85, 1.0, 1.05])
    lamp = lamp * np.sqrt(sky)[..., None]
    light = canvas.lit(nx, ny, [0.36, 0.20, 0.14], lamp, sky)
    light *= 1 - (1 - sky[..., None]) * np.float32([0.0, 0.12, 0.2])
    shine = canvas.shine(nx, ny)
    gloss = (0.55 * shine**10 + 0.9 * shine**42) * (1 - shadow) * sky
    return light, gloss * (0.6 + 0.8 * (1 - 1 / length) ** 2)


def _shadow(canvas: Canvas, relief: np.ndarray) -> np.ndarray:
    """Soft cast shadow in [0, 1], by stepping towards the lamp."""
    lx, ly, lz = canvas.imaging.light
    across = math.hypot(lx, ly)
    shade = np.zeros_like(relief)
    for reach in (0.02, 0.045, 0.08, 0.12, 0.19):
        move = np.float32([[1, 0, lx], [0, 1, ly]])
        move[:, 2] *= reach / across / canvas.pixel
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        edge = dict(flags=how, borderMode=cv2.BORDER_REPLICATE)
        higher = cv2.warpAffine(relief, move, relief.shape[::-1], **edge)
        above = higher - relief - reach * lz / across
        shade = np.maximum(shade, above / (0.35 * reach + canvas.pixel))
    return 0.55 * canvas.blurred(np.clip(shade, 0, 1), 0.025)


def _skin(canvas: Canvas, fine: np.ndarray) -> np.ndarray:
    """Albedo of the skin with freckles and beard, (H, W, 3)."""
    person, bump = canvas.person, canvas.bump
    s, y, across = person.shape, canvas.y, canvas.across
    n = s.nose_length / 0.48
    red = 0.8 * bump(0.47, 0.36, 0.16, 0.13)
    red += 0.7 * bump(0, 0.37 * n, 0.1, 0.08)
    red += 0.5 * bump(0.8 * s.alar_x, 0.42 * n, 0.06, 0.05)
    red += 0.35 * bump(0, s.gnathion_y - 0.12, 0.14, 0.1)
    dark = 0.8 * bump(0.27, 0.075, 0.1, 0.045)
    dark += 0.5 * bump(0.36, -0.09, 0.14, 0.035)
    dark += 0.35 * bump(0.1, s.inferius_y + 0.05, 0.1, 0.03)
    albedo = np.ones_like(canvas.rgb) * np.float32(person.skin)

    def tint(amount, *rgb):
        share = np.exp(amount[..., None] * np.float32(rgb))
        np.multiply(albedo, share, albedo)

    blood = (0.26 + 0.25 * person.makeup) * red
    blood += 0.06 * canvas.noise('coarse', 150 * across, 150 * y)
    tint((1 - 0.6 * person.melanin) * blood, 0.02, -0.75, -0.65)
    shade = 0.28 * dark * (0.6 + 0.5 * person.age) + 0.018 * fine
    shade += 0.035 * canvas.noise('coarse', 420 * across, 420 * y)
    tint(shade, -0.8, -1.05, -1.0)
    if person.freckles:
        spots = canvas.noise('fine', 190 * across + 99, 190 * y)
        spots = step(spots, 1.0, 2.0) * np.clip(0.25 + red, 0, 1)
        tint(person.freckles * spots, -0.35, -0.7, -0.9)
    if person.stubble > 0.15:
        beard = _beard(canvas)
        alpha = 0.42 * (person.stubble - 0.15) * beard * (1 + 0.25 * fine)
        if person.beard:
            hairs = canvas.noise('fine', 170 * across + 40 * y, 60 * y)
            alpha = step(beard + 0.08 * hairs, 0.15, 0.85)
            alpha *= 0.74 + 0.08 * hairs
        colour = 0.6 * np.float32(person.hair)
        canvas.blend(np.clip(alpha, 0, 0.92), colour, albedo)
    return albedo


def _beard(canvas: Canvas) -> np.ndarray:
    """Where a beard grows: below a line from the sideburn to the mouth."""
    s, x, y = canvas.person.shape, canvas.x, canvas.y
    n = s.nose_length / 0.48
    edge = [0.5 * n, 0.56 * n, 0.66, 0.5, 0.0, -0.3]
    edge = curve([0, 0.2, 0.45, 0.62, 0.74, 0.8], edge, x)
    beard = step(y - edge, -0.06, 0.20) * step(y, -0.35, 0.1)
    # Thin below the lower lip and in the philtrum, none on the lips.
    chin = (x / 0.16) ** 2 + ((y - s.inferius_y - 0.03) / 0.05) ** 2
    beard *= 1 - 0.85 * step(1 - chin, -1, 0.9)
    beard *= 1 - 0.5 * bell(x, 0.05) * (y < s.superius_y)
    mouth = (x / s.mouth_x) ** 2 + ((y - s.stomion_y - 0.02) / 0.12) ** 2
    return beard * (1 - 0.95 * step(1 - mouth, -0.1, 0.35))


def _brows(canvas: Canvas, albedo: np.ndarray) -> None:
    """Eyebrows: a band of slanting hairs."""
    s, x = canvas.person.shape, canvas.x
    at = [0.13, 0.2, 0.34, 0.5, 0.6, 0.70]
    arch = curve(at, [0, 0, 0.75, 1, 0.45, -0.2], x)
    middle = s.brow_y - s.brow_arch * arch + 0.05 * step(x, 0.55, 0.72)
    half = curve(at, [0.62, 0.95, 1, 0.8, 0.5, 0.18], x)
    off = (canvas.y - middle) / half / s.brow_thickness
    hairs = canvas.noise('strand', 200 * x + 6 * off, 8 * off)
    body = np.clip(1.6 - 1.3 * np.abs(off) ** 1.7, 0, 1)
    body *= step(x, 0.11, 0.24) * step(-x, -0.71, -0.6)
    alpha = np.clip(body * (0.92 + 0.06 * hairs), 0, 1)
    alpha *= 0.8 + 0.12 * canvas.person.makeup
    colour = np.minimum(np.float32(canvas.person.brows), 0.6 * albedo)
    canvas.blend(alpha, colour, albedo)


def _nose(canvas: Canvas, head: np.ndarray) -> None:
    """Nostrils, and the creases behind the alae down to the alar bases."""
    s, x, y = canvas.person.shape, canvas.x, canvas.y
    n = s.nose_length / 0.48
    # A nostril is an oval that slants up towards the outside.
    off = x - 0.62 * s.alar_x
    down = (y - s.nose_length + 0.036 + 0.12 * off) / 0.017
    hole = step(1.3 - np.hypot(off / (0.30 * s.alar_x), down), 0, 0.75)
    base = bell(y - s.nose_length + 0.006, 0.014)
    base *= step(1.02 * s.alar_x - x, -0.01, 0.05)
    t = np.clip((y - 0.33 * n) / (s.alar_y - 0.33 * n), 0, 1)
    bend = 1.12 + 0.65 * t - 0.55 * t**2 - 0.22 * t**3
    off = np.hypot(x - s.alar_x * bend, np.maximum(y - s.alar_y, 0))
    crease = canvas.line(off, 0.010) * step(y, 0.32 * n, 0.42 * n)
    alpha = 1 - (1 - 0.78 * hole) * (1 - 0.18 * base) * (1 - 0.30 * crease)
    skin = np.float32(canvas.person.skin) * np.float32([0.26, 0.14, 0.12])
    bright = head[(x < 0.3) & (np.abs(y - 0.4 * n) < 0.14)]
    canvas.blend(alpha, skin * (bright.mean() if bright.size else 0), head)


def _lips(canvas: Canvas, albedo: np.ndarray) -> np.ndarray:
    """Colour the vermilion; returns its gloss."""
    person, x, y = canvas.person, canvas.x, canvas.y
    upper, seam, _, lower = canvas.lips
    inside = np.minimum(y - upper, lower - y)
    inside = np.minimum(inside, person.shape.mouth_x - x)
    alpha = canvas.cover(inside, 0.012 - 0.004 * person.makeup)
    folds = canvas.noise('strand', 170 * canvas.across, 40 * y)
    rouge = np.float32([0.42, 0.055, 0.075]) * (1 - 0.5 * person.melanin)
    colour = np.float32(person.lips)
    colour = colour + 0.8 * person.makeup * (rouge - colour)
    tone = 1 + 0.07 * folds - 0.14 * (y < seam)
    canvas.blend(0.86 * alpha, colour * tone[..., None], albedo)
    return alpha * (0.05 + 0.10 * person.makeup) * (1 + 0.5 * folds)


def _mouth(canvas: Canvas, head: np.ndarray) -> None:
    """The dark line between the lips, or the open mouth with its teeth."""
    s, x, y = canvas.person.shape, canvas.x, canvas.y
    _, closure, opening, _ = canvas.lips
    ends = step(s.mouth_x + 0.01 - x, 0, 0.05)
    line = 0.72 * canvas.line(y - closure, 0.009) * ends
    canvas.blend(line, _DARK + 0.12 * head, head)
    if s.lip_gap > 0:
        gap = canvas.cover(np.minimum(y - closure, opening - y)) * ends
        bright = step(0.55 * s.mouth_x - x, 0, 0.1)
        bright *= step(opening - y, 0, 0.02)
        bright *= 1 - 0.6 * np.exp(-np.abs(y - closure) / 0.012)
        teeth = np.float32([0.75, 0.70, 0.62]) * np.median(canvas.imaging.key)
        inner = _DARK + bright[..., None] * (0.45 * teeth - _DARK)
        canvas.blend(gap, inner, head)


def _eyes(canvas: Canvas, light: np.ndarray) -> None:
    """Both eyes, in the diffuse light on the face, (H, W, 3)."""
    person, imaging = canvas.person, canvas.imaging
    s, x, y, side = person.shape, canvas.x, canvas.y, canvas.side
    upper, lower = lids(s, x)
    width = 0.5 - s.endo_x
    along = (x - s.endo_x) / width
    beyond = np.minimum(along, 1 - along) * width
    inside = np.minimum(np.minimum(y - upper, lower - y), beyond)
    # The light on the eyeballs: that of the orbits, without its details.
    weight = np.exp(-(((x - 0.35) / 0.17) ** 2) - (y / 0.085) ** 2)
    weight = np.stack([weight * (side < 0), weight * (side >= 0)])
    ambient = np.einsum('shw,hwc->sc', weight, light)
    ambient /= weight.sum(axis=(1, 2))[:, None] + 1e-9
    ambient = np.where(side[..., None] < 0, *ambient).astype(np.float32)

    # The upper lid with its fold and shade, and the shade under the lower.
    arch = np.abs(np.sin(np.pi * np.clip((along + 0.08) / 1.16, 0, 1)))
    fold = upper - s.crease * (0.35 + 0.65 * arch)
    crease = canvas.line(y - fold, 0.011) * np.sqrt(arch)
    canvas.blend(0.5 * crease, 0.32 * canvas.rgb)
    lid = ((y > fold) & (y < upper + 0.01)) * arch**0.3
    canvas.blend(0.22 * lid, [0.55, 0.45, 0.42] * canvas.rgb)
    under = canvas.line(y - lower - 0.012, 0.010) * step(beyond, -0.02, 0.06)
    canvas.blend(0.22 * under, 0.45 * canvas.rgb)

    # The eyeball: sclera, redder at the inner canthus; iris and pupil.
    eye_x = 0.268 + 0.47 * s.endo_x + side * imaging.gaze[0]
    eye_y = -0.5 * s.canthal_rise - 0.024 + imaging.gaze[1]
    r = np.hypot(x - eye_x, y - eye_y)
    dim = 1.04 - 3.2 * np.clip(r - 0.05, 0, None)[..., None] ** 1.3
    ball = np.float32(person.sclera) * dim
    canvas.blend(step(-along, -0.10, 0), [0.50, 0.25, 0.22], ball)
    angle = np.arctan2(y - eye_y, x - eye_x)
    first, second = person.texture
    fibres = np.sin(11 * angle + first) + np.sin(17 * angle + second)
    glow = 0.95 + 0.5 * np.clip((y - eye_y) / _IRIS_RADIUS, -1, 1)
    glow += 0.06 * fibres
    glow *= 1 - 0.72 * step(r, 0.74 * _IRIS_RADIUS, _IRIS_RADIUS)
    iris = np.float32(person.iris) * glow[..., None]
    canvas.blend(canvas.cover(0.029 - r, 0.008), 0.006, iris)
    canvas.blend(canvas.cover(_IRIS_RADIUS - r, 0.012), iris, ball)
    # The upper lid and its lashes throw a shadow on the ball.
    overcast = np.exp(-np.clip(y - upper, 0, None) / 0.024)
    ball = ball * ((1 - 0.62 * overcast)[..., None] * ambient)
    glint_x = eye_x + side * max(-0.03, min(0.12 * imaging.light[0], 0.03))
    glint = canvas.line(np.hypot(x - glint_x, y - eye_y + 0.028), 0.0075)
    ball += (glint * max(imaging.key))[..., None]
    # The wet margin of the lower lid.
    pink = 0.6 * np.float32(person.skin) + np.float32([0.22, 0.15, 0.14])
    brink = canvas.line(y - lower + 0.006, 0.007)
    canvas.blend(0.45 * brink, pink * ambient, ball)
    canvas.blend(canvas.cover(inside), ball)

    # Lashes: a dark edge, thicker at the outer half, and a faint lower one.
    dark = 0.16 * np.float32(person.brows) * ambient + 0.004
    thick = 0.017 + 0.006 * np.clip(along, 0, 1) + 0.008 * person.makeup
    thick = np.maximum(thick, 0.6 * canvas.pixel)
    edge = np.exp(-0.5 * np.abs((y - upper + 0.2 * thick) / thick) ** 3)
    canvas.blend(0.9 * edge * step(beyond, -0.012, 0.035), dark)
    rim = canvas.line(y - lower, 0.007) * step(beyond, 0.0, 0.12)
    canvas.blend((0.28 + 0.4 * person.makeup) * rim, dark)
