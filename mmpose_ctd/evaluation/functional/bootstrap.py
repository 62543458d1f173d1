"""Confidence intervals that know which images belong to one person."""

from collections.abc import Callable

import numpy as np
from scipy import stats

from mmpose_ctd.errors import InputError

_COVERAGE = 0.95
#: Resampled group indices held at once; 16 MB of int64.
_BLOCK = 2_000_000


def bootstrap_interval(
    values: np.ndarray,
    groups: np.ndarray | None = None,
    statistic: Callable[[np.ndarray], float] | None = None,
    num_resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % percentile bootstrap interval over groups, such as subjects.

    Images of one person resemble each other; resampling images would give too
    narrow an interval. Here whole groups are drawn with replacement, in the
    order of :func:`numpy.unique`, each with all its values. (B. Efron, R.
    Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 8 and 13.)

    Args:
        values (np.ndarray): One value an image, shape (N,). NaN values are
            ignored; a group that has no other leaves the draw.
        groups (np.ndarray, optional): Group of each value, shape (N,): names
            or numbers. None makes every value a group of its own.
        statistic (Callable, optional): Takes drawn values (M,), returns a
            float; called once a resample. Defaults to their mean, computed
            for all resamples at once.
        num_resamples (int): Number of draws. Defaults to 1000.
        seed (int): Of the draws. Defaults to 0.

    Returns:
        tuple[float, float]: Lower and upper bound in the unit of the
        statistic; both NaN for a single group, whose spread is unknown.

    Examples:
        >>> errors = np.array([1., 1., 3., 5.])
        >>> low, high = bootstrap_interval(errors, ['ann', 'ann', 'bo', 'cy'])
        >>> bool(low < errors.mean() < high)
        True
    """
    values, groups = known_values(values, groups)
    _, member_of = np.unique(groups, return_inverse=True)
    num_groups = int(member_of.max()) + 1
    if num_groups == 1:
        return float('nan'), float('nan')

    draws = draw_groups(num_groups, num_resamples, seed)
    if statistic is None:
        resampled = _means(values, member_of, draws)
    else:
        resampled = _any_statistic(values, member_of, draws, statistic)
    tail = (1 - _COVERAGE) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return float(low), float(high)


def share_interval(
    hits: np.ndarray, groups: np.ndarray | None = None, **options
) -> tuple[float, float]:
    """95 % interval of a share, such as a failure rate.

    Where some values are hits and some are not, it is
    :func:`bootstrap_interval`. Where none or all are, resampling finds no
    spread, so the exact binomial interval is taken, with one trial a group
    (C. Clopper, E. Pearson, Biometrika 26, 1934, 404).

    Args:
        hits (np.ndarray): 0, 1 or NaN (ignored), shape (N,).
        groups (np.ndarray, optional): Of each hit, (N,).
        **options: ``num_resamples`` and ``seed``.

    Returns:
        tuple[float, float]: Bounds from 0 to 1; both NaN for one group.

    Examples:
        >>> low, high = share_interval(np.zeros(40))
        >>> low, round(high, 3)
        (0.0, 0.088)
    """
    hits, groups = known_values(hits, groups)
    number, share = len(np.unique(groups)), hits.mean()
    if number < 2 or share not in (0, 1):
        return bootstrap_interval(hits, groups, **options)
    found = stats.binomtest(number if share else 0, number)
    low, high = found.proportion_ci(_COVERAGE, method='exact')
    return float(low), float(high)


def known_values(values, groups) -> tuple[np.ndarray, np.ndarray]:
    """Values (N,) that are not NaN, and their groups, by default their own."""
    values = np.asarray(values, dtype=np.float64)
    groups = np.arange(values.size) if groups is None else np.asarray(groups)
    known = ~np.isnan(values)
    if not known.any():
        raise InputError(
            f'none of {values.size} values is known: there is nothing to '
            'resample.'
        )
    return values[known], groups[known]


def draw_groups(num_groups: int, num_resamples: int, seed: int):
    """Yield blocks (b, G) of group indices drawn with replacement.

    Blocks, because 1000 resamples of 100 000 groups would not fit.
    """
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK // num_groups)
    for start in range(0, num_resamples, block):
        size = (min(block, num_resamples - start), num_groups)
        yield rng.integers(0, num_groups, size=size)


def _means(values, member_of, draws) -> np.ndarray:
    total = np.bincount(member_of, weights=values)
    count = np.bincount(member_of)
    return np.concatenate(
        [total[d].sum(axis=1) / count[d].sum(axis=1) for d in draws]
    )


def _any_statistic(values, member_of, draws, statistic) -> np.ndarray:
    order = np.argsort(member_of, kind='stable')
    cuts = np.cumsum(np.bincount(member_of))[:-1]
    members = np.split(values[order], cuts)
    return np.array(
        [
            float(statistic(np.concatenate([members[g] for g in draw])))
            for block in draws
            for draw in block
        ]
    )
