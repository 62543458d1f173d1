"""Checks of thresholds and numbers of resamples."""

import math

from mmpose_ctd.errors import InputError


def checked_threshold(threshold: float, name: str = 'threshold') -> float:
    """``threshold`` as a float, if it is a positive finite number."""
    try:
        value = float(threshold)
    except (TypeError, ValueError):
        value = math.nan
    if not 0 < value < math.inf:
        raise InputError(
            where=name,
            found=repr(threshold),
            expected='a positive finite number',
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
            where='num_bootstrap',
            found=repr(num_bootstrap),
            expected='a whole number, 0 for no intervals',
        )
    return number
