"""How many labels the baseline needs to be as good as a system.

N: images, G: subjects, B: budgets, R: resamples.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from .differences import SystemErrors, shared_seeds

__all__ = ['LabelsNeeded', 'equal_budget', 'labels_needed']

_RESAMPLES = 2000
#: Stands for an error of 0, which has no logarithm.
_LEAST = 1e-9


def equal_budget(
    budgets: Sequence[float], errors: Sequence[float], target: float
) -> float:
    """Where a learning curve falls to an error.

    The logarithms of the errors are made non-increasing by isotonic regression
    and joined by straight lines over the logarithms of the budgets (a power
    law between neighbours). Nothing is extrapolated.

    Args:
        budgets (Sequence[float]): B >= 2 numbers of labels, increasing.
        errors (Sequence[float]): The error at each, not negative.
        target (float): The error to reach.

    Returns:
        float: The smallest number of labels with at most this error; 0 if it
        lies below the first budget, infinity if beyond the last.

    Examples:
        >>> equal_budget([10, 40], [4., 2.], 4.), equal_budget(
        ...     [10, 40], [4., 2.], 1.9)
        (10.0, inf)
        >>> round(equal_budget([10, 40], [4., 2.], 8 ** 0.5), 6)
        20.0
    """
    x = np.log(np.asarray(budgets, dtype=np.float64))
    y = np.log(np.maximum(np.asarray(errors, dtype=np.float64), _LEAST))
    y = isotonic_regression(y, increasing=False).x
    goal = np.log(max(target, _LEAST))
    # The last bits of a logarithm must not decide whether an end is reached.
    rounding = 1e-12
    if goal > y[0] + rounding:
        return 0.0
    if goal < y[-1] - rounding:
        return float('inf')
    last = int(np.argmax(y <= goal + rounding))
    if last == 0:
        return float(budgets[0])
    above, below = y[last - 1], y[last]
    share = min(1.0, (above - goal) / (above - below))
    return float(np.exp(x[last - 1] + share * (x[last] - x[last - 1])))


@dataclass(frozen=True)
class LabelsNeeded:
    """Labels that the baseline needs to equal a system at its budget.

    Attributes:
        budgets (tuple[int, ...]): Of the baseline's curve.
        value (float): Labels; 0 below the first budget, infinity beyond the
            last one.
        low (float): Of the 95 % interval over subjects, in the same way; NaN
            for one subject.
        high (float): Its other end.
        seeds (tuple[int, ...]): Those that were used.
    """

    budgets: tuple
    value: float
    low: float
    high: float
    seeds: tuple

    @property
    def text(self) -> str:
        """``'31'`` and, below it, the interval."""
        text = self._labels(self.value)
        if self.low == self.low:
            ends = (self._labels(end) for end in (self.low, self.high))
            text += f'\n[{", ".join(ends)}]'
        return text

    def _labels(self, value: float) -> str:
        if value == 0:
            return f'< {self.budgets[0]}'
        if value == float('inf'):
            return f'> {self.budgets[-1]}'
        return f'{value:.0f}' if value >= 10 else f'{value:.1f}'


def labels_needed(
    cell: SystemErrors | None, bases: Sequence[SystemErrors]
) -> LabelsNeeded | None:
    """Labels that the baseline needs to be as good as a system.

    Args:
        cell (SystemErrors, optional): The system at its budget.
        bases (Sequence[SystemErrors]): The baseline at two budgets or more,
            increasing; the same test set.

    Returns:
        LabelsNeeded | None: None without a cell or a seed that all have.
    """
    seeds = shared_seeds(cell, *bases) if cell else []
    if not seeds:
        return None
    budgets = tuple(base.budget for base in bases)
    errors = np.stack(
        [one.with_seeds(seeds).mean(axis=0) for one in (cell, *bases)]
    )
    known = ~np.isnan(errors[0])
    errors, subjects = errors[:, known], cell.subjects[known]
    target, *curve = errors.mean(axis=1)
    value = equal_budget(budgets, curve, target)
    low = high = float('nan')
    _, member_of, counts = np.unique(
        subjects, return_inverse=True, return_counts=True
    )
    if len(counts) > 1:
        totals = np.stack([np.bincount(member_of, e) for e in errors])
        drawn = np.random.default_rng(0).integers(
            0, len(counts), (_RESAMPLES, len(counts))
        )
        means = totals[:, drawn].sum(axis=2) / counts[drawn].sum(axis=1)
        found = [equal_budget(budgets, m[1:], m[0]) for m in means.T]
        # Order statistics: nothing lies between a number and infinity.
        low, high = np.quantile(
            found, [0.025, 0.975], method='inverted_cdf'
        ).tolist()
    return LabelsNeeded(budgets, value, low, high, tuple(seeds))
