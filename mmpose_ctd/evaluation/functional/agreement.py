"""How well a predicted measure agrees with the manual one.

N: pairs, one an image.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from mmpose_ctd.errors import InputError

from .bootstrap import bootstrap_interval
from .intraclass_correlation import (
    UNKNOWN,
    Estimate,
    intraclass_correlation,
)

__all__ = ['Agreement', 'Estimate', 'agreement']

#: 95 % of a normal distribution lie within so many SD.
_Z = float(stats.norm.ppf(0.975))


@dataclass(frozen=True)
class Agreement:
    """Agreement of two ways to measure; differences are second - first.

    Args:
        n (int): Pairs that both could measure.
        num_subjects (int): People they belong to; n where nobody is named.
        bias (Estimate): Mean difference.
        sd (float): SD of a single difference.
        loa_low (Estimate): Lower 95 % limit of agreement.
        loa_high (Estimate): Upper one.
        mae (float): Mean absolute difference.
        icc (Estimate): ICC(2,1), absolute agreement.
        interval (str): Where intervals are from: ``'t and F'``,
            ``'bootstrap over subjects'`` or ``'none'``.
        notes (tuple[str, ...]): What is not known, and why.
    """

    n: int
    num_subjects: int
    bias: Estimate
    sd: float
    loa_low: Estimate
    loa_high: Estimate
    mae: float
    icc: Estimate
    interval: str
    notes: tuple[str, ...] = ()


def agreement(
    manual: np.ndarray,
    predicted: np.ndarray,
    subjects: Sequence | None = None,
    num_bootstrap: int = 1000,
    seed: int = 0,
) -> Agreement:
    """Bias, limits of agreement, mean absolute difference and ICC.

    With the differences :math:`d_i` (predicted - manual), their mean
    :math:`\\bar d` and SD :math:`s`:

    .. math::
        LoA = \\bar d \\pm 1.96 s, \\quad
        \\bar d \\pm t \\frac{s}{\\sqrt n}, \\quad
        LoA \\pm t s \\sqrt{\\frac{1}{n} + \\frac{1.96^2}{2 (n - 1)}}

    J. M. Bland, D. G. Altman, Lancet 1986 (i), and "Measuring agreement in
    method comparison studies", Statistical Methods in Medical Research 8,
    1999, for the intervals (t with n - 1 degrees of freedom).

    With several images of a person s is the root of the variance between
    people plus that within, from a one-way analysis of variance of the
    differences (the same authors, "Agreement between methods of measurement
    with multiple observations per individual", Journal of Biopharmaceutical
    Statistics 17, 2007, where the true value varies from image to image).
    All intervals are then percentile bootstraps over people. For ICC(2,1)
    see :func:`intraclass_correlation`; its rows are images.

    Args:
        manual (np.ndarray): Measured by hand, shape (N,). NaN where that was
            not possible.
        predicted (np.ndarray): Measured on predicted landmarks, (N,).
        subjects (Sequence, optional): Person of each pair, N names or
            numbers; None, as a whole or for a pair, is a person of its own.
        num_bootstrap (int): Resamples, where intervals need them; 0 leaves
            those out. Defaults to 1000.
        seed (int): Seed of the resamples. Defaults to 0.

    Returns:
        Agreement: Without SD, limits and ICC for fewer than three pairs, and
        without anything for none.

    Raises:
        InputError: If shapes do not fit or a value is infinite.

    Examples:
        >>> found = agreement([10., 12., 14., 16.], [11., 12., 15., 18.])
        >>> found.n, found.bias.value, found.mae
        (4, 1.0, 1.0)
    """
    manual, predicted, groups = _pairs(manual, predicted, subjects)
    differences = _differences(manual, predicted)
    n, people = len(differences), len(np.unique(groups))
    if n < 3:
        few = f'{n} pairs: SD, limits of agreement and ICC need three.'
        mean = float(differences.mean()) if n else float('nan')
        mae = float(np.abs(differences).mean()) if n else float('nan')
        return Agreement(
            n,
            people,
            Estimate(mean),
            float('nan'),
            *[UNKNOWN] * 2,
            mae,
            UNKNOWN,
            'none',
            (few,),
        )
    ratings = np.column_stack([manual, predicted])
    if people == n:
        bias, sd, low, high = _independent(differences)
        icc, interval = intraclass_correlation(ratings), 't and F'
    else:
        bias, sd, low, high, icc = _repeated(
            differences, ratings, groups, num_bootstrap, seed
        )
        drawn = num_bootstrap and people > 1
        interval = 'bootstrap over subjects' if drawn else 'none'
    return Agreement(
        n,
        people,
        bias,
        sd,
        low,
        high,
        float(np.abs(differences).mean()),
        icc,
        interval,
        _notes(people, n, sd, icc, num_bootstrap),
    )


def _independent(differences: np.ndarray):
    """Bias, SD and limits of one pair a person."""
    n = len(differences)
    mean, sd = float(differences.mean()), float(differences.std(ddof=1))
    t = float(stats.t.ppf(0.975, n - 1))
    reach = t * sd / np.sqrt(n)
    bias = Estimate(mean, float(mean - reach), float(mean + reach))
    reach = t * sd * np.sqrt(1 / n + _Z**2 / (2 * (n - 1)))
    low, high = (
        Estimate(end, float(end - reach), float(end + reach))
        for end in (mean - _Z * sd, mean + _Z * sd)
    )
    return bias, sd, low, high


def _repeated(differences, ratings, groups, num_bootstrap, seed):
    """Bias, SD, limits and ICC where people have several pairs."""

    def limit(sign):
        def of(drawn):
            at, who = _drawn(drawn, groups)
            values = differences[at]
            return values.mean() + sign * _Z * total_sd(values, who)

        return of

    def icc(drawn):
        return intraclass_correlation(ratings[drawn.astype(int)]).value

    everything = np.arange(len(ratings), dtype=np.float64)

    def estimate(statistic) -> Estimate:
        ends = ()
        if num_bootstrap:
            ends = bootstrap_interval(
                everything, groups, statistic, num_bootstrap, seed=seed
            )
        return Estimate(float(statistic(everything)), *ends)

    ends = ()
    if num_bootstrap:
        ends = bootstrap_interval(
            differences, groups, num_resamples=num_bootstrap, seed=seed
        )
    return (
        Estimate(float(differences.mean()), *ends),
        total_sd(differences, groups),
        estimate(limit(-1)),
        estimate(limit(1)),
        estimate(icc),
    )


def _drawn(drawn: np.ndarray, groups: np.ndarray):
    """Pairs of a resample, and whose they are.

    A person who was drawn twice is two people: a new one begins where the
    pairs' numbers, which grow within a person, fall back or change hands.
    """
    at = drawn.astype(int)
    begins = (np.diff(at) <= 0) | (groups[at[1:]] != groups[at[:-1]])
    return at, np.concatenate([[0], np.cumsum(begins)])


def total_sd(values: np.ndarray, groups: np.ndarray) -> float:
    """SD of a single value of a new person, from people with several each.

    .. math::
        s^2 = MS_W + \\max\\Bigl(0, \\frac{MS_B - MS_W}{m_0}\\Bigr), \\quad
        m_0 = \\frac{M^2 - \\sum_j m_j^2}{(G - 1) M}

    from the one-way analysis of variance with G people of :math:`m_j` values,
    M in all.

    Args:
        values (np.ndarray): Shape (M,).
        groups (np.ndarray): Person of each, shape (M,).

    Returns:
        float: NaN for a single person, whose difference from others is not
        known.
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


def _pairs(manual, predicted, subjects):
    """What both measured, as float64, and whose it is."""
    manual = np.asarray(manual, dtype=np.float64)
    predicted = np.asarray(predicted, dtype=np.float64)
    if manual.ndim != 1 or predicted.shape != manual.shape:
        raise InputError(
            'manual and predicted must both be (N,), found '
            f'{manual.shape} and {predicted.shape}.'
        )
    if np.isinf(manual).any() or np.isinf(predicted).any():
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
    known = ~(np.isnan(manual) | np.isnan(predicted))
    return manual[known], predicted[known], groups[known]


def _differences(manual, predicted) -> np.ndarray:
    """Predicted - manual; what differs by rounding only is equal."""
    differences = predicted - manual
    if differences.size:
        rounding = 16 * np.finfo(float).eps
        rounding *= max(np.abs(manual).max(), np.abs(predicted).max())
        if np.ptp(differences) <= rounding:
            return np.full_like(differences, np.median(differences))
    return differences


def _notes(people, n, sd, icc, num_bootstrap) -> tuple[str, ...]:
    notes = []
    if people == 1:
        notes.append(
            'one person only: SD and limits of agreement, which are about '
            'others, are not known, nor is any interval.'
        )
    elif people < n and not num_bootstrap:
        notes.append('intervals were not asked for (num_bootstrap=0).')
    if sd == 0:
        notes.append(
            'all differences are equal: limits of agreement of no width say '
            'that nothing varied, not that nothing will.'
        )
    if np.isnan(icc.value):
        notes.append('nothing varies between images: ICC is not defined.')
    return tuple(notes)
