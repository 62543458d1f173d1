"""Who a synthetic person is: the shape of the face and its landmarks.

Face coordinates: the origin lies midway between the endocanthia, x points to
the image's right (the subject's left), y down, and the unit is the biocular
width, the distance between the exocanthia. The face is symmetric here; what
makes it asymmetric is a smooth warp (:mod:`.projection`) that moves pixels
and landmarks alike.
"""

from dataclasses import dataclass, replace

import numpy as np

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


@dataclass(frozen=True)
class Shape:
    """Shape of a face in biocular widths; see the module for the axes.

    Args:
        endo_x: Half of the intercanthal distance.
        canthal_rise: How far the exocanthia lie above the endocanthia.
        lid_upper, lid_lower: Height of the palpebral fissure above and below
            the line through its two canthi.
        lid_peak: Exponent that moves the highest point of the upper lid.
        crease: Distance of the palpebral fold from the upper lid; about 0
            is a lid without a visible fold.
        brow_y, brow_arch, brow_thickness: Height, arch and half thickness
            of the eyebrows.
        brow_ridge: Relief of the bone above the orbits, 0 to 1.
        nose_length: Vertical distance from the origin to the subnasale.
        nose_height, bridge_width, tip_width: Relief of the nose.
        alar_x: Half of the distance between the alar bases.
        philtrum_length: Subnasale to labrale superius.
        philtrum_width: Half of the distance between the cristae philtri.
        philtrum_depth: 0 (smooth) to 1 (deep).
        bow_depth: How far the cupid's bow dips between its cristae.
        lip_upper, lip_lower: Thickness of the vermilion at the midline.
        lip_gap: Opening of the mouth at the midline.
        mouth_x, mouth_rise: Half of the mouth's width and how far its
            corners lie above the stomion.
        chin_length: Labrale inferius to gnathion.
        cheek_width, jaw_width, chin_width, skull_width: Factors on the
            head's outline.
        asymmetry: Four amplitudes of the asymmetric warp.
    """

    endo_x: float = 0.19
    canthal_rise: float = 0.024
    lid_upper: float = 0.076
    lid_lower: float = 0.042
    lid_peak: float = 0.8
    crease: float = 0.036
    brow_y: float = -0.2
    brow_arch: float = 0.05
    brow_thickness: float = 0.036
    brow_ridge: float = 0.5
    nose_length: float = 0.48
    nose_height: float = 0.24
    bridge_width: float = 1.0
    tip_width: float = 1.0
    alar_x: float = 0.15
    philtrum_length: float = 0.19
    philtrum_width: float = 0.08
    philtrum_depth: float = 0.6
    bow_depth: float = 0.019
    lip_upper: float = 0.07
    lip_lower: float = 0.118
    lip_gap: float = 0.0
    mouth_x: float = 0.28
    mouth_rise: float = -0.006
    chin_length: float = 0.4
    cheek_width: float = 1.0
    jaw_width: float = 1.0
    chin_width: float = 1.0
    skull_width: float = 1.0
    asymmetry: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    @property
    def exo(self) -> tuple[float, float]:
        return 0.5, -self.canthal_rise

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


def landmarks(shape: Shape) -> np.ndarray:
    """The 19 landmarks of :data:`LANDMARKS`.

    Returns:
        Face coordinates in biocular widths, shape (19, 2).
    """
    s = shape
    top_y = s.nose_length + 0.24 * s.philtrum_length
    bottom_y = s.crista_y - 0.22 * s.philtrum_length
    pairs = {
        'exocanthion': s.exo,
        'endocanthion': (s.endo_x, 0.0),
        'alar_base': (s.alar_x, s.alar_y),
        'philtrum_top': (0.7 * s.philtrum_width, top_y),
        'philtrum_bottom': (0.87 * s.philtrum_width, bottom_y),
        'crista_philtri': (s.philtrum_width, s.crista_y),
        'cheilion': (s.mouth_x, s.cheilion_y),
    }
    midline = {
        'subnasale': s.nose_length,
        'labrale_superius': s.superius_y,
        'stomion': s.stomion_y,
        'labrale_inferius': s.inferius_y,
        'gnathion': s.gnathion_y,
    }
    points = []
    for name in LANDMARKS:
        if name in midline:
            points.append((0.0, midline[name]))
        else:
            x, y = pairs[name[:-2]]
            points.append((-x if name.endswith('_R') else x, y))
    return np.array(points, dtype=np.float64)


def express(
    shape: Shape, smile: float, brow_lift: float, lid: float, lip_gap: float
) -> Shape:
    """The same anatomy with another expression.

    Args:
        smile: -1 (corners of the mouth down) to 1 (slight smile).
        brow_lift: -1 (frown) to 1 (raised).
        lid: -1 (narrowed) to 1 (wide) palpebral fissure.
        lip_gap: Opening of the mouth in biocular widths.
    """
    return replace(
        shape,
        mouth_x=shape.mouth_x * (1 + 0.05 * smile),
        mouth_rise=shape.mouth_rise + 0.014 * smile,
        brow_y=shape.brow_y - 0.02 * brow_lift,
        lid_upper=shape.lid_upper * (1 + 0.1 * lid),
        lid_lower=shape.lid_lower * (1 + 0.06 * lid - 0.06 * max(smile, 0)),
        lip_gap=lip_gap,
    )
