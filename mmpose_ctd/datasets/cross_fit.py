"""Judges fits of landmarks on people that they were not fitted to.

n: faces, K: landmarks. Points are complex.
"""

from collections.abc import Sequence

import numpy as np

_FOLDS = 10
# Faces of a site with an offset.
_FEWEST = 3


def subject_folds(subjects: Sequence) -> np.ndarray:
    """Number of each face's fold, (n,): all faces of a subject in one.

    There are ten, or as many as there are subjects where those are fewer.
    """
    people, numbers = np.unique(np.asarray(subjects), return_inverse=True)
    shuffled = np.random.default_rng(0).permutation(len(people))
    return shuffled[numbers] % min(_FOLDS, len(people))


def site_offsets(
    residuals: np.ndarray, sites: Sequence[str]
) -> dict[str, np.ndarray]:
    r"""Estimate the offsets of sites, shrunk by what chance would give.

    Annotators place landmarks differently. With the mean :math:`m_{sk}` of
    the :math:`n_s` residuals of site s at landmark k, and their variance
    :math:`v_{sk}`, the offset is

    .. math:: \max\Bigl(0, 1 - \frac{\sum_{tk} v_{tk} / n_t}
              {\sum_{tk} |m_{tk}|^2}\Bigr) \; m_{sk}

    an empirical Bayes estimate with one factor for all (Efron and Morris,
    "Stein's estimation rule and its competitors", 1973).

    Residuals are (n, K), of fits that did not see the face; ``sites`` has
    ``''`` where unknown. Offsets, (K,) a site, are to be subtracted from
    predictions. Sites with fewer than three faces are left out; fewer than two
    sites get no offsets.
    """
    sites = np.asarray(sites)
    means, errors = {}, {}
    for site in sorted({*sites} - {''}):
        ours = residuals[sites == site]
        count = np.isfinite(ours).sum(axis=0)
        if len(ours) < _FEWEST:
            continue
        enough = count >= _FEWEST
        mean = np.zeros(ours.shape[1], complex)
        error = np.zeros(ours.shape[1])
        known = ours[:, enough]
        mean[enough] = np.nanmean(known, axis=0)
        square = np.nansum(np.abs(known - mean[enough]) ** 2, axis=0)
        error[enough] = square / (count[enough] - 1) / count[enough]
        means[site], errors[site] = mean, error
    if len(means) < 2:
        return {}
    total = sum((np.abs(mean) ** 2).sum() for mean in means.values())
    chance = sum(error.sum() for error in errors.values())
    factor = max(0.0, 1 - chance / total) if total else 0.0
    return {site: factor * mean for site, mean in means.items()}
