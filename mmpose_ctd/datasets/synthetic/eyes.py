"""Paints eyes: lids, lashes, sclera, iris and pupil."""

import numpy as np

from .canvas import Canvas
from .contours import lids
from .relief import step

IRIS_RADIUS = 0.066


def paint_eyes(canvas: Canvas, light: np.ndarray) -> None:
    """Paint both eyes.

    Args:
        canvas: The picture, with the skin around the eyes painted.
        light: Diffuse light on the face, (H, W, 3).
    """
    for side in (-1, 1):
        _paint_eye(canvas, light, side)


def _paint_eye(canvas: Canvas, light: np.ndarray, side: int) -> None:
    person, imaging = canvas.person, canvas.imaging
    shape = person.shape
    exo_x, exo_y = shape.exo
    area = canvas.window(
        min(side * 0.1, side * 0.62), -0.26, max(side * 0.1, side * 0.62), 0.16
    )
    x, y = side * canvas.x[area], canvas.y[area]
    if not x.size:
        return
    pixel = 1 / canvas.scale
    upper, lower = lids(shape, x)
    along = (x - shape.endo_x) / (exo_x - shape.endo_x)
    beyond = np.minimum(along, 1 - along) * (exo_x - shape.endo_x)
    inside = np.minimum(np.minimum(y - upper, lower - y), beyond)
    opening = canvas.cover(inside)
    # The light on the eyeball: that of the orbit, without its details.
    weight = np.exp(-0.5 * (((x - 0.35) / 0.12) ** 2 + (y / 0.06) ** 2))
    ambient = (light[area] * weight[..., None]).sum((0, 1)) / weight.sum()

    # The fold and the shade of the upper lid, and the lid's margin.
    span = np.clip(along, -0.08, 1.08)
    arch = np.abs(np.sin(np.pi * np.clip((span + 0.08) / 1.16, 0, 1)))
    fold = upper - shape.crease * (0.35 + 0.65 * arch)
    width = max(0.011, 0.75 * pixel)
    crease = np.exp(-0.5 * ((y - fold) / width) ** 2) * arch**0.5
    crease *= step(shape.crease, 0.008, 0.02)
    skin = canvas.rgb[area]
    canvas.blend(area, 0.5 * crease, 0.32 * skin)
    lid = ((y > fold) & (y < upper + 0.01)) * arch**0.3
    shadow = np.array([0.55, 0.45, 0.42]) * skin
    if person.makeup:
        smoky = np.clip(1 - (upper - y) / (1.7 * shape.crease), 0, 1)
        smoky = smoky * (y < upper) * arch**0.5
        canvas.blend(area, 0.75 * person.makeup * smoky, 0.35 * skin)
    canvas.blend(area, 0.22 * lid, shadow)
    # Lower lid: a faint shade under the lashes.
    under = np.exp(-0.5 * ((y - lower - 0.012) / 0.010) ** 2)
    under *= step(beyond, -0.02, 0.06)
    canvas.blend(area, 0.22 * under, 0.45 * skin)

    # The eyeball.
    eye_x = 0.53 * exo_x + 0.47 * shape.endo_x + side * imaging.gaze[0]
    eye_x += 0.003
    eye_y = 0.5 * exo_y - 0.024 + imaging.gaze[1]
    r = np.hypot(x - eye_x, y - eye_y)
    sclera = np.array(person.sclera)
    ball = sclera * (1.04 - 3.2 * np.clip(r - 0.05, 0, None)[..., None] ** 1.3)
    corner = step(0.10 - np.clip(along, 0, 1), 0, 0.10)[..., None]
    ball = ball * (1 - corner) + corner * np.array([0.50, 0.25, 0.22])
    ball = ball * (1 - 0.25 * step(along, 0.86, 1)[..., None])
    angle = np.arctan2(y - eye_y, x - eye_x)
    fibres = (
        np.sin(11 * angle + person.texture[0])
        + np.sin(17 * angle + person.texture[1])
    ) * 0.06
    iris = np.array(person.iris)
    ring = step(r, 0.74 * IRIS_RADIUS, IRIS_RADIUS)
    glow = 0.95 + 0.5 * np.clip((y - eye_y) / IRIS_RADIUS, -1, 1) + fibres
    disc = iris * (glow * (1 - 0.72 * ring))[..., None]
    pupil = canvas.cover(0.029 - r, 0.008)
    disc = disc * (1 - pupil[..., None]) + 0.006 * pupil[..., None]
    inner = canvas.cover(IRIS_RADIUS - r, 0.012)[..., None]
    ball = ball * (1 - inner) + disc * inner
    # The upper lid and its lashes throw a shadow on the ball.
    overcast = np.exp(-np.clip(y - upper, 0, None) / 0.024)
    ball = ball * (1 - 0.62 * overcast[..., None])
    ball = ball * ambient
    lx = imaging.light[0]
    glint_x = eye_x + side * min(max(0.12 * lx, -0.03), 0.03)
    size = max(0.0075, 0.5 * pixel)
    spark = ((x - glint_x) ** 2 + (y - eye_y + 0.028) ** 2) / size**2
    ball += (np.exp(-0.5 * spark) * max(imaging.key))[..., None]
    # The wet margin of the lower lid.
    brink = np.exp(-0.5 * ((y - lower + 0.006) / 0.007) ** 2)
    pink = 0.6 * np.array(person.skin) + np.array([0.22, 0.15, 0.14])
    ball = ball + (0.45 * brink)[..., None] * (pink * ambient - ball)
    canvas.blend(area, opening, ball)

    # Lashes: a dark edge, stronger at the outer half, over the margin.
    dark = 0.16 * np.array(person.brows) * ambient + 0.004
    thick = 0.017 + 0.006 * np.clip(along, 0, 1) + 0.008 * person.makeup
    thick = np.maximum(thick, 0.6 * pixel)
    edge = np.exp(-0.5 * np.abs((y - upper + 0.2 * thick) / thick) ** 3)
    edge *= step(beyond, -0.012, 0.035)
    canvas.blend(area, 0.9 * edge, dark)
    rim = np.exp(-0.5 * ((y - lower) / max(0.007, 0.5 * pixel)) ** 2)
    rim *= step(beyond, 0.0, 0.12)
    canvas.blend(area, (0.28 + 0.4 * person.makeup) * rim, dark)
