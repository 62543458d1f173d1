"""Draws people: anatomy, skin, hair and eyes, the same in all their images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .anatomy import Shape

# sRGB anchors from the lightest to the darkest skin.
_SKIN = np.array(
    [
        (233, 196, 178),
        (226, 182, 157),
        (217, 167, 136),
        (200, 152, 121),
        (172, 123, 94),
        (138, 95, 72),
        (104, 72, 55),
        (72, 47, 36),
    ]
)
_HAIR = {
    'black': (26, 22, 22),
    'dark': (48, 35, 28),
    'brown': (84, 58, 40),
    'light': (128, 94, 62),
    'blond': (188, 154, 106),
    'red': (144, 74, 40),
    'grey': (150, 147, 143),
    'white': (215, 212, 206),
}
_IRIS = {
    'dark': (44, 29, 21),
    'brown': (78, 49, 30),
    'hazel': (120, 96, 56),
    'green': (106, 122, 84),
    'blue': (108, 142, 170),
    'grey': (126, 140, 148),
}


def linear(srgb) -> np.ndarray:
    """Linear light in [0, 1] of an sRGB colour in 0..255."""
    value = np.asarray(srgb, dtype=np.float64) / 255
    low = value / 12.92
    return np.where(value <= 0.04045, low, ((value + 0.055) / 1.055) ** 2.4)


def floats(values) -> tuple[float, ...]:
    """Python floats: numpy's would turn float32 images into float64."""
    return tuple(float(v) for v in values)


@dataclass(frozen=True)
class Person:
    """One subject. Colours are linear RGB.

    Args:
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
        beard: Whether the beard is a grown one.
        freckles, makeup, oil: 0 to 1.
        texture: Offset (u, v) into the noise, in texels.
        handed: -1 where left and right are exchanged in the texture.
    """

    shape: Shape
    melanin: float
    age: float
    skin: tuple[float, float, float]
    hair: tuple[float, float, float]
    brows: tuple[float, float, float]
    iris: tuple[float, float, float]
    sclera: tuple[float, float, float]
    lips: tuple[float, float, float]
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


def _draw(rng, mean, sd, limit=2.2):
    """A normal number within ``limit`` standard deviations."""
    return float(mean + sd * np.clip(rng.standard_normal(), -limit, limit))


def sample_shape(
    rng: np.random.Generator, masculine: float, melanin: float
) -> Shape:
    """An anatomy with about the spread of adult faces."""
    m = masculine - 0.5
    dark = melanin - 0.5
    cheek = _draw(rng, 1.0, 0.032)
    return Shape(
        endo_x=_draw(rng, 0.188, 0.010),
        canthal_rise=_draw(rng, 0.024 - 0.006 * m, 0.013),
        lid_upper=_draw(rng, 0.077 - 0.014 * m, 0.009),
        lid_lower=_draw(rng, 0.040, 0.006),
        lid_peak=_draw(rng, 0.80, 0.08),
        crease=max(0.012, _draw(rng, 0.036 - 0.012 * m, 0.011)),
        brow_y=_draw(rng, -0.208 + 0.05 * m, 0.016),
        brow_arch=max(0.02, _draw(rng, 0.046 - 0.02 * m, 0.010)),
        brow_ridge=max(0.0, _draw(rng, 0.5 + 0.8 * m, 0.2)),
        brow_thickness=max(0.026, _draw(rng, 0.035 + 0.016 * m, 0.007)),
        nose_length=_draw(rng, 0.480 + 0.02 * m, 0.038),
        nose_height=_draw(rng, 0.23 + 0.06 * m, 0.022),
        bridge_width=_draw(rng, 1.0 + 0.22 * dark, 0.10),
        tip_width=_draw(rng, 0.97 + 0.2 * dark + 0.2 * m, 0.08),
        alar_x=_draw(rng, 0.148 + 0.03 * dark + 0.016 * m, 0.016),
        philtrum_length=_draw(rng, 0.192 + 0.02 * m, 0.025),
        philtrum_width=_draw(rng, 0.079, 0.011),
        philtrum_depth=float(rng.uniform(0.05, 1.0)),
        bow_depth=max(0.004, _draw(rng, 0.019, 0.007)),
        lip_upper=max(
            0.035, _draw(rng, 0.068 + 0.03 * dark - 0.02 * m, 0.013)
        ),
        lip_lower=max(
            0.07, _draw(rng, 0.115 + 0.03 * dark - 0.022 * m, 0.014)
        ),
        mouth_x=_draw(rng, 0.279, 0.021),
        mouth_rise=_draw(rng, -0.004, 0.010),
        chin_length=_draw(rng, 0.400 + 0.05 * m, 0.040),
        cheek_width=cheek,
        jaw_width=cheek * _draw(rng, 0.97 + 0.09 * m, 0.025),
        chin_width=_draw(rng, 0.98 + 0.3 * m, 0.09),
        skull_width=_draw(rng, 1.0, 0.025),
        asymmetry=(
            _draw(rng, 0, 0.008),
            _draw(rng, 0, 0.010),
            _draw(rng, 0, 0.010),
            _draw(rng, 0, 0.015),
        ),
    )


def _choose(rng, weights: dict[str, float]) -> str:
    names = list(weights)
    share = np.array([weights[name] for name in names], dtype=np.float64)
    return names[rng.choice(len(names), p=share / share.sum())]


def _jitter(rng, colour, amount=0.08) -> np.ndarray:
    """The colour, a little lighter or darker and shifted in hue."""
    return np.clip(
        colour
        * np.exp(
            amount * rng.standard_normal(3) * 0.4
            + amount * rng.standard_normal()
        ),
        0.004,
        0.95,
    )


def sample_person(rng: np.random.Generator) -> Person:
    """One subject drawn from the whole range of human looks."""
    masculine = float(rng.beta(0.5, 0.5))
    melanin = float(rng.beta(0.9, 1.0))
    age = float(rng.beta(1.0, 1.8))
    tone = melanin * (len(_SKIN) - 1)
    anchors = linear(_SKIN)
    skin = np.array(
        [
            np.interp(tone, np.arange(len(_SKIN)), anchors[:, i])
            for i in range(3)
        ]
    )
    skin = _jitter(rng, skin, 0.07)
    fair = melanin < 0.35
    hair = _choose(
        rng,
        dict(
            black=0.15 if fair else 1.0,
            dark=0.5 if fair else 0.7,
            brown=0.7 if fair else 0.12,
            light=0.5 if fair else 0.02,
            blond=0.5 if fair else 0.01,
            red=0.2 if fair else 0.0,
            grey=0.9 * max(0, age - 0.5),
            white=0.7 * max(0, age - 0.6),
        ),
    )
    iris = _choose(
        rng,
        dict(
            dark=0.1 if fair else 1.0,
            brown=0.5 if fair else 0.7,
            hazel=0.35 if fair else 0.02,
            green=0.3 if fair else 0.0,
            blue=0.6 if fair else 0.0,
            grey=0.25 if fair else 0.0,
        ),
    )
    man = masculine > 0.5
    style = _choose(
        rng,
        dict(
            bald=0.25 if man else 0.01,
            buzz=0.5 if man else 0.03,
            short=1.0 if man else 0.15,
            swept=0.7 if man else 0.35,
            fringe=0.3 if man else 0.5,
            back=0.2 if man else 0.9,
            long=0.1 if man else 1.0,
            bob=0.0 if man else 0.5,
            curly=0.25 + 0.5 * melanin,
        ),
    )
    hair_rgb = _jitter(rng, linear(_HAIR[hair]), 0.15)
    darker = linear(_HAIR['dark']) if hair in ('blond', 'white') else hair_rgb
    brows = 0.5 * hair_rgb * 0.75 + 0.5 * darker
    # Lips: the skin with blood under it; less visible the darker the skin.
    blood = np.array([0.80, 0.42, 0.43])
    lips = skin * (blood * (1 - 0.25 * melanin) + 0.25 * melanin * 0.75)
    sclera = np.array([0.53, 0.50, 0.48]) * (1 - 0.3 * melanin)
    sclera *= 1 - age * np.array([0.08, 0.10, 0.13])
    makeup = float(rng.uniform(0.3, 1.0)) * float(
        rng.random() < (0.02 if man else 0.4)
    )
    stubble = float(rng.uniform(0, 1)) if man else 0.0
    return Person(
        shape=sample_shape(rng, masculine, melanin),
        melanin=melanin,
        age=age,
        skin=floats(skin),
        hair=floats(hair_rgb),
        brows=floats(brows),
        iris=floats(_jitter(rng, linear(_IRIS[iris]), 0.15)),
        sclera=floats(sclera),
        lips=floats(_jitter(rng, lips, 0.06)),
        hair_style=style,
        hairline=max(0.0, _draw(rng, 0.04 + 0.12 * age * man, 0.04)),
        volume=float(rng.uniform(0.7, 1.3)),
        hair_length=float(rng.uniform(0, 1)),
        parting=float(rng.uniform(-1, 1)),
        stubble=stubble,
        beard=bool(man and stubble > 0.82),
        freckles=float(rng.uniform(0, 1)) * float(fair and rng.random() < 0.3),
        makeup=makeup,
        oil=float(rng.uniform(0.2, 1.0)),
        texture=floats(rng.uniform(0, 512, 2)),
    )
