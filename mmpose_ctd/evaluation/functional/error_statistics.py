"""Mean error, cumulative error distribution and failure rate.

As used by Z. Fu, J. Jiao, M. Suttie, J. A. Noble, "Cross-Task Representation
Learning for Anatomical Landmark Detection", MLMI 2020. N: errors, of images
or of single landmarks. NaN entries (nothing visible) are ignored everywhere.
"""

import numpy as np

from mmpose_ctd.errors import InputError

from .checks import checked_threshold, known_errors


def mean_error(errors: np.ndarray) -> float:
    """ME, the mean of the errors.

    .. math:: ME = \\frac{1}{N} \\sum_i e_i

    Args:
        errors (np.ndarray): Errors, shape (N,); NaN entries are ignored.

    Returns:
        float: Mean in the unit of ``errors``.

    Examples:
        >>> mean_error([1., 2., np.nan])
        1.5
    """
    return float(known_errors(errors).mean())


def cumulative_error_distribution(
    errors: np.ndarray, thresholds: np.ndarray
) -> np.ndarray:
    """CED, the share of errors that do not exceed each threshold.

    .. math:: CED(t) = \\frac{1}{N} \\, |\\{i : e_i \\le t\\}|

    Args:
        errors (np.ndarray): Errors, shape (N,); NaN entries are ignored.
        thresholds (np.ndarray): Thresholds of any shape, in the unit of
            ``errors``.

    Returns:
        np.ndarray: Shares in [0, 1], shape of ``thresholds``.

    Examples:
        >>> cumulative_error_distribution([1., 2., 4.], [0., 2., 9.]).round(3)
        array([0.   , 0.667, 1.   ])
    """
    known = np.sort(known_errors(errors))
    thresholds = np.asarray(thresholds, dtype=np.float64)
    if np.isnan(thresholds).any():
        raise InputError('thresholds holds NaN; give numbers.')
    return np.searchsorted(known, thresholds, side='right') / known.size


def failure_rate(errors: np.ndarray, threshold: float) -> float:
    """FR, the share of errors that exceed the threshold.

    .. math:: FR = \\frac{1}{N} \\, |\\{i : e_i > \\tau\\}| = 1 - CED(\\tau)

    Args:
        errors (np.ndarray): Errors, shape (N,); NaN entries are ignored.
        threshold (float): tau, positive, in the unit of ``errors``.

    Returns:
        float: Share in [0, 1].

    Examples:
        >>> failure_rate([1., 5., 6., 7.], threshold=5)
        0.5
    """
    threshold = checked_threshold(threshold)
    return float((known_errors(errors) > threshold).mean())
