"""Distances between people's eyes, in millimetres."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# Shortest and longest distance in mm, newborn to adult, with a margin of
# about a third for syndromes; see docs/check.md.
_RANGES = {
    'inner eye corners': (r'endocanth|inner_?canth', 12.0, 55.0),
    'outer eye corners': (r'exocanth|outer_?canth', 40.0, 130.0),
    'pupils': (r'pupil', 25.0, 85.0),
}


class Implausible(NamedTuple):
    """A distance between two landmarks, and what people have, in mm."""

    what: str
    pair: tuple[int, int]
    length: float
    low: float
    high: float


def implausible_distance(
    points: np.ndarray,
    mm_per_px: float,
    names: Sequence[str],
    partners: Sequence[int],
) -> Implausible | None:
    """The first distance between the eyes that people do not have.

    ``points`` are (K, 2) in pixels, NaN where unknown; ``partners`` has the
    position of each landmark's partner, or its own.
    """
    for what, (pattern, low, high) in _RANGES.items():
        pair = [
            k
            for k, name in enumerate(names)
            if re.search(pattern, name, re.IGNORECASE) and partners[k] != k
        ]
        if len(pair) != 2:
            continue
        a, b = points[pair]
        length = float(np.linalg.norm(a - b)) * mm_per_px
        if np.isfinite(length) and not low <= length <= high:
            return Implausible(what, tuple(pair), length, low, high)
    return None
