"""Finds pictures that may be one photograph, and compares their detail.

All pictures are compared with all at any small shift. The correlation at a
shift is a sum over frequencies, and frequencies beyond the lowest ones add at
most the product of the two pictures' norms there (Cauchy-Schwarz). So the
lowest frequencies rule out nearly all pairs, and never one that correlates.
"""

from collections.abc import Iterator

import cv2
import numpy as np
import scipy.fft

# Side of the pictures compared with all others, in pixels, and the largest
# shift between two of them.
_SIDE, _REACH = 64, 8
# Least correlation of look-alikes. About 3 in 1000 pairs of photographs of
# different people in one setting exceed it.
_ALIKE = 0.8
# Highest frequency on an axis that the bound uses.
_LOWEST = 7
# Of float32.
_ROUNDING = 1e-3
# Blocks a side whose detail is compared. The correlation that 1 in 20 of them
# is below counts: a smile changes few blocks.
_BLOCKS, _LOW = 4, 5
# Blocks with less than this share of the richest one's energy are skipped.
_EMPTY = 0.15


def look_alikes(pictures: np.ndarray) -> list[tuple[int, int, bool]]:
    """Pairs of grey pictures (N, H, W) that correlate at a small shift.

    Positions i < j of each, and whether one is like the other's mirror image.
    """
    edges = _edges(pictures)
    mirrored = np.ascontiguousarray(edges[:, :, ::-1])
    return sorted(
        (i, j, flipped)
        for flipped, own in ((False, edges), (True, mirrored))
        for i, j in correlating_pairs(own, edges, _REACH, _ALIKE)
    )


def _edges(pictures: np.ndarray) -> np.ndarray:
    """Edges without brightness, faded to the border, of norm 1."""
    window = np.sqrt(np.outer(np.hanning(_SIDE), np.hanning(_SIDE)))
    found = np.zeros((len(pictures), _SIDE, _SIDE), dtype=np.float32)
    for i, picture in enumerate(pictures):
        picture = picture.astype(np.float32)
        small = cv2.resize(picture, window.shape, interpolation=cv2.INTER_AREA)
        edges = _band(small, 1.0, 4.0)
        edges = (edges - edges.mean()) * window
        norm = np.linalg.norm(edges)
        # A picture of one colour stays 0 and correlates with nothing.
        if norm > 1e-3:
            found[i] = edges / norm
    return found


def _band(picture: np.ndarray, fine: float, coarse: float) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), fine) - cv2.GaussianBlur(
        picture, (0, 0), coarse
    )


def correlating_pairs(
    pictures: np.ndarray, others: np.ndarray, reach: int, least: float
) -> Iterator[tuple[int, int]]:
    """Pairs i < j of ``pictures[i]`` and ``others[j]`` that correlate.

    More than ``least`` at a cyclic shift of up to ``reach`` pixels on each
    axis. Pictures are of norm 1 or 0, (N, S, S), float32.
    """
    size = pictures.shape[1]
    shifts = np.arange(-reach, reach + 1)
    own, spectra = (scipy.fft.rfft2(p) for p in (pictures, others))
    own_low, own_rest = _lowest(own, size)
    low, rest = _lowest(spectra, size)
    # A shift changes the phases.
    rows, columns = _frequencies(size)
    y, x = (grid.reshape(-1, 1, 1) for grid in np.meshgrid(shifts, shifts))
    turns = np.exp(-2j * np.pi / size * (rows * y + columns * x))
    turns = turns.astype(np.complex64).reshape(len(turns), -1)
    low = np.hstack([low.real, low.imag])
    for i in range(len(own) - 1):
        shifted = own_low[i] * turns
        # The real part of a product of complex vectors.
        shifted = np.hstack([shifted.real, shifted.imag])
        bounds = (shifted @ low[i + 1 :].T).max(axis=0)
        bounds += own_rest[i] * rest[i + 1 :]
        places = i + 1 + np.flatnonzero(bounds > least - _ROUNDING)
        if len(places):
            every = scipy.fft.irfft2(own[i].conj() * spectra[places])
            near = every[:, shifts[:, None], shifts].max(axis=(1, 2))
            yield from ((i, int(j)) for j in places[near > least])


def _frequencies(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows (R, 1) and columns (C,) of the lowest in a transform."""
    rows = np.unique(np.arange(-_LOWEST, _LOWEST + 1) % size)
    return rows[:, None], np.arange(_LOWEST + 1)


def _lowest(spectra: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The lowest frequencies (N, R * C), and the norm of the others (N,)."""
    rows, columns = _frequencies(size)
    # rfft2 leaves out one half, the conjugate of the other.
    once = (columns == 0) | (2 * columns == size)
    weight = np.sqrt(np.where(once, 1, 2)) / size
    low = (spectra[:, rows, columns] * weight).astype(np.complex64)
    low = low.reshape(len(spectra), -1)
    energy = (np.abs(low) ** 2).sum(axis=1)
    # The norm is 1, or 0 for a picture of one colour.
    norm = np.abs(spectra).max(axis=(1, 2)) > 0
    return low, np.sqrt(np.clip(norm - energy, 0, 1))


def detail_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Correlate the fine detail of two grey pictures (H, W).

    b is laid over a by the affine map that correlates best (ECC, Evangelidis
    and Psarakis 2008), which undoes crops, scales and small rotations. Other
    light, compression or noise keeps most detail; another photograph of the
    same face does not. The correlation is that of the blocks that agree
    least, at most 1; -1 if the pictures cannot be laid over each other.
    """
    a, b = a.astype(np.float32), b.astype(np.float32)
    edges = [_band(picture, 1.0, 6.0) for picture in (a, b)]
    affine = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 100, 1e-5)
    try:
        for blur in (2.5, 0.75):
            blurred = [cv2.GaussianBlur(e, (0, 0), blur) for e in edges]
            _, affine = cv2.findTransformECC(
                *blurred, affine, cv2.MOTION_AFFINE, stop, None, 1
            )
    except cv2.error:
        # It does not converge on pictures that do not match.
        return -1.0
    size = a.shape[::-1]
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    over = cv2.warpAffine(
        b, affine, size, flags=how, borderMode=cv2.BORDER_REPLICATE
    )
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    shared = cv2.warpAffine(np.ones_like(b), affine, size, flags=how)
    shared = cv2.erode((shared > 0.99).astype(np.uint8), np.ones((7, 7))) > 0
    if shared.mean() < 0.5:
        return -1.0
    return _worst_blocks(_band(a, 0.8, 2), _band(over, 0.8, 2), shared)


def _worst_blocks(a: np.ndarray, b: np.ndarray, shared: np.ndarray) -> float:
    correlations, energies = [], []
    for rows in np.array_split(np.arange(a.shape[0]), _BLOCKS):
        for columns in np.array_split(np.arange(a.shape[1]), _BLOCKS):
            block = np.ix_(rows, columns)
            here = shared[block]
            if here.mean() < 0.5:
                continue
            x, y = a[block][here], b[block][here]
            x, y = x - x.mean(), y - y.mean()
            energy = np.sqrt((x @ x) * (y @ y))
            energies.append(energy)
            correlations.append(x @ y / (energy + 1e-6))
    if not energies or max(energies) <= 0:
        return -1.0
    rich = np.array(energies) >= _EMPTY * max(energies)
    return float(np.percentile(np.array(correlations)[rich], _LOW))
