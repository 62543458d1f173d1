"""What determines a picture: a person, and how the picture is taken."""

import math
from dataclasses import dataclass, replace

import numpy as np

from .anatomy import FaceShape, Projection, landmarks, normal

#: Least distance of a landmark from the image's border, share of its side.
MARGIN = 0.06

Colour = tuple[float, float, float]

# sRGB from the lightest to the darkest skin.
_SKIN = [
    (233, 196, 178),
    (226, 182, 157),
    (217, 167, 136),
    (200, 152, 121),
    (172, 123, 94),
    (138, 95, 72),
    (104, 72, 55),
    (72, 47, 36),
]
# sRGB, then how frequent with fair and with dark skin.
_HAIR = {
    'black': ((26, 22, 22), 0.15, 1.0),
    'dark': ((48, 35, 28), 0.5, 0.7),
    'brown': ((84, 58, 40), 0.7, 0.12),
    'light': ((128, 94, 62), 0.5, 0.02),
    'blond': ((188, 154, 106), 0.5, 0.01),
    'red': ((144, 74, 40), 0.2, 0.0),
}
_GREY_HAIR = (165, 162, 158)
_IRIS = {
    'dark': ((44, 29, 21), 0.1, 1.0),
    'brown': ((78, 49, 30), 0.5, 0.7),
    'hazel': ((120, 96, 56), 0.35, 0.02),
    'green': ((106, 122, 84), 0.3, 0.0),
    'blue': ((108, 142, 170), 0.6, 0.0),
    'grey': ((126, 140, 148), 0.25, 0.0),
}
# How frequent with women and with men.
_STYLES = {
    'bald': (0.01, 0.3),
    'buzz': (0.03, 0.5),
    'short': (0.5, 1.4),
    'fringe': (0.5, 0.3),
    'long': (1.6, 0.1),
    'curly': (0.5, 0.5),
}


def linear(srgb) -> np.ndarray:
    """Linear light in [0, 1] of an sRGB colour in 0..255."""
    value = np.asarray(srgb, dtype=np.float64) / 255
    return np.where(
        value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4
    )


def _floats(values) -> tuple[float, ...]:
    """Python floats: numpy's would turn float32 images into float64."""
    return tuple(float(v) for v in values)


def _choose(rng: np.random.Generator, weights: dict[str, float]) -> str:
    share = np.array([*weights.values()])
    return [*weights][rng.choice(len(share), p=share / share.sum())]


def _jitter(rng: np.random.Generator, colour, amount: float) -> Colour:
    """The colour, a little lighter or darker and shifted in hue."""
    change = 0.4 * rng.standard_normal(3) + rng.standard_normal()
    return _floats(np.clip(colour * np.exp(amount * change), 0.004, 0.95))


@dataclass(frozen=True)
class SyntheticPerson:
    """One subject. Colours are linear RGB."""

    shape: FaceShape
    melanin: float  #: Darkness of the skin, 0 to 1.
    age: float  #: 0 (about twenty) to 1 (about seventy).
    skin: Colour
    hair: Colour
    brows: Colour
    iris: Colour
    sclera: Colour
    lips: Colour
    hair_style: str  #: ``bald`` or a key of ``hair.STYLES``.
    hairline: float  #: How far it recedes, in biocular widths.
    volume: float  #: Factor on the hair style's volume.
    hair_length: float  #: 0 to 1, of hair that hangs down.
    parting: float  #: Its sideways place, -1 to 1.
    stubble: float  #: Density of the beard's shadow, 0 to 1.
    beard: bool
    freckles: float  #: 0 to 1, as makeup and oil.
    makeup: float
    oil: float
    texture: tuple[float, float]  #: Offset into the noise, in texels.


def sample_person(rng: np.random.Generator) -> SyntheticPerson:
    """Draw one subject from the whole range of human looks."""
    masculine = float(rng.beta(0.5, 0.5))
    melanin = float(rng.beta(0.9, 1.0))
    age = float(rng.beta(1.0, 1.8))
    man, fair = masculine > 0.5, melanin < 0.35
    tone = melanin * (len(_SKIN) - 1)
    skin = [np.interp(tone, range(len(_SKIN)), c) for c in linear(_SKIN).T]
    skin = np.array(_jitter(rng, skin, 0.07))

    def colour(table: dict[str, tuple]) -> np.ndarray:
        weights = {k: v[1 if fair else 2] for k, v in table.items()}
        return linear(table[_choose(rng, weights)][0])

    hair = colour(_HAIR)
    brows = np.minimum(hair, 0.6 * hair + 0.4 * linear(_HAIR['dark'][0]))
    if rng.random() < age - 0.5:
        hair = linear(_GREY_HAIR)
    # Lips are skin with blood under it; less visible the darker the skin.
    blood = np.array([0.80, 0.42, 0.43])
    lips = skin * (blood * (1 - 0.25 * melanin) + 0.19 * melanin)
    sclera = np.array([0.53, 0.50, 0.48]) * (1 - 0.3 * melanin)
    sclera *= 1 - age * np.array([0.08, 0.10, 0.13])
    made_up = rng.random() < (0.02 if man else 0.4)
    stubble = float(rng.uniform(0, 1)) if man else 0.0
    return SyntheticPerson(
        shape=FaceShape.sample(rng, masculine, melanin),
        melanin=melanin,
        age=age,
        skin=_floats(skin),
        hair=_jitter(rng, hair, 0.15),
        brows=_floats(brows),
        iris=_jitter(rng, colour(_IRIS), 0.15),
        sclera=_floats(sclera),
        lips=_jitter(rng, lips, 0.06),
        hair_style=_choose(rng, {k: v[int(man)] for k, v in _STYLES.items()}),
        hairline=max(0.0, normal(rng, 0.04 + 0.12 * age * man, 0.04)),
        volume=float(rng.uniform(0.7, 1.3)),
        hair_length=float(rng.uniform(0, 1)),
        parting=float(rng.uniform(-1, 1)),
        stubble=stubble,
        beard=bool(stubble > 0.82),
        freckles=float(rng.uniform(0, 1) * (fair and rng.random() < 0.3)),
        makeup=float(rng.uniform(0.3, 1.0) * made_up),
        oil=float(rng.uniform(0.2, 1.0)),
        texture=_floats(rng.uniform(0, 512, 2)),
    )


@dataclass(frozen=True)
class Studio:
    """What all pictures of one site share."""

    background: Colour  #: sRGB of the backdrop.
    light: Colour  #: Linear RGB of the key light.
    side: float  #: Mean sideways direction of the key light, -1 to 1.
    fill: float  #: Strength of the light from all around.
    blur: float  #: Sigma of the lens blur as a share of the image's side.
    noise: float  #: SD of the sensor's noise in grey levels.


SITES = {
    'north': Studio(
        (206, 209, 210), (1.12, 1.12, 1.12), 0.0, 0.72, 0.0014, 1.2
    ),
    'south': Studio(
        (120, 108, 98), (1.32, 1.23, 1.12), 0.35, 0.56, 0.0017, 2.2
    ),
}


@dataclass(frozen=True)
class Imaging:
    """One picture. Lengths are shares of the image's side, angles radians."""

    scale: float  #: Biocular width.
    centre: tuple[float, float]  #: Of the endocanthia, (x, y).
    roll: float
    yaw: float
    pitch: float
    light: Colour  #: Direction towards the key light: right, down, out.
    key: Colour  #: Linear RGB of the key light, as all colours here.
    fill: Colour  #: Of the surrounding light.
    background: Colour
    shirt: Colour
    neckline: float  #: 0 (high) to 1 (deep).
    gaze: tuple[float, float]  #: Shift of the irises in biocular widths.
    smile: float  #: Expression, -1 to 1, as brow_lift and lid.
    brow_lift: float
    lid: float
    lip_gap: float  #: Opening of the mouth in biocular widths.
    blur: float  #: Sigma of the blur.
    noise: float  #: SD of the noise in grey levels.
    jpeg: int | None  #: Quality of an intermediate JPEG.
    seed: int  #: Of the noise.

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


def sample_imaging(
    rng: np.random.Generator, person: SyntheticPerson, site: str
) -> Imaging:
    """Draw one picture of a person taken at a site."""
    room = SITES[site]
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
        light=_floats(light / np.linalg.norm(light)),
        key=_floats(key),
        fill=_floats(key * room.fill * math.exp(normal(rng, 0, 0.12))),
        background=_floats(linear(backdrop)),
        shirt=_floats(linear(np.clip(shirt + normal(rng, 0, 6), 8, 245))),
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
    return replace(imaging, centre=_floats(imaging.centre + shift))
