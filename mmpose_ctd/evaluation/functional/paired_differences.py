"""Mean differences that were seen on the same subjects.

G: groups, such as subjects; N: images; S: seeds, each a training of its own;
m: hypotheses.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from mmpose_ctd.errors import InputError

from .bootstrap import draw_groups

# ----------------------------------------------------------- over subjects


def sign_flip_test(
    differences: np.ndarray, num_resamples: int = 19_999
) -> float:
    """Two-sided permutation test of a mean difference of 0.

    If two systems do not differ, each subject's difference could as well have
    the other sign. The p-value is the share of all ways to set the signs
    (of a random sample of them above 14 subjects, the observed one included)
    whose mean is at least as far from 0 (R. A. Fisher, "The Design of
    Experiments", 1935, section 21; P. Good, "Permutation, Parametric and
    Bootstrap Tests of Hypotheses", 2005). It assumes no distribution, and is
    about the mean, which is what is reported; the signed-rank test of Wilcoxon
    is about ranks.

    Args:
        differences (np.ndarray): One a subject, shape (G,), finite.
        num_resamples (int): Random settings of the signs; the smallest
            p-value is 2 / (num_resamples + 1). Defaults to 19999.

    Returns:
        float: p; NaN for fewer than two subjects.

    Examples:
        >>> sign_flip_test([1., 2., 3.])  # 2 of 8 settings
        0.25
    """
    differences = np.asarray(differences, dtype=np.float64)
    if len(differences) < 2:
        return float('nan')
    if not differences.any():
        return 1.0
    found = stats.permutation_test(
        (differences,),
        lambda x, axis: x.mean(axis=axis),
        permutation_type='samples',
        vectorized=True,
        n_resamples=num_resamples,
        batch=max(1, 2_000_000 // len(differences)),
        random_state=np.random.default_rng(0),
    )
    return float(found.pvalue)


def holm(p_values: Sequence[float]) -> np.ndarray:
    """p-values corrected for their number, by Holm's step-down method.

    .. math:: \\tilde p_{(i)} = \\max_{j \\le i} \\min(1, (m - j + 1) p_{(j)})

    S. Holm, "A simple sequentially rejective multiple test procedure",
    Scandinavian Journal of Statistics 6, 1979: the chance of one false
    discovery or more among the m stays below the level.

    Args:
        p_values (Sequence[float]): m of them; NaN is no hypothesis and stays.

    Examples:
        >>> holm([0.01, 0.04, 0.03])
        array([0.03, 0.06, 0.06])
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(p_values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind='stable')]
    steps = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


def cohens_dz(differences: np.ndarray) -> float:
    """Cohen's d_z, the mean of paired differences over their SD (n - 1).

    J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 1988.

    Args:
        differences (np.ndarray): One a subject, shape (G,), finite.

    Returns:
        float: NaN where the differences do not vary.

    Examples:
        >>> cohens_dz([1., 2., 3.])
        2.0
    """
    differences = np.asarray(differences, dtype=np.float64)
    if len(differences) < 2:
        return float('nan')
    sd = differences.std(ddof=1)
    rounding = 16 * np.finfo(float).eps * np.abs(differences).max()
    return float(differences.mean() / sd) if sd > rounding else float('nan')


# ------------------------------------------------- over seeds and subjects
# An interval over subjects alone is about the very networks that were
# trained. Here seeds are a sample, too.


def crossed_bootstrap_interval(
    values: np.ndarray,
    groups: np.ndarray | None = None,
    num_resamples: int = 1000,
    blocks: np.ndarray | None = None,
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean over seeds and subjects.

    Each resample draws seeds and, independently, subjects with replacement
    and takes all values where they cross (the "pigeonhole bootstrap":
    P. McCullagh, "Resampling and exchangeable arrays", Bernoulli 2000;
    A. B. Owen, Annals of Applied Statistics 2007). It is a little too wide
    where seeds do not matter, and too narrow where they matter much and are
    few: three seeds cannot show how much seeds differ.

    Args:
        values (np.ndarray): One value a seed and image, shape (S, N). An
            image that is NaN is so with every seed, and is ignored.
        groups (np.ndarray, optional): Group of each image, shape (N,). None
            makes every image a group of its own.
        num_resamples (int): Number of draws. Defaults to 1000.
        blocks (np.ndarray, optional): See :func:`crossed_effects_interval`;
            seeds are then drawn for each block on its own.

    Returns:
        tuple[float, float]: Lower and upper bound in the unit of the values;
        both NaN for one seed or one group, whose spread is unknown.

    Raises:
        InputError: If an image is known with some seeds only, or a group is
            in two blocks.

    Examples:
        >>> values = np.add.outer([-1., 0., 1.], np.linspace(0, 4, 20))
        >>> low, high = crossed_bootstrap_interval(values)
        >>> bool(low < 2 < high)
        True
    """
    totals, counts, columns = _group_totals(values, groups, blocks)
    num_seeds, num_groups = totals.shape
    if num_seeds == 1 or num_groups == 1:
        return float('nan'), float('nan')
    rng = np.random.default_rng([0, 1])
    means = []
    for drawn in draw_groups(num_groups, num_resamples, seed=0):
        of_seeds = np.empty((len(drawn), num_groups))
        for block in columns:
            chosen = rng.integers(0, num_seeds, (len(drawn), num_seeds))
            of_seeds[:, block] = totals[:, block][chosen].mean(axis=1)
        of_both = np.take_along_axis(of_seeds, drawn, axis=1).sum(axis=1)
        means.append(of_both / counts[drawn].sum(axis=1))
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return float(low), float(high)


@dataclass(frozen=True)
class CrossedEffects:
    """Mean of values that vary with seed and with subject.

    Attributes:
        mean (float): Over seeds and groups.
        low, high (float): Its interval; NaN where that is not known.
        p_value (float): Of a mean of 0, two-sided.
        freedom (float): Degrees of freedom of t.
    """

    mean: float
    low: float = float('nan')
    high: float = float('nan')
    p_value: float = float('nan')
    freedom: float = float('nan')


def crossed_effects_interval(
    values: np.ndarray,
    groups: np.ndarray | None = None,
    blocks: np.ndarray | None = None,
) -> CrossedEffects:
    """95 % t interval and test of a mean over random seeds and subjects.

    What radiology does with readers and cases (multi-reader multi-case
    studies), with seeds for readers. From the two-way analysis of variance of
    the subjects' means without replication, with mean squares of seeds
    :math:`MS_s`, subjects :math:`MS_c` and the rest :math:`MS_r`:

    .. math::
        M = \\max(MS_s, MS_r), \\quad
        D = M + \\max(0, MS_c - MS_r), \\quad
        t = \\frac{\\bar x}{\\sqrt{D / (S G)}}, \\quad
        \\nu = \\min\\left(\\frac{D^2}{M^2 / (S - 1)}, G - 1\\right)

    D. Dorfman, K. Berbaum, C. Metz, Investigative Radiology 1992, with the
    degrees of freedom of S. L. Hillis, "A comparison of denominator degrees
    of freedom methods for multiple observer ROC analysis", Statistics in
    Medicine 26, 2007, for two treatments, whose differences the values are.
    The maximum and the minimum are ours: seeds cannot vary by less than
    nothing, so that trainings to come are never more certain than the paired
    t test is of these. Coverage: ``projects/frl_study/results.md``.

    Args:
        values (np.ndarray): One difference a seed and image, shape (S, N). An
            image that is NaN is so with every seed, and is ignored.
        groups (np.ndarray, optional): Group of each image, shape (N,). A
            group with several images counts as one, by its mean.
        blocks (np.ndarray, optional): What each image's networks were trained
            without, shape (N,), such as its site. Networks of different
            blocks have nothing in common, whatever their seeds are called:
            each block is analysed on its own, the variances of their means
            are added, weighted by the groups, and degrees of freedom are
            Satterthwaite's.

    Returns:
        CrossedEffects: With the mean alone for one seed or one group (of a
        block), and where nothing varies.

    Raises:
        InputError: If an image is known with some seeds only, or a group is
            in two blocks.

    Examples:
        >>> values = np.add.outer([-1., 0., 1.], np.linspace(0, 4, 20))
        >>> found = crossed_effects_interval(values)
        >>> round(found.mean, 6), bool(found.low < 2 < found.high)
        (2.0, True)
    """
    totals, counts, columns = _group_totals(values, groups, blocks)
    cells = totals / counts
    mean = float(cells.mean())
    if len(cells) == 1 or min(map(len, columns)) == 1:
        return CrossedEffects(mean)
    shares, freedoms = [], []
    for block in columns:
        variance, freedom = _variance_of_mean(cells[:, block])
        shares.append(variance * (len(block) / cells.shape[1]) ** 2)
        freedoms.append(freedom)
    total = sum(shares)
    rounding = (16 * np.finfo(float).eps * np.abs(cells).max()) ** 2
    if total <= rounding:
        return CrossedEffects(mean)
    freedom = total**2 / sum(v**2 / f for v, f in zip(shares, freedoms))
    error = np.sqrt(total)
    reach = stats.t.ppf(0.975, freedom) * error
    p_value = 2 * stats.t.sf(abs(mean) / error, freedom)
    found = (mean - reach, mean + reach, p_value, freedom)
    return CrossedEffects(mean, *map(float, found))


def _variance_of_mean(cells: np.ndarray) -> tuple[float, float]:
    """Squared standard error of the mean of (S, G), degrees of freedom."""
    num_seeds, num_groups = cells.shape
    of_seeds, of_groups = cells.mean(axis=1), cells.mean(axis=0)
    rest = cells - of_seeds[:, None] - of_groups + cells.mean()
    ms_seeds = num_groups * of_seeds.var(ddof=1)
    ms_groups = num_seeds * of_groups.var(ddof=1)
    ms_rest = (rest**2).sum() / ((num_seeds - 1) * (num_groups - 1))
    ms_seeds = max(ms_seeds, ms_rest)
    total = ms_seeds + max(0.0, ms_groups - ms_rest)
    freedom = num_groups - 1.0
    if ms_seeds > 0:
        freedom = min(freedom, (num_seeds - 1) * (total / ms_seeds) ** 2)
    return total / cells.size, freedom


def _group_totals(values, groups, blocks):
    """Sum of each seed over each group, (S, G), images a group, (G,), and
    the groups of each block, arrays of their indices."""
    values = np.asarray(values, dtype=np.float64)
    known = ~np.isnan(values[0])
    if groups is None:
        groups = np.arange(values.shape[1])
    if (np.isnan(values) == known).any():
        raise InputError(
            'values are NaN with some seeds only: an image must be known with '
            'all seeds or with none.'
        )
    _, begins, member_of, counts = np.unique(
        np.asarray(groups)[known],
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    totals = np.stack(
        [np.bincount(member_of, weights=row[known]) for row in values]
    )
    if blocks is None:
        return totals, counts, [np.arange(len(counts))]
    blocks = np.asarray(blocks)[known]
    of_groups = blocks[begins]
    if (of_groups[member_of] != blocks).any():
        raise InputError('a group has images in two blocks.')
    columns = [np.flatnonzero(of_groups == b) for b in np.unique(blocks)]
    return totals, counts, columns
