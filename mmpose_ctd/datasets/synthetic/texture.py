"""Tileable noise, made once, looked up in face coordinates."""

from functools import lru_cache

import cv2
import numpy as np

TILE = 512


def _noise(
    rng: np.random.Generator, sigma_x: float, sigma_y: float
) -> np.ndarray:
    """Smooth tileable noise of unit variance, float32 (TILE, TILE)."""
    white = rng.standard_normal((TILE, TILE))
    fx = np.fft.rfftfreq(TILE)[None] * sigma_x
    fy = np.fft.fftfreq(TILE)[:, None] * sigma_y
    low_pass = np.exp(-2 * np.pi**2 * (fx**2 + fy**2))
    noise = np.fft.irfft2(np.fft.rfft2(white) * low_pass, s=white.shape)
    return (noise / noise.std()).astype(np.float32)


@lru_cache(maxsize=1)
def tiles() -> dict[str, np.ndarray]:
    """Noise by name, each float32 (TILE, TILE).

    ``fine`` and ``coarse`` are round; ``strand`` runs along the tile's
    columns; ``curl`` has sharp dark furrows between round lumps.
    """
    rng = np.random.default_rng(20200913)
    fine = _noise(rng, 1.2, 1.2)
    coarse = _noise(rng, 9, 9)
    strand = 0.75 * _noise(rng, 1.1, 40) + 0.65 * _noise(rng, 3.5, 60)
    curl = 1.2 - 2.0 * np.abs(_noise(rng, 5, 5)) + 0.4 * fine
    return dict(fine=fine, coarse=coarse, strand=strand, curl=curl)


def lookup(name: str, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Noise at tile coordinates (u, v) in texels, wrapping around."""
    return cv2.remap(
        tiles()[name],
        np.asarray(u, dtype=np.float32),
        np.asarray(v, dtype=np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
