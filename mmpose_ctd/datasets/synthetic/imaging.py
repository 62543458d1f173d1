"""How one picture of a person was taken: pose, light, camera, expression."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, replace

import numpy as np

from .anatomy import Shape, express, landmarks
from .people import Person, floats, linear
from .projection import Projection


@dataclass(frozen=True)
class Site:
    """The studio of one site: what all its pictures share.

    Args:
        background: sRGB of the backdrop.
        light: Linear RGB of the key light.
        side: Mean sideways direction of the key light, -1 to 1.
        fill: Strength of the light from all around.
        blur: Sigma of the lens blur as a share of the image's side.
        noise: Sensor noise, standard deviation in grey levels.
    """

    background: tuple[float, float, float]
    light: tuple[float, float, float]
    side: float
    fill: float
    blur: float
    noise: float


SITES = {
    'north': Site((206, 209, 210), (1.12, 1.12, 1.12), 0.0, 0.72, 0.0014, 1.2),
    'south': Site((120, 108, 98), (1.32, 1.23, 1.12), 0.35, 0.56, 0.0017, 2.2),
}


def site(name: str) -> Site:
    """The site of that name; a name not in SITES gets a studio of its own."""
    if name in SITES:
        return SITES[name]
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    grey = rng.uniform(60, 235)
    warm = rng.uniform(-0.12, 0.12)
    return Site(
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

    Args:
        scale: Biocular width.
        centre: Place (x, y) of the point midway between the endocanthia.
        roll, yaw, pitch: Pose.
        light: Direction towards the key light: x right, y down, z out.
        key, fill: Linear RGB of the key light and of the surrounding light.
        background: Linear RGB.
        shirt: Linear RGB of the clothes.
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
    light: tuple[float, float, float]
    key: tuple[float, float, float]
    fill: tuple[float, float, float]
    background: tuple[float, float, float]
    shirt: tuple[float, float, float]
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

    def express(self, shape: Shape) -> Shape:
        """The anatomy with this picture's expression."""
        return express(
            shape, self.smile, self.brow_lift, self.lid, self.lip_gap
        )

    def projection(self, shape: Shape, size: int) -> Projection:
        """The map from the face to an image of ``size`` pixels a side."""
        centre = tuple(c * size - 0.5 for c in self.centre)
        return Projection(
            shape, centre, self.scale * size, self.roll, self.yaw, self.pitch
        )


#: Least distance of a landmark from the image's border, share of its side.
MARGIN = 0.06


def _keep_inside(person: Person, imaging: Imaging) -> Imaging:
    """Shift the crop, and shrink if it must, so that no landmark is lost."""
    shape = imaging.express(person.shape)
    points = imaging.projection(shape, 1).to_image(landmarks(shape)) + 0.5
    room = 1 - 2 * MARGIN
    extent = float((points.max(0) - points.min(0)).max())
    if extent > room:
        smaller = replace(imaging, scale=imaging.scale * 0.98 * room / extent)
        return _keep_inside(person, smaller)
    shift = np.maximum(MARGIN - points.min(0), 0)
    shift += np.minimum(1 - MARGIN - points.max(0), 0)
    centre = tuple(float(v) for v in np.array(imaging.centre) + shift)
    return replace(imaging, centre=centre)


def sample_imaging(
    rng: np.random.Generator, person: Person, site_name: str = 'north'
) -> Imaging:
    """One picture of ``person`` taken at the site ``site_name``."""
    studio = site(site_name)

    def normal(sd, limit=2.0):
        return float(sd * np.clip(rng.standard_normal(), -limit, limit))

    light = np.array(
        [
            studio.side + normal(0.35),
            -0.55 + normal(0.2),
            0.85,
        ]
    )
    light /= np.linalg.norm(light)
    # Cameras expose dark skin a little longer.
    exposure = float(np.exp(normal(0.10)))
    exposure *= (0.28 / float(np.mean(person.skin))) ** 0.13
    tint = 1 + np.array([normal(0.02) for _ in range(3)])
    key = exposure * np.array(studio.light) * tint
    fill = key * studio.fill * float(np.exp(normal(0.12)))
    shirt_grey = rng.random() < 0.55
    if shirt_grey:
        shirt = np.full(3, rng.choice([245, 235, 150, 70, 35]))
    else:
        shirt = rng.uniform(25, 200, 3)
        shirt = 0.45 * shirt.mean() + 0.55 * shirt
    gap = float(rng.uniform(0.012, 0.045)) * float(rng.random() < 0.2)
    imaging = Imaging(
        scale=0.362 * float(np.exp(normal(0.10))),
        centre=(0.5 + normal(0.042), 0.33 + normal(0.045)),
        roll=math.radians(normal(4.5, 2.6)),
        yaw=math.radians(normal(4.0)),
        pitch=math.radians(normal(3.0)),
        light=floats(light),
        key=floats(key),
        fill=floats(fill),
        background=floats(
            linear(np.clip(np.array(studio.background) + normal(6), 0, 255))
        ),
        shirt=floats(linear(np.clip(shirt + normal(6), 8, 245))),
        neckline=float(rng.uniform(0, 1)),
        gaze=(normal(0.008), normal(0.004)),
        smile=0.4 + normal(0.4, 2.4),
        brow_lift=normal(0.4),
        lid=normal(0.4),
        lip_gap=gap,
        blur=studio.blur * float(np.exp(normal(0.25))),
        noise=studio.noise * float(np.exp(normal(0.2))),
        jpeg=int(rng.integers(82, 97)),
        seed=int(rng.integers(2**31)),
    )
    return _keep_inside(person, imaging)
