"""Curves through the landmarks: lids, lips and the head's outline."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

from .anatomy import Shape

#: Centre of the polar coordinates in which the head's outline is drawn.
HEAD_CENTRE_Y = 0.1


def lids(shape: Shape, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Height of the upper and of the lower lid's margin.

    Args:
        x: Distance from the midline.

    Returns:
        Two arrays like ``x``; both are the canthus's height at a canthus.
    """
    exo_x, exo_y = shape.exo
    along = (x - shape.endo_x) / (exo_x - shape.endo_x)
    line = along * exo_y
    along = np.clip(along, 0, 1)

    def arc(inner, outer):
        peak = inner / (inner + outer)
        top = peak**inner * (1 - peak) ** outer
        return along**inner * (1 - along) ** outer / top

    upper = line - shape.lid_upper * arc(shape.lid_peak, 0.75)
    lower = line + shape.lid_lower * arc(1.0, 0.55)
    return upper, lower


@dataclass(frozen=True)
class Lips:
    """The lips' borders: functions of the distance from the midline."""

    upper: PchipInterpolator
    closure: PchipInterpolator
    opening: PchipInterpolator
    lower: PchipInterpolator


@lru_cache(maxsize=4)
def lips(shape: Shape) -> Lips:
    """Borders of the vermilion, through its landmarks."""
    s = shape
    width, corner = s.mouth_x, s.cheilion_y

    def at(part, y):
        """Point on the way from the corner's height to ``y``."""
        return corner + part * (y - corner)

    shoulder = max(0.63 * width, 1.25 * s.philtrum_width)
    upper = PchipInterpolator(
        [0, s.philtrum_width, shoulder, width],
        [s.superius_y, s.crista_y, at(0.62, s.crista_y), corner],
    )
    closure = PchipInterpolator(
        [0, 0.32 * width, 0.63 * width, width],
        [
            s.stomion_y,
            s.stomion_y - 0.1 * s.lip_upper,
            at(0.75, s.stomion_y - 0.02 * s.lip_upper),
            corner,
        ],
    )
    gap = s.lip_gap
    opening = PchipInterpolator(
        [0, 0.32 * width, 0.63 * width, width],
        [
            s.stomion_y + gap,
            s.stomion_y - 0.1 * s.lip_upper + 0.95 * gap,
            at(0.75, s.stomion_y - 0.02 * s.lip_upper) + 0.6 * gap,
            corner,
        ],
    )
    lower = PchipInterpolator(
        [0, 0.38 * width, 0.72 * width, width],
        [s.inferius_y, at(0.91, s.inferius_y), at(0.56, s.inferius_y), corner],
    )
    return Lips(upper, closure, opening, lower)


@lru_cache(maxsize=4)
def outline(shape: Shape) -> np.ndarray:
    """The bald head's outline as radii over a regular table of angles.

    Returns:
        Radii from ``(0, HEAD_CENTRE_Y)``, shape (1025,), for angles from
        -90 degrees (crown) over 0 (subject's left) to 90 degrees (gnathion).
    """
    s = shape
    stretch = (s.gnathion_y - HEAD_CENTRE_Y) / 1.163
    skull, cheek, jaw = s.skull_width, s.cheek_width, s.jaw_width
    points = np.array(
        [
            (0.0, -1.12),
            (0.43 * skull, -1.03),
            (0.70 * skull, -0.74),
            (0.785 * skull, -0.4),
            (0.785 * cheek, -0.1),
            (0.765 * cheek, 0.2),
            (0.73 * (cheek + jaw) / 2, 0.5),
            (0.68 * jaw, 0.72),
            (0.595 * jaw, 0.91),
            (0.432 * (jaw + s.chin_width) / 2, 1.085),
            (0.217 * s.chin_width, 1.222),
            (0.0, 1.263),
        ]
    )
    dy = points[:, 1] - HEAD_CENTRE_Y
    dy = np.where(dy > 0, dy * stretch, dy)
    radius = np.hypot(points[:, 0], dy)
    angle = np.arctan2(dy, points[:, 0])
    spline = CubicSpline(angle, radius, bc_type='clamped')
    return spline(np.linspace(-np.pi / 2, np.pi / 2, 1025))
