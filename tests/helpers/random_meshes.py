"""Meshes of faces that no network found."""

import numpy as np


def random_meshes(num: int, num_vertices: int = 12, seed: int = 0):
    """Faces of one shape, each moved, turned, scaled and a little changed.

    Returns:
        np.ndarray: (num, num_vertices, 3), pixels.
    """
    random = np.random.default_rng(seed)
    shape = random.normal(size=num_vertices) + 1j * random.normal(
        size=num_vertices
    )
    change = random.normal(size=(2, num, num_vertices)) * 0.05
    a = 30 * np.exp(random.normal(size=num) * 0.2)
    a = a * np.exp(1j * random.normal(size=num) * 0.2)
    b = random.uniform(80, 120, num) + 1j * random.uniform(80, 120, num)
    z = a[:, None] * (shape + change[0] + 1j * change[1]) + b[:, None]
    return np.stack([z.real, z.imag, np.zeros_like(z.real)], axis=-1)


def framed_meshes(num=15, num_vertices=12, seed=0):
    """Meshes as in the frame: of unit size, each a little its own."""
    random = np.random.default_rng(seed)
    shape = random.normal(size=(2, num_vertices))
    own = 0.1 * random.normal(size=(2, num, num_vertices))
    return (shape[0] + own[0]) + 1j * (shape[1] + own[1])
