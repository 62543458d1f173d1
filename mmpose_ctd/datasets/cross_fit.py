"""Judges fits of landmarks on people that they were not fitted to.

n: faces, V: vertices, K: landmarks, S: strengths. Points are complex.
"""

from collections.abc import Callable, Sequence

import numpy as np

_FOLDS = 10
# Faces of a site with an offset.
_FEWEST = 3


def subject_folds(subjects: Sequence) -> np.ndarray:
    """Number of each face's fold, (n,): all faces of a subject in one.

    There are ten, or as many as there are subjects where those are fewer.
    ``subjects`` says who is on each of n faces.
    """
    people, numbers = np.unique(np.asarray(subjects), return_inverse=True)
    shuffled = np.random.default_rng(0).permutation(len(people))
    return shuffled[numbers] % min(_FOLDS, len(people))


def residuals_without(
    fit: Callable,
    strengths: Sequence[float],
    meshes: np.ndarray,
    points: np.ndarray,
    subjects: Sequence,
) -> np.ndarray | None:
    """What a fit without a face's subject leaves of its landmarks.

    Everything that the fit chooses is chosen anew without them.

    Args:
        fit (Callable): Of meshes, points and strengths; returns one fit a
            strength.
        strengths (Sequence[float]): S of them.
        meshes (np.ndarray): Training faces, complex, (n, V).
        points (np.ndarray): True landmarks, complex, (n, K), NaN where not
            labelled.
        subjects (Sequence): Who is on each, n.

    Returns:
        np.ndarray | None: Predicted less true, complex, (S, n, K), NaN where
        not labelled; None of a single subject.
    """
    folds = subject_folds(subjects)
    if folds.max() == 0:
        return None
    residuals = np.full((len(strengths), *points.shape), np.nan + 0j)
    for fold in range(folds.max() + 1):
        out = folds == fold
        fits = fit(meshes[~out], points[~out], strengths)
        for s, fitted in enumerate(fits):
            residuals[s, out] = fitted.predict(meshes[out]) - points[out]
    return residuals


def best_strength(
    residuals: np.ndarray | None, strengths: Sequence[float]
) -> float:
    """The strength with the least mean distance on subjects left out.

    Args:
        residuals (np.ndarray | None): Of :func:`residuals_without`.
        strengths (Sequence[float]): S to choose from.

    Returns:
        float: One of ``strengths``; the largest where there is nothing to
        compare.
    """
    if residuals is None:
        return max(strengths)
    known = np.isfinite(residuals[0])
    if not known.any():
        return max(strengths)
    distances = np.abs(residuals[:, known]).mean(axis=1)
    return float(strengths[int(distances.argmin())])


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
