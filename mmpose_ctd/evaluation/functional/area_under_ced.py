"""Area under the cumulative error distribution, exact or as others sample it.

As used by Z. Fu, J. Jiao, M. Suttie, J. A. Noble, "Cross-Task Representation
Learning for Anatomical Landmark Detection", MLMI 2020.
"""

import math

import numpy as np

from mmpose_ctd.errors import InputError

from .checks import checked_threshold, known_errors
from .error_statistics import cumulative_error_distribution

#: Step of the public Simpson grids, in the unit of the errors.
SIMPSON_STEP = 1e-4
#: Points of the public trapezoid grids.
TRAPEZOID_POINTS = 2000
#: Steps of :func:`mmpose.evaluation.functional.keypoint_auc`.
MMPOSE_STEPS = 20


def area_under_ced(
    errors: np.ndarray, threshold: float, method: str = 'exact'
) -> float:
    """AUC, the area under the CED on [0, tau], divided by tau.

    The CED is a step function, so its area needs no grid:

    .. math::
        AUC = \\frac{1}{\\tau} \\int_0^\\tau CED(t)\\, dt
            = \\frac{1}{N} \\sum_i \\max(0, 1 - e_i / \\tau)

    Published numbers come from grids; the other methods reproduce them.

    Args:
        errors (np.ndarray): Errors, shape (N,); NaN entries are ignored.
        threshold (float): tau, positive, in the unit of ``errors``.
        method (str): ``'exact'``; ``'simpson'``, Simpson's rule at a step of
            1e-4; ``'trapezoid'``, the trapezoid rule on 2000 points;
            ``'mmpose'``, the left sum of 20 steps with a strict comparison,
            whose perfect score is 0.95 (MMPose applies it to landmarks, not
            to images). Defaults to ``'exact'``.

    Returns:
        float: Area in [0, 1].

    Examples:
        >>> area_under_ced([0., 2.5, 9.], threshold=5)
        0.5
        >>> round(area_under_ced([0., 0.], threshold=30, method='mmpose'), 6)
        0.95
    """
    threshold = checked_threshold(threshold)
    errors = known_errors(errors)
    if method not in _METHODS:
        raise InputError(
            f'method must be one of {sorted(_METHODS)}, found {method!r}.'
        )
    return float(_METHODS[method](errors, threshold))


def _exact(errors: np.ndarray, threshold: float) -> float:
    return np.maximum(0.0, 1.0 - errors / threshold).mean()


def _simpson(errors: np.ndarray, threshold: float) -> float:
    # Simpson's parabolas span two steps each: their number must be even.
    steps = 2 * math.ceil(round(threshold / SIMPSON_STEP, 6) / 2)
    grid = np.linspace(0.0, threshold, steps + 1)
    ced = cumulative_error_distribution(errors, grid)
    weighted = ced[0] + ced[-1] + 4 * ced[1:-1:2].sum() + 2 * ced[2:-1:2].sum()
    return weighted / (3 * steps)


def _trapezoid(errors: np.ndarray, threshold: float) -> float:
    grid = np.linspace(0.0, threshold, TRAPEZOID_POINTS)
    ced = cumulative_error_distribution(errors, grid)
    return (ced[:-1] + ced[1:]).sum() / 2 / (TRAPEZOID_POINTS - 1)


def _mmpose(errors: np.ndarray, threshold: float) -> float:
    grid = np.arange(MMPOSE_STEPS) / MMPOSE_STEPS
    return (errors[:, None] / threshold < grid).mean()


_METHODS = {
    'exact': _exact,
    'simpson': _simpson,
    'trapezoid': _trapezoid,
    'mmpose': _mmpose,
}
