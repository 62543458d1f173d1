"""Intraclass correlation: how much of what varies is the subjects."""

from typing import NamedTuple

import numpy as np
from scipy import stats

from mmpose_ctd.errors import InputError


class Estimate(NamedTuple):
    """A number and its confidence interval; NaN is what is not known."""

    value: float
    low: float = float('nan')
    high: float = float('nan')


#: Of nothing.
UNKNOWN = Estimate(float('nan'))


def intraclass_correlation(
    ratings: np.ndarray, confidence: float = 0.95
) -> Estimate:
    """ICC(2,1): two-way random effects, absolute agreement, single rater.

    With the mean squares of rows (R), columns (C) and error (E) of the
    two-way analysis of variance of n subjects by k raters:

    .. math::
        ICC = \\frac{MS_R - MS_E}
            {MS_R + (k - 1) MS_E + \\frac{k}{n} (MS_C - MS_E)}

    P. E. Shrout, J. L. Fleiss, "Intraclass correlations: uses in assessing
    rater reliability", Psychological Bulletin 86, 1979; the interval is that
    of K. O. McGraw, S. P. Wong, "Forming inferences about some intraclass
    correlation coefficients", Psychological Methods 1, 1996 (their
    ICC(A,1)). It takes the rows for independent.

    Args:
        ratings (np.ndarray): Shape (n, k), finite.
        confidence (float): Coverage of the interval. Defaults to 0.95.

    Returns:
        Estimate: All NaN for n < 3 and where nothing varies between rows and
        raters; the interval alone NaN where raters differ by constants only.

    Examples:
        >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8],
        ...           [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
        >>> round(intraclass_correlation(judges).value, 2)
        0.29
    """
    ratings = np.asarray(ratings, dtype=np.float64)
    if ratings.ndim != 2 or ratings.shape[1] < 2:
        raise InputError(
            'ratings must be (n, k) of at least two raters, found shape '
            f'{ratings.shape}.'
        )
    if not np.isfinite(ratings).all():
        raise InputError('ratings holds NaN or infinity; leave such rows out.')
    n, k = ratings.shape
    if n < 3:
        return UNKNOWN
    rows, columns, error = _mean_squares(ratings)
    below = rows + (k - 1) * error + k / n * (columns - error)
    if below <= 0 or rows == error == 0:
        return UNKNOWN
    icc = (rows - error) / below
    if error == 0:
        return Estimate(float(icc))
    ratio = columns / error
    weight = n * (1 + (k - 1) * icc) - k * icc
    freedom = (
        (k - 1)
        * (n - 1)
        * (k * icc * ratio + weight) ** 2
        / ((n - 1) * (k * icc * ratio) ** 2 + weight**2)
    )
    quantile = (1 + confidence) / 2
    upper = stats.f.ppf(quantile, n - 1, freedom)
    lower = stats.f.ppf(quantile, freedom, n - 1)
    rest = k * columns + (k * n - k - n) * error
    return Estimate(
        float(icc),
        float(n * (rows - upper * error) / (upper * rest + n * rows)),
        float(n * (lower * rows - error) / (rest + n * lower * rows)),
    )


def _mean_squares(ratings: np.ndarray) -> tuple[float, float, float]:
    """Of rows, columns and error; rounding counts as nothing."""
    n, k = ratings.shape
    centred = ratings - ratings.mean()
    of_rows = centred.mean(axis=1, keepdims=True)
    of_columns = centred.mean(axis=0, keepdims=True)
    residual = centred - of_rows - of_columns
    rows = k * (of_rows**2).sum() / (n - 1)
    columns = n * (of_columns**2).sum() / (k - 1)
    error = (residual**2).sum() / ((n - 1) * (k - 1))
    nothing = (16 * np.finfo(float).eps * np.abs(ratings).max()) ** 2
    return tuple(
        0.0 if value <= nothing else float(value)
        for value in (rows, columns, error)
    )
