"""The bound rules out most pairs, and none that correlates."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpose_ctd.datasets.checking.look_alikes import (
    correlating_pairs,
)

SIZE = 32


def unit(pictures):
    lengths = np.linalg.norm(pictures, axis=(1, 2), keepdims=True)
    return (pictures / np.maximum(lengths, 1e-9)).astype(np.float32)


def textures(random, number, grain):
    """Random pictures, smooth where the grain is coarse."""
    frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(SIZE)] * 2))
    noise = np.fft.fft2(random.normal(size=(number, SIZE, SIZE)))
    smooth = np.exp(-((frequency * grain) ** 2)) * (frequency > 0)
    return unit(np.fft.ifft2(noise * smooth).real)


def tried_one_by_one(pictures, others, reach):
    """The definition, shift by shift, (N, N)."""
    shifts = range(-reach, reach + 1)
    return np.max(
        [
            np.einsum(
                'iyx,jyx', np.roll(pictures, (0, y, x), (0, 1, 2)), others
            )
            for y in shifts
            for x in shifts
        ],
        axis=0,
    )


def pairs_above(correlations, least):
    i, j = np.nonzero(np.triu(correlations, 1) > least)
    return {*zip(i.tolist(), j.tolist())}


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.5, 3.0, 8.0]),
    st.sampled_from([0.5, 0.8]),
    st.booleans(),
)
def test_pairs_are_those_of_trying_every_shift(seed, grain, least, mirrored):
    random = np.random.default_rng(seed)
    pictures = textures(random, 7, grain)
    # Shifted, noisy and mixed copies, and one without content.
    moved = np.roll(pictures[0], random.integers(-4, 5, 2), axis=(0, 1))
    far = np.roll(pictures[1], (9, 9), axis=(0, 1))
    mixed = pictures[2] * random.uniform(0.3, 2) + pictures[3]
    noisy = pictures[4] + random.normal(0, 0.02, (SIZE, SIZE))
    copies = unit(np.stack([moved, far, mixed, noisy, moved[:, ::-1]]))
    pictures = np.concatenate([pictures, copies, np.zeros_like(copies[:1])])
    own = pictures[:, :, ::-1].copy() if mirrored else pictures
    found = {*correlating_pairs(own, pictures, 3, least)}
    # Within float32 of the limit either answer is right.
    truth = tried_one_by_one(own, pictures, 3)
    assert pairs_above(truth, least + 1e-4) <= found
    assert found <= pairs_above(truth, least - 1e-4)
