"""What errors, a threshold and a number of resamples must look like."""

import math

import numpy as np

from mmpose_ctd.errors import InputError


def known_errors(errors: np.ndarray) -> np.ndarray:
    """The errors that exist, as float64.

    NaN means that there was nothing to measure (no visible landmark). Such
    an entry is left out of every statistic: counting it as 0 would flatter
    the model, counting it as a failure would punish it for the labels.

    Args:
        errors (np.ndarray): Errors in any unit, shape (N,).

    Returns:
        np.ndarray: The entries that are not NaN, shape (M,), M >= 1.
    """
    errors = np.asarray(errors, dtype=np.float64)
    if errors.ndim != 1:
        raise InputError(
            f'errors must be a vector (N,), found shape {errors.shape}; '
            'reduce (N, K) point errors with image_errors() first.'
        )
    if errors.size == 0:
        raise InputError('errors is empty: there is nothing to average.')
    known = errors[~np.isnan(errors)]
    if known.size == 0:
        raise InputError(
            f'all {errors.size} errors are NaN: no image has a visible '
            'landmark.'
        )
    if np.isinf(known).any():
        raise InputError(
            f'{int(np.isinf(known).sum())} of {errors.size} errors are '
            'infinite; errors must be finite, or NaN where nothing was '
            'measured.'
        )
    if (known < 0).any():
        raise InputError(
            f'errors must not be negative, found {known.min():g}.'
        )
    return known


def checked_threshold(threshold: float, name: str = 'threshold') -> float:
    """``threshold`` as a float, if it is a positive finite number."""
    try:
        value = float(threshold)
    except (TypeError, ValueError):
        raise InputError(
            f'{name} must be one positive number, found {threshold!r}.'
        ) from None
    if not math.isfinite(value) or value <= 0:
        raise InputError(
            f'{name} must be a positive finite number, found {threshold!r}.'
        )
    return value


def checked_resamples(num_bootstrap: int) -> int:
    """``num_bootstrap`` as an int, if it is a number of resamples or 0."""
    try:
        number = int(num_bootstrap)
    except (TypeError, ValueError):
        number = -1
    if number != num_bootstrap or number < 0:
        raise InputError(
            'num_bootstrap must be a whole number, 0 for no intervals, '
            f'found {num_bootstrap!r}.'
        )
    return number
