"""The shape of a synthetic face: landmarks, curves through them, pixels.

Face coordinates: the origin lies midway between the endocanthia, x points to
the image's right (the subject's left), y down; the unit is the biocular
width. The shape is symmetric; :class:`Projection` makes the face asymmetric.
"""

from dataclasses import dataclass, field, fields
from functools import lru_cache

import numpy as np
from scipy.interpolate import (
    CubicSpline,
    PchipInterpolator,
    RectBivariateSpline,
)

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
# Spacing in pixels of the grid on which the projection is inverted. It bends
# so little in between that cubic interpolation costs less than 0.005 px.
_STEP = 4


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

    #: Half of the intercanthal distance; rise of the exocanthia above it.
    endo_x: float = _drawn(0.188, 0.010)
    canthal_rise: float = _drawn(0.024, 0.013, man=-0.006)
    #: Height of the palpebral fissure above and below the canthi, distance of
    #: the palpebral fold from the upper lid.
    lid_upper: float = _drawn(0.077, 0.009, man=-0.014)
    lid_lower: float = _drawn(0.040, 0.006)
    crease: float = _drawn(0.036, 0.011, man=-0.012, least=0.012)
    #: Height, arch and half thickness of the eyebrows; relief of the bone.
    brow_y: float = _drawn(-0.208, 0.016, man=0.05)
    brow_arch: float = _drawn(0.046, 0.010, man=-0.02, least=0.02)
    brow_thickness: float = _drawn(0.035, 0.007, man=0.016, least=0.026)
    brow_ridge: float = _drawn(0.5, 0.2, man=0.8, least=0.0)
    #: From the origin to the subnasale; relief of the nose, factor on its
    #: width, half of the distance between the alar bases.
    nose_length: float = _drawn(0.480, 0.038, man=0.02)
    nose_height: float = _drawn(0.23, 0.022, man=0.06)
    nose_width: float = _drawn(1.0, 0.09, man=0.1, dark=0.2)
    alar_x: float = _drawn(0.148, 0.016, man=0.016, dark=0.03)
    #: Subnasale to labrale superius; half the distance of the cristae; depth
    #: of the groove, 0 to 1; dip of the cupid's bow between its cristae.
    philtrum_length: float = _drawn(0.192, 0.025, man=0.02)
    philtrum_width: float = _drawn(0.079, 0.011)
    philtrum_depth: float = _drawn(0.55, 0.25, least=0.05)
    bow_depth: float = _drawn(0.019, 0.007, least=0.004)
    #: Thickness of the vermilion and opening of the mouth at the midline; half
    #: of the mouth's width; height of its corners above the stomion.
    lip_upper: float = _drawn(0.068, 0.013, man=-0.02, dark=0.03, least=0.035)
    lip_lower: float = _drawn(0.115, 0.014, man=-0.022, dark=0.03, least=0.07)
    lip_gap: float = _drawn(0.0, 0.0)
    mouth_x: float = _drawn(0.279, 0.021)
    mouth_rise: float = _drawn(-0.004, 0.010)
    #: Labrale inferius to gnathion; factors on the head's outline.
    chin_length: float = _drawn(0.400, 0.040, man=0.05)
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
            value = normal(rng, mean, drawn['sd'])
            values[item.name] = max(drawn['least'], value)
        return cls(**values)

    alar_y = property(lambda s: s.nose_length - 0.01)
    superius_y = property(lambda s: s.nose_length + s.philtrum_length)
    crista_y = property(lambda s: s.superius_y - s.bow_depth)
    stomion_y = property(lambda s: s.superius_y + s.lip_upper)
    cheilion_y = property(
        lambda s: s.stomion_y - s.mouth_rise + 0.4 * s.lip_gap
    )
    inferius_y = property(lambda s: s.stomion_y + s.lip_gap + s.lip_lower)
    gnathion_y = property(lambda s: s.inferius_y + s.chin_length)


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
    points = []
    for name in LANDMARKS:
        x, y = left[name.removesuffix('_R').removesuffix('_L')]
        points.append((-x if name.endswith('_R') else x, y))
    return np.array(points)


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

    upper, lower = arc(0.8, 0.75), arc(1.0, 0.55)
    return line - s.lid_upper * upper, line + s.lid_lower * lower


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
    upper = [s.superius_y, s.crista_y, toward(s.crista_y, 0.62)]
    thirds = [0.32 * width, 0.63 * width]
    seam = toward(s.stomion_y - 0.02 * s.lip_upper, 0.75)
    seam = np.array([s.stomion_y, s.stomion_y - 0.1 * s.lip_upper, seam])
    lower = [toward(s.inferius_y, share) for share in (1, 0.91, 0.56)]
    return [
        curve([s.philtrum_width, shoulder], upper),
        curve(thirds, seam),
        curve(thirds, seam + s.lip_gap * np.array([1, 0.95, 0.6])),
        curve([0.38 * width, 0.72 * width], lower),
    ]


@lru_cache(maxsize=4)
def _outline_table(s: FaceShape) -> np.ndarray:
    stretch = (s.gnathion_y - HEAD_CENTRE_Y) / 1.163
    cheek, jaw = s.cheek_width, s.cheek_width * s.jaw_width
    x = [0.0, 0.43, 0.70, 0.785 * (1 + cheek) / 2, 0.785 * cheek]
    x += [0.765 * cheek, 0.73 * (cheek + jaw) / 2, 0.68 * jaw, 0.595 * jaw]
    x += [0.432 * (jaw + s.chin_width) / 2, 0.217 * s.chin_width, 0.0]
    y = [-1.12, -1.03, -0.74, -0.4, -0.1, 0.2, 0.5, 0.72, 0.91, 1.085]
    y = np.array([*y, 1.222, 1.263]) - HEAD_CENTRE_Y
    y = np.where(y > 0, y * stretch, y)
    spline = CubicSpline(np.arctan2(y, x), np.hypot(x, y), bc_type='clamped')
    return spline(_ANGLES)


def outline(s: FaceShape, angle: np.ndarray) -> np.ndarray:
    """Radius of the bald head around ``(0, HEAD_CENTRE_Y)`` at angles from
    -pi / 2 (crown) over 0 (level) to pi / 2 (gnathion), on either side."""
    return np.interp(angle, _ANGLES, _outline_table(s)).astype(np.float32)


class Projection:
    """Map between face coordinates and pixels.

    A turn of the head by a few degrees moves a point in proportion to its
    relief. Added to this is the warp that makes the face asymmetric; then
    come rotation in the image plane, scale and shift. Whole numbers of pixels
    are pixel centres.

    Args:
        shape (FaceShape): Its asymmetry and nose matter here.
        centre (tuple[float, float]): Pixel (x, y) of the face's origin.
        scale (float): Pixels per biocular width.
        roll, yaw, pitch (float): Radians. Positive roll turns the image
            clockwise, positive yaw the nose towards the image's right,
            positive pitch the nose downwards.
    """

    def __init__(
        self,
        shape: FaceShape,
        centre: tuple[float, float],
        scale: float,
        roll: float,
        yaw: float,
        pitch: float,
    ) -> None:
        self.shape, self.centre, self.scale = shape, np.array(centre), scale
        self.turn = np.sin([yaw, pitch])
        cos, sin = np.cos(roll), np.sin(roll)
        self.rotation = np.array([[cos, -sin], [sin, cos]])

    def _moved(self, points: np.ndarray) -> np.ndarray:
        """How far pose and asymmetry move points (..., 2)."""
        s = self.shape
        x, y = np.moveaxis(points, -1, 0)
        x2 = x * x
        nose = np.exp(-x2 / 0.029 - ((y - 0.72 * s.nose_length) / 0.2) ** 2)
        mouth = np.exp(-x2 / 0.09 - ((y - s.stomion_y) / 0.16) ** 2)
        head = np.exp(-((x2 / 0.72) ** 2) - ((y - 0.1) / 1.35) ** 4)
        relief = 0.7 * head + 0.85 * s.nose_height * nose + 0.06 * mouth
        wide = np.exp(-x2 / 0.64)
        below = wide * np.exp(-(((y - 1.0) / 0.6) ** 2))
        above = wide * np.exp(-(((y + 0.1) / 0.3) ** 2))
        dx = self.turn[0] * relief + s.lean * below + s.larger * x2 * above
        dy = self.turn[1] * relief
        dy += x * (s.mouth_tilt * below + s.brow_tilt * above)
        return np.stack([dx, dy], axis=-1)

    def to_image(self, points: np.ndarray) -> np.ndarray:
        """Pixels of face coordinates, both (..., 2)."""
        moved = points + self._moved(points)
        return self.centre + self.scale * moved @ self.rotation.T

    def to_face(self, points: np.ndarray) -> np.ndarray:
        """Face coordinates of pixels, both (..., 2)."""
        goal = (points - self.centre) @ self.rotation / self.scale
        face = goal
        # The slopes of the displacement stay below 0.3: this converges.
        for _ in range(15):
            face = goal - self._moved(face)
        return face

    def grid(self, size: int) -> list[np.ndarray]:
        """Face coordinates x and y of all pixels, float32 (size, size)."""
        nodes = np.arange(-_STEP, size + 2 * _STEP, _STEP, dtype=np.float64)
        face = self.to_face(np.stack(np.meshgrid(nodes, nodes), axis=-1))
        at = np.arange(size)
        return [
            RectBivariateSpline(nodes, nodes, part)(at, at).astype(np.float32)
            for part in np.moveaxis(face, -1, 0)
        ]
