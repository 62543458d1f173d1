"""Paints the eyes: lids, lashes, sclera, iris and pupil."""

import numpy as np

from .canvas import Canvas, step

_IRIS_RADIUS = 0.066


def paint_eyes(canvas: Canvas, light: np.ndarray) -> None:
    """Paint both eyes.

    Args:
        canvas (Canvas): The picture, with the skin around the eyes.
        light (np.ndarray): Diffuse light on the face, (H, W, 3).
    """
    person, imaging = canvas.person, canvas.imaging
    s, x, y, side = person.shape, canvas.x, canvas.y, canvas.side
    upper, lower = canvas.lids
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
    ball = np.float32(person.sclera) * (
        1.04 - 3.2 * np.clip(r - 0.05, 0, None)[..., None] ** 1.3
    )
    canvas.blend(step(-along, -0.10, 0), [0.50, 0.25, 0.22], ball)
    angle = np.arctan2(y - eye_y, x - eye_x)
    fibres = np.sin(11 * angle + person.texture[0])
    fibres += np.sin(17 * angle + person.texture[1])
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
