"""How one picture of a person is taken: pose, light, camera, expression."""

import math
import zlib
from dataclasses import dataclass, replace

import numpy as np

from .anatomy import FaceShape, landmarks, normal
from .people import Colour, SyntheticPerson, floats, linear
from .projection import Projection

#: Least distance of a landmark from the image's border, share of its side.
MARGIN = 0.06


@dataclass(frozen=True)
class Studio:
    """What all pictures of one site share.

    Attributes:
        background: sRGB of the backdrop.
        light: Linear RGB of the key light.
        side: Mean sideways direction of the key light, -1 to 1.
        fill: Strength of the light from all around.
        blur: Sigma of the lens blur as a share of the image's side.
        noise: Standard deviation of the sensor's noise in grey levels.
    """

    background: Colour
    light: Colour
    side: float
    fill: float
    blur: float
    noise: float


SITES = {
    'north': Studio(
        (206, 209, 210), (1.12, 1.12, 1.12), 0.0, 0.72, 0.0014, 1.2
    ),
    'south': Studio(
        (120, 108, 98), (1.32, 1.23, 1.12), 0.35, 0.56, 0.0017, 2.2
    ),
}


def studio(site: str) -> Studio:
    """The studio of a site; drawn from the name if not in :data:`SITES`."""
    if site in SITES:
        return SITES[site]
    rng = np.random.default_rng(zlib.crc32(site.encode()))
    grey, warm = rng.uniform(60, 235), rng.uniform(-0.12, 0.12)
    return Studio(
        floats(np.clip(grey + rng.uniform(-15, 15, 3), 20, 250)),
        (1 + warm, 1.0, 1 - warm),
        float(rng.uniform(-0.5, 0.5)),
        float(rng.uniform(0.35, 0.65)),
        float(rng.uniform(0.0018, 0.0032)),
        float(rng.uniform(1, 3)),
    )


@dataclass(frozen=True)
class Imaging:
    """One picture. Lengths are shares of the image's side, angles radians.

    Attributes:
        scale: Biocular width.
        centre: Place (x, y) of the point midway between the endocanthia.
        roll, yaw, pitch: Pose.
        light: Direction towards the key light: x right, y down, z out.
        key, fill: Linear RGB of the key light and of the surrounding light.
        background, shirt: Linear RGB.
        neckline: 0 (high) to 1 (deep).
        gaze: Shift (x, y) of the irises in biocular widths.
        smile, brow_lift, lid: Expression, -1 to 1.
        lip_gap: Opening of the mouth in biocular widths.
        blur: Sigma of the blur.
        noise: Standard deviation of the noise in grey levels.
        jpeg: Quality of an intermediate JPEG, or None.
        seed: Of the noise.
    """

    scale: float
    centre: tuple[float, float]
    roll: float
    yaw: float
    pitch: float
    light: Colour
    key: Colour
    fill: Colour
    background: Colour
    shirt: Colour
    neckline: float
    gaze: tuple[float, float]
    smile: float
    brow_lift: float
    lid: float
    lip_gap: float
    blur: float
    noise: float
    jpeg: int | None
    seed: int

    def express(self, s: FaceShape) -> FaceShape:
        """The shape with this picture's expression."""
        smile = self.smile
        return replace(
            s,
            mouth_x=s.mouth_x * (1 + 0.05 * smile),
            mouth_rise=s.mouth_rise + 0.014 * smile,
            brow_y=s.brow_y - 0.02 * self.brow_lift,
            lid_upper=s.lid_upper * (1 + 0.1 * self.lid),
            lid_lower=s.lid_lower * (1 + 0.06 * (self.lid - max(smile, 0))),
            lip_gap=self.lip_gap,
        )

    def projection(self, shape: FaceShape, size: int) -> Projection:
        """The map from the face to an image of ``size`` pixels a side."""
        centre = tuple(c * size - 0.5 for c in self.centre)
        return Projection(
            shape, centre, self.scale * size, self.roll, self.yaw, self.pitch
        )


def _keep_inside(shape: FaceShape, imaging: Imaging) -> Imaging:
    """Shift the crop, and shrink the face if needed, to show all landmarks."""
    expressed = imaging.express(shape)
    points = imaging.projection(expressed, 1).to_image(landmarks(expressed))
    points += 0.5
    room = 1 - 2 * MARGIN
    extent = float(np.ptp(points, axis=0).max())
    if extent > room:
        scale = imaging.scale * 0.98 * room / extent
        return _keep_inside(shape, replace(imaging, scale=scale))
    shift = np.maximum(MARGIN - points.min(0), 0)
    shift += np.minimum(1 - MARGIN - points.max(0), 0)
    return replace(imaging, centre=floats(imaging.centre + shift))


def sample_imaging(
    rng: np.random.Generator, person: SyntheticPerson, site: str
) -> Imaging:
    """Draw one picture of a person taken at a site."""
    room = studio(site)
    light = np.array(
        [room.side + normal(rng, 0, 0.35), -0.55 + normal(rng, 0, 0.2), 0.85]
    )
    # Cameras expose dark skin a little longer.
    exposure = math.exp(normal(rng, 0, 0.10))
    exposure *= (0.28 / float(np.mean(person.skin))) ** 0.13
    tint = 1 + np.array([normal(rng, 0, 0.02) for _ in range(3)])
    key = exposure * np.array(room.light) * tint
    shirt = np.full(3, rng.choice([245, 235, 150, 70, 35]))
    if rng.random() > 0.55:
        shirt = rng.uniform(25, 200, 3)
        shirt = 0.45 * shirt.mean() + 0.55 * shirt
    backdrop = np.clip(np.array(room.background) + normal(rng, 0, 6), 0, 255)
    imaging = Imaging(
        scale=0.362 * math.exp(normal(rng, 0, 0.10)),
        centre=(normal(rng, 0.5, 0.042), normal(rng, 0.33, 0.045)),
        roll=math.radians(normal(rng, 0, 4.5, 2.6)),
        yaw=math.radians(normal(rng, 0, 4.0)),
        pitch=math.radians(normal(rng, 0, 3.0)),
        light=floats(light / np.linalg.norm(light)),
        key=floats(key),
        fill=floats(key * room.fill * math.exp(normal(rng, 0, 0.12))),
        background=floats(linear(backdrop)),
        shirt=floats(linear(np.clip(shirt + normal(rng, 0, 6), 8, 245))),
        neckline=float(rng.uniform(0, 1)),
        gaze=(normal(rng, 0, 0.008), normal(rng, 0, 0.004)),
        smile=normal(rng, 0.4, 0.4),
        brow_lift=normal(rng, 0, 0.4),
        lid=normal(rng, 0, 0.4),
        lip_gap=float(rng.uniform(0.012, 0.045) * (rng.random() < 0.2)),
        blur=room.blur * math.exp(normal(rng, 0, 0.25)),
        noise=room.noise * math.exp(normal(rng, 0, 0.2)),
        jpeg=int(rng.integers(82, 97)),
        seed=int(rng.integers(2**31)),
    )
    return _keep_inside(person.shape, imaging)
