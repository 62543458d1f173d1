"""The shape of a synthetic face: its landmarks and the curves through them.

Face coordinates: the origin lies midway between the endocanthia, x points to
the image's right (the subject's left), y down; the unit is the biocular
width, the distance between the exocanthia. The shape is symmetric; a smooth
warp makes the face asymmetric (:mod:`.projection`).
"""

from dataclasses import dataclass, field, fields
from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

#: The keypoints, in order. ``_R`` is the subject's right, the image's left.
LANDMARKS = (
    'exocanthion_R',
    'endocanthion_R',
    'endocanthion_L',
    'exocanthion_L',
    'alar_base_R',
    'alar_base_L',
    'subnasale',
    'philtrum_top_R',
    'philtrum_top_L',
    'philtrum_bottom_R',
    'philtrum_bottom_L',
    'crista_philtri_R',
    'labrale_superius',
    'crista_philtri_L',
    'cheilion_R',
    'cheilion_L',
    'stomion',
    'labrale_inferius',
    'gnathion',
)
#: Centre of the polar coordinates in which the head's outline is given.
HEAD_CENTRE_Y = 0.1
# Angles of the outline's table, from the crown over the subject's left to the
# gnathion.
_ANGLES = np.linspace(-np.pi / 2, np.pi / 2, 1025)


def normal(rng: np.random.Generator, mean=0.0, sd=1.0, limit=2.2) -> float:
    """A normal number, clipped to ``limit`` standard deviations."""
    return float(mean + sd * np.clip(rng.standard_normal(), -limit, limit))


def _drawn(mean, sd, man=0.0, dark=0.0, least=-np.inf):
    """A number's mean, spread, trends with sex and skin, and minimum."""
    drawn = dict(sd=sd, man=man, dark=dark, least=least)
    return field(default=mean, metadata=drawn)


@dataclass(frozen=True)
class FaceShape:
    """Shape of a face in biocular widths."""

    #: Half of the intercanthal distance.
    endo_x: float = _drawn(0.188, 0.010)
    #: How far the exocanthia lie above the endocanthia.
    canthal_rise: float = _drawn(0.024, 0.013, man=-0.006)
    #: Height of the palpebral fissure above and below the canthi.
    lid_upper: float = _drawn(0.077, 0.009, man=-0.014)
    lid_lower: float = _drawn(0.040, 0.006)
    #: Distance of the palpebral fold from the upper lid.
    crease: float = _drawn(0.036, 0.011, man=-0.012, least=0.012)
    #: Height, arch and half thickness of the eyebrows.
    brow_y: float = _drawn(-0.208, 0.016, man=0.05)
    brow_arch: float = _drawn(0.046, 0.010, man=-0.02, least=0.02)
    brow_thickness: float = _drawn(0.035, 0.007, man=0.016, least=0.026)
    #: Relief of the bone above the orbits.
    brow_ridge: float = _drawn(0.5, 0.2, man=0.8, least=0.0)
    #: From the origin to the subnasale.
    nose_length: float = _drawn(0.480, 0.038, man=0.02)
    #: Relief of the nose, and factor on its width.
    nose_height: float = _drawn(0.23, 0.022, man=0.06)
    nose_width: float = _drawn(1.0, 0.09, man=0.1, dark=0.2)
    #: Half of the distance between the alar bases.
    alar_x: float = _drawn(0.148, 0.016, man=0.016, dark=0.03)
    #: Subnasale to labrale superius; half the distance of the cristae; depth
    #: of the groove, 0 to 1.
    philtrum_length: float = _drawn(0.192, 0.025, man=0.02)
    philtrum_width: float = _drawn(0.079, 0.011)
    philtrum_depth: float = _drawn(0.55, 0.25, least=0.05)
    #: How far the cupid's bow dips between its cristae.
    bow_depth: float = _drawn(0.019, 0.007, least=0.004)
    #: Thickness of the vermilion, and opening of the mouth, at the midline.
    lip_upper: float = _drawn(0.068, 0.013, man=-0.02, dark=0.03, least=0.035)
    lip_lower: float = _drawn(0.115, 0.014, man=-0.022, dark=0.03, least=0.07)
    lip_gap: float = _drawn(0.0, 0.0)
    #: Half of the mouth's width; height of its corners above the stomion.
    mouth_x: float = _drawn(0.279, 0.021)
    mouth_rise: float = _drawn(-0.004, 0.010)
    #: Labrale inferius to gnathion.
    chin_length: float = _drawn(0.400, 0.040, man=0.05)
    #: Factors on the head's outline.
    cheek_width: float = _drawn(1.0, 0.032)
    jaw_width: float = _drawn(0.97, 0.035, man=0.09)
    chin_width: float = _drawn(0.98, 0.09, man=0.3)
    #: Sideways lean of the lower face, tilt of mouth and brows, and larger
    #: half of the upper face.
    lean: float = _drawn(0.0, 0.008)
    mouth_tilt: float = _drawn(0.0, 0.010)
    brow_tilt: float = _drawn(0.0, 0.010)
    larger: float = _drawn(0.0, 0.015)

    @classmethod
    def sample(cls, rng, man: float, dark: float) -> 'FaceShape':
        """Draw a shape with about the spread of adult faces.

        Args:
            rng (np.random.Generator): Source of randomness.
            man, dark (float): Masculinity and melanin, 0 to 1.
        """
        values = {}
        for item in fields(cls):
            drawn = item.metadata
            mean = item.default + (man - 0.5) * drawn['man']
            mean += (dark - 0.5) * drawn['dark']
            values[item.name] = max(
                drawn['least'], normal(rng, mean, drawn['sd'])
            )
        return cls(**values)

    @property
    def superius_y(self) -> float:
        return self.nose_length + self.philtrum_length

    @property
    def crista_y(self) -> float:
        return self.superius_y - self.bow_depth

    @property
    def stomion_y(self) -> float:
        return self.superius_y + self.lip_upper

    @property
    def cheilion_y(self) -> float:
        return self.stomion_y - self.mouth_rise + 0.4 * self.lip_gap

    @property
    def inferius_y(self) -> float:
        return self.stomion_y + self.lip_gap + self.lip_lower

    @property
    def gnathion_y(self) -> float:
        return self.inferius_y + self.chin_length

    @property
    def alar_y(self) -> float:
        return self.nose_length - 0.01


def landmarks(s: FaceShape) -> np.ndarray:
    """The landmarks of :data:`LANDMARKS` in face coordinates, (19, 2)."""
    top_y = s.nose_length + 0.24 * s.philtrum_length
    bottom_y = s.crista_y - 0.22 * s.philtrum_length
    left = {
        'exocanthion': (0.5, -s.canthal_rise),
        'endocanthion': (s.endo_x, 0.0),
        'alar_base': (s.alar_x, s.alar_y),
        'philtrum_top': (0.7 * s.philtrum_width, top_y),
        'philtrum_bottom': (0.87 * s.philtrum_width, bottom_y),
        'crista_philtri': (s.philtrum_width, s.crista_y),
        'cheilion': (s.mouth_x, s.cheilion_y),
        'subnasale': (0.0, s.nose_length),
        'labrale_superius': (0.0, s.superius_y),
        'stomion': (0.0, s.stomion_y),
        'labrale_inferius': (0.0, s.inferius_y),
        'gnathion': (0.0, s.gnathion_y),
    }
    return np.array(
        [
            np.multiply(
                left[name.removesuffix('_R').removesuffix('_L')],
                (-1 if name.endswith('_R') else 1, 1),
            )
            for name in LANDMARKS
        ]
    )


def lids(s: FaceShape, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Heights of the upper and the lower lid's margin at a distance ``x``
    from the midline; both are the canthus's height at a canthus."""
    along = (x - s.endo_x) / (0.5 - s.endo_x)
    line = -along * s.canthal_rise
    along = np.clip(along, 0, 1)

    def arc(inner, outer):
        peak = inner / (inner + outer)
        top = peak**inner * (1 - peak) ** outer
        return along**inner * (1 - along) ** outer / top

    return line - s.lid_upper * arc(0.8, 0.75), line + s.lid_lower * arc(
        1.0, 0.55
    )


def lips(s: FaceShape, x: np.ndarray) -> list[np.ndarray]:
    """Heights of the lips' borders at a distance ``x`` from the midline.

    Returns:
        list[np.ndarray]: Upper border, lower edge of the upper lip, upper
        edge of the lower lip, lower border.
    """
    width, corner = s.mouth_x, s.cheilion_y
    x = np.clip(x, 0, width)

    def curve(places, heights):
        return PchipInterpolator([0, *places, width], [*heights, corner])(x)

    def toward(height, share):
        return corner + share * (height - corner)

    shoulder = max(0.63 * width, 1.25 * s.philtrum_width)
    seam = [
        s.stomion_y,
        s.stomion_y - 0.1 * s.lip_upper,
        toward(s.stomion_y - 0.02 * s.lip_upper, 0.75),
    ]
    return [
        curve(
            [s.philtrum_width, shoulder],
            [s.superius_y, s.crista_y, toward(s.crista_y, 0.62)],
        ),
        curve([0.32 * width, 0.63 * width], seam),
        curve(
            [0.32 * width, 0.63 * width],
            np.add(seam, s.lip_gap * np.array([1, 0.95, 0.6])),
        ),
        curve(
            [0.38 * width, 0.72 * width],
            [
                s.inferius_y,
                toward(s.inferius_y, 0.91),
                toward(s.inferius_y, 0.56),
            ],
        ),
    ]


@lru_cache(maxsize=4)
def _outline_table(s: FaceShape) -> np.ndarray:
    stretch = (s.gnathion_y - HEAD_CENTRE_Y) / 1.163
    cheek, jaw = s.cheek_width, s.cheek_width * s.jaw_width
    x, y = np.transpose(
        [
            (0.0, -1.12),
            (0.43, -1.03),
            (0.70, -0.74),
            (0.785 * (1 + cheek) / 2, -0.4),
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
    y = y - HEAD_CENTRE_Y
    y = np.where(y > 0, y * stretch, y)
    spline = CubicSpline(np.arctan2(y, x), np.hypot(x, y), bc_type='clamped')
    return spline(_ANGLES)


def outline(s: FaceShape, angle: np.ndarray) -> np.ndarray:
    """Radius of the bald head around ``(0, HEAD_CENTRE_Y)``.

    Args:
        s (FaceShape): The shape.
        angle (np.ndarray): -pi / 2 (crown) over 0 (level) to pi / 2
            (gnathion), on either side.
    """
    return np.interp(angle, _ANGLES, _outline_table(s)).astype(np.float32)
