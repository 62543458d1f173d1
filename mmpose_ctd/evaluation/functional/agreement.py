"""How well a predicted measure agrees with the manual one.

N: pairs, one an image.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import stats

from mmpose_ctd.errors import InputError

from .bootstrap import bootstrap_interval

#: 95 % of a normal distribution lie within so many SD.
_Z = float(stats.norm.ppf(0.975))
_ROUNDING = 16 * np.finfo(float).eps


class Estimate(NamedTuple):
    """A number and its confidence interval; NaN where it is not known."""

    value: float = float('nan')
    low: float = float('nan')
    high: float = float('nan')


@dataclass(frozen=True)
class Agreement:
    """Agreement of two ways to measure; differences are second - first.

    Attributes:
        n (int): Pairs that both could measure.
        num_subjects (int): People they belong to; n where nobody is named.
        mae (float): Mean absolute difference.
        bias (Estimate): Mean difference.
        sd (float): SD of a single difference.
        loa_low, loa_high (Estimate): 95 % limits of agreement.
        icc (Estimate): ICC(2,1), absolute agreement.
        slope (Estimate): Of the difference over the mean of both. Below 0,
            people differ less by the second way than by the first.
        interval (str): How intervals were made: ``'t and F'``,
            ``'bootstrap over subjects'`` or ``'none'``.
        notes (tuple[str, ...]): What is not known, and why.
    """

    n: int
    num_subjects: int
    mae: float
    bias: Estimate
    sd: float = float('nan')
    loa_low: Estimate = Estimate()
    loa_high: Estimate = Estimate()
    icc: Estimate = Estimate()
    slope: Estimate = Estimate()
    interval: str = 'none'
    notes: tuple[str, ...] = ()


def agreement(
    manual: np.ndarray,
    predicted: np.ndarray,
    subjects: Sequence | None = None,
    num_bootstrap: int = 1000,
    seed: int = 0,
) -> Agreement:
    """Bias, limits of agreement, mean absolute difference, ICC and slope.

    With the differences :math:`d_i` (predicted - manual), their mean
    :math:`\\bar d` and SD :math:`s`:

    .. math::
        LoA = \\bar d \\pm 1.96 s, \\quad
        \\bar d \\pm t \\frac{s}{\\sqrt n}, \\quad
        LoA \\pm t s \\sqrt{\\frac{1}{n} + \\frac{1.96^2}{2 (n - 1)}}

    with t of n - 1 degrees of freedom (J. M. Bland, D. G. Altman, Lancet 1986
    (i); intervals: Statistical Methods in Medical Research 8, 1999).

    With several images of a person s comes from the variances between and
    within people (:func:`total_sd`; same authors, Journal of
    Biopharmaceutical Statistics 17, 2007), and all intervals are percentile
    bootstraps over people.

    The slope is that of the least squares line through the differences over
    the pairs' means (Bland and Altman 1999, section 3.2). It is 0 if both
    ways vary equally, whatever the bias.

    Args:
        manual (np.ndarray): Shape (N,), NaN where not known.
        predicted (np.ndarray): Shape (N,).
        subjects (Sequence, optional): Person of each pair, N names or
            numbers; each None is another person.
        num_bootstrap (int): Resamples, where intervals need them; 0 for no
            such intervals. Defaults to 1000.
        seed (int): Of the resamples. Defaults to 0.

    Returns:
        Agreement: SD, limits and ICC are NaN for fewer than three pairs.

    Raises:
        InputError: If shapes do not fit or a value is infinite.

    Examples:
        >>> found = agreement([10., 12., 14., 16.], [11., 12., 15., 18.])
        >>> found.n, found.bias.value, found.mae
        (4, 1.0, 1.0)
    """
    ratings, groups = _pairs(manual, predicted, subjects)
    differences = _differences(ratings)
    n, people = len(ratings), len(np.unique(groups))
    mean = float(differences.mean()) if n else float('nan')
    mae = float(np.abs(differences).mean()) if n else float('nan')
    if n < 3:
        few = f'{n} pairs: SD, limits of agreement and ICC need three.'
        return Agreement(n, people, mae, Estimate(mean), notes=(few,))
    if people == n:
        interval = 't and F'
        sd = float(differences.std(ddof=1))
        t = float(stats.t.ppf(0.975, n - 1))
        bias = _around(mean, t * sd / np.sqrt(n))
        reach = t * sd * np.sqrt(1 / n + _Z**2 / (2 * (n - 1)))
        low, high = (_around(mean + z * sd, reach) for z in (-_Z, _Z))
        icc, slope = intraclass_correlation(ratings), _slope(ratings)
    else:
        interval = 'none'
        if num_bootstrap and people > 1:
            interval = 'bootstrap over subjects'
        sd = total_sd(differences, groups)
        ends = ()
        if num_bootstrap:
            ends = bootstrap_interval(
                differences, groups, num_resamples=num_bootstrap, seed=seed
            )
        bias = Estimate(mean, *ends)
        low, high, icc, slope = (
            _resampled(statistic, groups, num_bootstrap, seed)
            for statistic in (
                lambda at: _limit(differences, groups, at, -_Z),
                lambda at: _limit(differences, groups, at, _Z),
                lambda at: intraclass_correlation(ratings[at]).value,
                lambda at: _slope(ratings[at]).value,
            )
        )
    if people == 1:
        missing = (
            'one person only: SD and limits of agreement, which are about '
            'others, are not known, nor is any interval.'
        )
    else:
        missing = 'intervals were not asked for (num_bootstrap=0).'
    notes = {
        missing: people < n and (people == 1 or not num_bootstrap),
        'all differences are equal: limits of agreement of no width say '
        'that nothing varied, not that nothing will.': sd == 0,
        'nothing varies between images: ICC is not defined.': np.isnan(
            icc.value
        ),
        'the slope is below 0: large values come out too small, small ones '
        'too large, or the manual ones have the larger error.': slope.high < 0,
        'the slope is above 0: differences between people come out too '
        'large.': slope.low > 0,
    }
    return Agreement(
        n=n,
        num_subjects=people,
        mae=mae,
        bias=bias,
        sd=sd,
        loa_low=low,
        loa_high=high,
        icc=icc,
        slope=slope,
        interval=interval,
        notes=tuple(note for note, holds in notes.items() if holds),
    )


def _around(value: float, reach: float) -> Estimate:
    return Estimate(float(value), float(value - reach), float(value + reach))


def _resampled(statistic, groups, num_bootstrap: int, seed: int) -> Estimate:
    """A statistic of indices of pairs, with an interval over people."""
    everything = np.arange(len(groups), dtype=np.float64)

    def of(drawn):
        return statistic(drawn.astype(int))

    ends = ()
    if num_bootstrap:
        ends = bootstrap_interval(
            everything, groups, of, num_bootstrap, seed=seed
        )
    return Estimate(float(of(everything)), *ends)


def _limit(differences, groups, at: np.ndarray, z: float) -> float:
    """A limit of agreement of a resample of pairs."""
    values = differences[at]
    return values.mean() + z * total_sd(values, _people_drawn(at, groups))


def _people_drawn(at: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """People of the pairs ``at``; who was drawn twice counts as two.

    A new one begins where the pairs' numbers, which grow within a person,
    fall or change the person.
    """
    begins = (np.diff(at) <= 0) | (groups[at[1:]] != groups[at[:-1]])
    return np.concatenate([[0], np.cumsum(begins)])


def _slope(ratings: np.ndarray) -> Estimate:
    """Least squares slope of second - first over their mean."""
    means = ratings.mean(axis=1)
    differences = _differences(ratings)
    centred = means - means.mean()
    squares = (centred**2).sum()
    if squares <= len(means) * (_ROUNDING * np.abs(means).max()) ** 2:
        return Estimate()
    slope = (centred * differences).sum() / squares
    residual = differences - differences.mean() - slope * centred
    freedom = len(means) - 2
    error = np.sqrt((residual**2).sum() / freedom / squares)
    return _around(slope, stats.t.ppf(0.975, freedom) * error)


def total_sd(values: np.ndarray, groups: np.ndarray) -> float:
    """SD of a single value of a new person, from people with several values.

    .. math::
        s^2 = MS_W + \\max\\Bigl(0, \\frac{MS_B - MS_W}{m_0}\\Bigr), \\quad
        m_0 = \\frac{M^2 - \\sum_j m_j^2}{(G - 1) M}

    from the one-way analysis of variance of M values (M,), :math:`m_j` of
    each of the G people in ``groups`` (M,). NaN for a single person.
    """
    _, member_of, counts = np.unique(
        groups, return_inverse=True, return_counts=True
    )
    total, people = len(values), len(counts)
    if people < 2:
        return float('nan')
    means = np.bincount(member_of, weights=values) / counts
    between = (counts * (means - values.mean()) ** 2).sum() / (people - 1)
    if people == total:
        return float(np.sqrt(between))
    within = ((values - means[member_of]) ** 2).sum() / (total - people)
    typical = (total**2 - (counts**2).sum()) / ((people - 1) * total)
    return float(np.sqrt(within + max(0.0, (between - within) / typical)))


def _pairs(manual, predicted, subjects) -> tuple[np.ndarray, np.ndarray]:
    """What both measured, (n, 2), and whose it is, (n,)."""
    manual = np.asarray(manual, dtype=np.float64)
    predicted = np.asarray(predicted, dtype=np.float64)
    if manual.ndim != 1 or predicted.shape != manual.shape:
        raise InputError(
            'manual and predicted must both be (N,), found '
            f'{manual.shape} and {predicted.shape}.'
        )
    ratings = np.column_stack([manual, predicted])
    if np.isinf(ratings).any():
        raise InputError(
            'a measure is infinite; give finite numbers, or NaN where '
            'nothing was measured.'
        )
    subjects = [None] * len(manual) if subjects is None else list(subjects)
    if len(subjects) != len(manual):
        raise InputError(
            f'subjects must name the person of each of {len(manual)} pairs, '
            f'found {len(subjects)}.'
        )
    groups = np.array(
        [
            f'pair {i}' if who is None or who != who else f'subject {who}'
            for i, who in enumerate(subjects)
        ],
        dtype=str,
    )
    known = ~np.isnan(ratings).any(axis=1)
    return ratings[known], groups[known]


def _differences(ratings: np.ndarray) -> np.ndarray:
    """Second - first of (n, 2); what differs by rounding only is equal."""
    differences = ratings[:, 1] - ratings[:, 0]
    rounding = _ROUNDING * np.abs(ratings).max(initial=0.0)
    if differences.size and np.ptp(differences) <= rounding:
        return np.full_like(differences, np.median(differences))
    return differences


def intraclass_correlation(ratings: np.ndarray) -> Estimate:
    """ICC(2,1): two-way random effects, absolute agreement, single rater.

    With the mean squares of rows (R), columns (C) and error (E) of the
    two-way analysis of variance of n subjects by k raters:

    .. math::
        ICC = \\frac{MS_R - MS_E}
            {MS_R + (k - 1) MS_E + \\frac{k}{n} (MS_C - MS_E)}

    P. E. Shrout, J. L. Fleiss, "Intraclass correlations: uses in assessing
    rater reliability", Psychological Bulletin 86, 1979; the 95 % interval is
    that of K. O. McGraw, S. P. Wong, "Forming inferences about some intraclass
    correlation coefficients", Psychological Methods 1, 1996 (their
    ICC(A,1)), for independent rows.

    Args:
        ratings (np.ndarray): Shape (n, k), k > 1, finite.

    Returns:
        Estimate: All NaN for n < 3 and where nothing varies; only the
        interval NaN where raters differ by constants.

    Examples:
        >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8],
        ...           [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
        >>> round(intraclass_correlation(judges).value, 2)
        0.29
    """
    ratings = np.asarray(ratings, dtype=np.float64)
    n, k = ratings.shape
    if n < 3:
        return Estimate()
    centred = ratings - ratings.mean()
    of_rows = centred.mean(axis=1, keepdims=True)
    of_columns = centred.mean(axis=0, keepdims=True)
    residual = centred - of_rows - of_columns
    squares = (
        k * (of_rows**2).sum() / (n - 1),
        n * (of_columns**2).sum() / (k - 1),
        (residual**2).sum() / ((n - 1) * (k - 1)),
    )
    nothing = (_ROUNDING * np.abs(ratings).max()) ** 2
    rows, columns, error = (
        0.0 if value <= nothing else float(value) for value in squares
    )
    below = rows + (k - 1) * error + k / n * (columns - error)
    if below <= 0 or rows == error == 0:
        return Estimate()
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
    upper = stats.f.ppf(0.975, n - 1, freedom)
    lower = stats.f.ppf(0.975, freedom, n - 1)
    rest = k * columns + (k * n - k - n) * error
    return Estimate(
        float(icc),
        float(n * (rows - upper * error) / (upper * rest + n * rows)),
        float(n * (lower * rows - error) / (rest + n * lower * rows)),
    )
