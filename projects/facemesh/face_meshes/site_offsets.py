"""What the landmarks of a site differ by from those of all.

n: faces, K: landmarks. Points are complex.
"""

from collections.abc import Sequence

import numpy as np

__all__ = ['site_offsets']

_FEWEST = 3


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

    Args:
        residuals (np.ndarray): Predicted less true by a fit that did not see
            the face, (n, K), NaN where not labelled.
        sites (Sequence[str]): Where each face was taken, n; ``''`` where
            unknown.

    Returns:
        dict[str, np.ndarray]: To subtract from predictions, (K,) a site.
        Sites with fewer than three faces are left out; empty with fewer than
        two sites.
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
