"""Carries the landmarks' uncertainty to measures.

N: faces, K: landmarks.
"""

from collections.abc import Sequence

import numpy as np

from mmpose_ctd.evaluation.functional.measurements import (
    Measurement,
    measure,
)

__all__ = ['measure_deviations']

# Step of the derivatives, as a share of the landmarks' extent.
_STEP = 1e-4


def measure_deviations(
    points: np.ndarray,
    deviations: np.ndarray,
    names: Sequence[str],
    measurements: Sequence[Measurement],
) -> dict[str, np.ndarray]:
    r"""SD of each measure, from those of its landmarks.

    .. math::
        \sigma_m^2 = \sum_k \sigma_k^2 \lVert \nabla_{p_k} m \rVert^2

    to first order, with errors that are independent of each other; how far
    they are not, the calibration's factor for the measure makes up for.
    Derivatives are central differences, so that any measure has them.

    Args:
        points (np.ndarray): Landmarks in pixels of the photograph, (N, K, 2).
        deviations (np.ndarray): Their error SD along each axis, in the same
            pixels, (N, K).
        names (Sequence[str]): The K landmarks.
        measurements (Sequence[Measurement]): What is measured.

    Returns:
        dict[str, np.ndarray]: SDs (N,), in px, degrees or 1.
    """
    n, k, _ = points.shape
    involved = {part for one in measurements for part in one.of}
    indices = [i for i, name in enumerate(names) if name in involved]
    variances = {one.name: np.zeros(n) for one in measurements}
    extent = np.ptp(points, axis=1).max(axis=-1)
    step = np.maximum(_STEP * extent, 1e-9)
    for i in indices:
        for axis in range(2):
            ends = []
            for sign in (1, -1):
                moved = points.copy()
                moved[:, i, axis] += sign * step
                ends.append(measure(moved, None, names, measurements))
            for name, variance in variances.items():
                slope = (ends[0][name] - ends[1][name]) / (2 * step)
                variance += (deviations[:, i] * slope) ** 2
    return {name: np.sqrt(value) for name, value in variances.items()}
