"""Tells whether two pictures are one photograph."""

import cv2
import numpy as np

from .shifted_correlation import correlating_pairs

__all__ = ['detail_correlation', 'look_alikes']

# Side of the pictures that are all compared with all, in pixels.
_SIDE = 64
# How far the content may be shifted between two of them, in their pixels.
_REACH = 8
# Look-alikes correlate at least this much. Among photographs of different
# people in one setting about 3 pairs in 1000 do.
_ALIKE = 0.8
# Blocks a side whose detail is compared; of their correlations the one that
# only 1 in 20 is below counts: a smile changes few blocks, but it does.
_BLOCKS = 4
_LOW = 5
# Blocks with less than this share of the richest one's energy say nothing.
_EMPTY = 0.15


def _band(picture: np.ndarray, fine: float, coarse: float) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), fine) - cv2.GaussianBlur(
        picture, (0, 0), coarse
    )


def _features(pictures: np.ndarray) -> np.ndarray:
    """Edges without brightness, faded to the border, of length 1."""
    window = np.sqrt(np.outer(np.hanning(_SIDE), np.hanning(_SIDE)))
    found = np.zeros((len(pictures), _SIDE, _SIDE), dtype=np.float32)
    for i, picture in enumerate(pictures):
        small = cv2.resize(
            picture.astype(np.float32),
            (_SIDE, _SIDE),
            interpolation=cv2.INTER_AREA,
        )
        edges = _band(small, 1.0, 4.0)
        edges = (edges - edges.mean()) * window
        length = np.linalg.norm(edges)
        # A picture of one colour is like nothing.
        if length > 1e-3:
            found[i] = edges / length
    return found


def look_alikes(pictures: np.ndarray) -> list[tuple[int, int, bool]]:
    """Pairs worth a closer look, by correlation at any small shift.

    Args:
        pictures (np.ndarray): Grey, (N, H, W), uint8 or float32.

    Returns:
        list[tuple[int, int, bool]]: Places i < j of a pair, and whether one
        of them looks like the other's mirror image.
    """
    features = _features(pictures)
    mirrored = np.ascontiguousarray(features[:, :, ::-1])
    found = [
        (i, j, flipped)
        for flipped, own in ((False, features), (True, mirrored))
        for i, j in correlating_pairs(own, features, _REACH, _ALIKE)
    ]
    return sorted(found)


def detail_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """How far the fine detail of two pictures is the same, at most 1.

    b is laid over a by the affine map that correlates best (ECC, Evangelidis
    and Psarakis 2008), which undoes crops, scales and small rotations. Other
    light, compression or noise keeps most detail; another photograph of the
    same face does not.

    Args:
        a (np.ndarray): Grey, (H, W), uint8 or float32.
        b (np.ndarray): The same.

    Returns:
        float: The correlation of the blocks that agree least; -1 if the
        pictures cannot be laid over each other.
    """
    a, b = a.astype(np.float32), b.astype(np.float32)
    edges_a, edges_b = _band(a, 1.0, 6.0), _band(b, 1.0, 6.0)
    affine = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 100, 1e-5)
    try:
        for blur in (2.5, 0.75):
            _, affine = cv2.findTransformECC(
                cv2.GaussianBlur(edges_a, (0, 0), blur),
                cv2.GaussianBlur(edges_b, (0, 0), blur),
                affine,
                cv2.MOTION_AFFINE,
                stop,
                None,
                1,
            )
    except cv2.error:
        # It does not converge on what does not match.
        return -1.0
    size = a.shape[::-1]
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    over = cv2.warpAffine(
        b, affine, size, flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    shared = cv2.warpAffine(
        np.ones_like(b),
        affine,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
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
