"""Draws people: anatomy, skin, hair and eyes, shared by all their pictures."""

from dataclasses import dataclass

import numpy as np

from .anatomy import FaceShape, normal

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


@dataclass(frozen=True)
class SyntheticPerson:
    """One subject. Colours are linear RGB.

    Attributes:
        shape: Anatomy.
        melanin: Darkness of the skin, 0 to 1.
        age: 0 (about twenty) to 1 (about seventy).
        skin, hair, brows, iris, sclera, lips: Colours.
        hair_style: ``bald`` or a key of ``hair.STYLES``.
        hairline: How far the hairline recedes, in biocular widths.
        volume: Factor on the style's volume.
        hair_length: 0 to 1, of hair that hangs down.
        parting: Sideways place of the parting, -1 to 1.
        stubble: Density of the beard's shadow, 0 to 1.
        beard: Whether the beard is grown.
        freckles, makeup, oil: 0 to 1.
        texture: Offset (u, v) into the noise, in texels.
        handed: -1 where the texture is mirrored.
    """

    shape: FaceShape
    melanin: float
    age: float
    skin: Colour
    hair: Colour
    brows: Colour
    iris: Colour
    sclera: Colour
    lips: Colour
    hair_style: str
    hairline: float
    volume: float
    hair_length: float
    parting: float
    stubble: float
    beard: bool
    freckles: float
    makeup: float
    oil: float
    texture: tuple[float, float]
    handed: int = 1


def linear(srgb) -> np.ndarray:
    """Linear light in [0, 1] of an sRGB colour in 0..255."""
    value = np.asarray(srgb, dtype=np.float64) / 255
    return np.where(
        value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4
    )


def floats(values) -> tuple[float, ...]:
    """Python floats: numpy's would turn float32 images into float64."""
    return tuple(float(v) for v in values)


def _choose(rng: np.random.Generator, weights: dict[str, float]) -> str:
    share = np.array([*weights.values()])
    return [*weights][rng.choice(len(share), p=share / share.sum())]


def _jitter(rng: np.random.Generator, colour, amount: float) -> Colour:
    """The colour, a little lighter or darker and shifted in hue."""
    change = 0.4 * rng.standard_normal(3) + rng.standard_normal()
    return floats(np.clip(colour * np.exp(amount * change), 0.004, 0.95))


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
    styles = {k: v[int(man)] for k, v in _STYLES.items()}
    return SyntheticPerson(
        shape=FaceShape.sample(rng, masculine, melanin),
        melanin=melanin,
        age=age,
        skin=floats(skin),
        hair=_jitter(rng, hair, 0.15),
        brows=floats(brows),
        iris=_jitter(rng, colour(_IRIS), 0.15),
        sclera=floats(sclera),
        lips=_jitter(rng, lips, 0.06),
        hair_style=_choose(rng, styles),
        hairline=max(0.0, normal(rng, 0.04 + 0.12 * age * man, 0.04)),
        volume=float(rng.uniform(0.7, 1.3)),
        hair_length=float(rng.uniform(0, 1)),
        parting=float(rng.uniform(-1, 1)),
        stubble=stubble,
        beard=bool(stubble > 0.82),
        freckles=float(rng.uniform(0, 1) * (fair and rng.random() < 0.3)),
        makeup=float(rng.uniform(0.3, 1.0) * made_up),
        oil=float(rng.uniform(0.2, 1.0)),
        texture=floats(rng.uniform(0, 512, 2)),
    )
