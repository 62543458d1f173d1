"""Finds pictures that correlate at some small shift, without trying all.

A correlation at a shift is a sum over frequencies. What those beyond the
lowest ones can add is at most the product of the two pictures' norms there
(Cauchy-Schwarz). The lowest ones alone therefore rule nearly all pairs out,
and never one that correlates.
"""

from collections.abc import Iterator

import numpy as np
import scipy.fft

__all__ = ['correlating_pairs']

# Frequencies a side that are tried first, by one matrix product, and next.
_FIRST, _NEXT = 7, 10
# Pictures at once, on either side.
_ROWS, _COLUMNS = 16, 2048
# Of float32.
_ROUNDING = 1e-3


def correlating_pairs(
    pictures: np.ndarray, others: np.ndarray, reach: int, least: float
) -> Iterator[tuple[int, int]]:
    """Pairs i < j of ``pictures[i]`` and ``others[j]``.

    Args:
        pictures (np.ndarray): Of length 1 or 0, (N, S, S), float32.
        others (np.ndarray): The same.
        reach (int): How far one may be shifted on an axis, in pixels; around
            the border.
        least (float): Correlation that a pair exceeds.
    """
    size = pictures.shape[1]
    own = np.conj(scipy.fft.rfft2(pictures))
    spectra = own.conj() if others is pictures else scipy.fft.rfft2(others)
    first = _FirstBound(own, spectra, size, reach)
    few = _Shifts(size, reach, _NEXT)
    every = _Shifts(size, reach, size // 2)
    rests = few.rests(own), few.rests(spectra)
    for i, places in first.candidates(least):
        bounds = few.largest(own[i], spectra[places])
        bounds += rests[0][i] * rests[1][places]
        places = places[bounds > least - _ROUNDING]
        if len(places):
            found = every.largest(own[i], spectra[places]) > least
            yield from ((i, int(j)) for j in places[found])


class _Shifts:
    """Correlations at all small shifts, by the lowest frequencies.

    Args:
        size (int): Side of the pictures, in pixels.
        reach (int): Largest shift.
        lowest (int): Largest frequency on an axis.
    """

    def __init__(self, size: int, reach: int, lowest: int) -> None:
        self.rows = np.unique(np.arange(-lowest, lowest + 1) % size)
        self.columns = np.arange(lowest + 1)
        # rfft2 leaves one half out, which is the other's conjugate.
        once = (self.columns == 0) | (2 * self.columns == size)
        self.weight = np.where(once, 1, 2) / size**2
        shifts = 2j * np.pi * np.arange(-reach, reach + 1) / size
        along = np.exp(np.outer(self.columns, shifts))
        self.along = (self.weight[:, None] * along).astype(np.complex64)
        self.down = np.exp(np.outer(shifts, self.rows)).astype(np.complex64)

    def cut(self, spectra: np.ndarray) -> np.ndarray:
        """The lowest frequencies, (N, rows, columns)."""
        return spectra[..., self.rows[:, None], self.columns]

    def rests(self, spectra: np.ndarray) -> np.ndarray:
        """Norms of what is cut off, (N,)."""
        energy = np.abs(self.cut(spectra)) ** 2 @ self.weight
        # A picture of one colour has no energy at all.
        there = np.abs(spectra).max(axis=(1, 2)) > 0
        return np.sqrt(np.clip(there - energy.sum(axis=1), 0, 1))

    def largest(self, own: np.ndarray, spectra: np.ndarray) -> np.ndarray:
        """The largest correlation of each with one, (N,)."""
        along = (self.cut(own) * self.cut(spectra)) @ self.along
        return (self.down @ along).real.max(axis=(1, 2))


class _FirstBound:
    """An upper bound for all pairs, as products of matrices.

    Shifting the one picture of a pair is a change of phases, which is done
    once for all others.
    """

    def __init__(self, own, spectra, size: int, reach: int) -> None:
        low = _Shifts(size, reach, _FIRST)
        self.rests = low.rests(own), low.rests(spectra)
        scale = np.sqrt(low.weight)
        self.own = (low.cut(own) * scale).reshape(len(own), -1)
        others = (low.cut(spectra) * scale).reshape(len(own), -1)
        # Re(xy) is a product of real vectors.
        self.others = np.hstack([others.real, -others.imag])
        self.others = self.others.astype(np.float32)
        phases = low.down[:, None, :, None] * np.exp(
            2j
            * np.pi
            / size
            * np.outer(np.arange(-reach, reach + 1), low.columns)
        )[None, :, None, :].astype(np.complex64)
        self.phases = phases.reshape(phases.shape[0] ** 2, -1)

    def candidates(self, least: float) -> Iterator[tuple[int, np.ndarray]]:
        """Places behind each picture that may correlate, some at a time."""
        total = len(self.own)
        for start in range(0, total, _ROWS):
            rows = slice(start, min(start + _ROWS, total))
            shifted = self.own[rows, None] * self.phases
            shifted = shifted.reshape(-1, shifted.shape[-1])
            shifted = np.hstack([shifted.real, shifted.imag])
            for first in range(start, total, _COLUMNS):
                columns = slice(first, min(first + _COLUMNS, total))
                bound = shifted @ self.others[columns].T
                bound = bound.reshape(-1, len(self.phases), bound.shape[1])
                bound = bound.max(axis=1)
                bound += np.outer(self.rests[0][rows], self.rests[1][columns])
                for row, values in enumerate(bound, start):
                    places = first + np.flatnonzero(values > least - _ROUNDING)
                    places = places[places > row]
                    if len(places):
                        yield row, places
