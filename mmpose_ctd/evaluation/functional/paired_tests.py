"""Whether a mean difference on the same subjects may be chance.

G: subjects, one difference each; m: hypotheses.
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from mmpose_ctd.errors import InputError


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
    differences = _checked(differences)
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

    Returns:
        np.ndarray: Shape (m,).

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
    differences = _checked(differences)
    if len(differences) < 2:
        return float('nan')
    sd = differences.std(ddof=1)
    rounding = 16 * np.finfo(float).eps * np.abs(differences).max()
    return float(differences.mean() / sd) if sd > rounding else float('nan')


def _checked(differences) -> np.ndarray:
    differences = np.asarray(differences, dtype=np.float64)
    if differences.ndim != 1 or not differences.size:
        raise InputError(
            'differences must be a vector (G,), one a subject, found shape '
            f'{differences.shape}.'
        )
    if not np.isfinite(differences).all():
        raise InputError('differences must be finite.')
    return differences
