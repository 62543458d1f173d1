"""Area under the cumulative error distribution.

As used by Z. Fu, J. Jiao, M. Suttie, J. A. Noble, "Cross-Task Representation
Learning for Anatomical Landmark Detection", MLMI 2020.
"""

import numpy as np

from .checks import checked_threshold, known_errors


def area_under_ced(errors: np.ndarray, threshold: float) -> float:
    """AUC, the area under the CED on [0, tau], divided by tau.

    The CED is a step function, so its area needs no grid:

    .. math::
        AUC = \\frac{1}{\\tau} \\int_0^\\tau CED(t)\\, dt
            = \\frac{1}{N} \\sum_i \\max(0, 1 - e_i / \\tau)

    Args:
        errors (np.ndarray): Errors, shape (N,); NaN entries are ignored.
        threshold (float): tau, positive, in the unit of ``errors``.

    Returns:
        float: Area in [0, 1].

    Examples:
        >>> area_under_ced([0., 2.5, 9.], threshold=5)
        0.5
    """
    threshold = checked_threshold(threshold)
    errors = known_errors(errors)
    return float(np.maximum(0.0, 1.0 - errors / threshold).mean())
