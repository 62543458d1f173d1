"""Chooses the strength of a penalty within the training faces.

n: faces, V: vertices, K: landmarks, S: strengths.
"""

from collections.abc import Callable, Sequence

import numpy as np

__all__ = ['choose_strength', 'subject_folds']

_FOLDS = 10


def subject_folds(subjects: Sequence, num_folds: int = _FOLDS) -> np.ndarray:
    """Number of each face's fold, (n,): all faces of a subject in one.

    Args:
        subjects (Sequence): Who is on each of n faces.
        num_folds (int): As many as there are subjects where those are fewer.
            Defaults to 10.
    """
    _, numbers = np.unique(np.asarray(subjects), return_inverse=True)
    count = numbers.max() + 1
    shuffled = np.random.default_rng(0).permutation(count)
    return shuffled[numbers] % min(num_folds, count)


def choose_strength(
    fit: Callable,
    strengths: Sequence[float],
    meshes: np.ndarray,
    points: np.ndarray,
    subjects: Sequence,
) -> float:
    """The strength with the least mean distance on subjects left out.

    Everything that the fit chooses is chosen anew without them.

    Args:
        fit (Callable): Of meshes, points and strengths; returns one fit a
            strength.
        strengths (Sequence[float]): S to choose from.
        meshes (np.ndarray): Training faces, complex, (n, V).
        points (np.ndarray): True landmarks, complex, (n, K), NaN where not
            labelled.
        subjects (Sequence): Who is on each, n.

    Returns:
        float: One of ``strengths``; the largest where there is one subject
        only, or nothing to compare.
    """
    folds = subject_folds(subjects)
    if folds.max() == 0:
        return max(strengths)
    distances = np.full((len(strengths), *points.shape), np.nan)
    for fold in range(folds.max() + 1):
        out = folds == fold
        fits = fit(meshes[~out], points[~out], strengths)
        for s, fitted in enumerate(fits):
            distances[s, out] = np.abs(
                fitted.predict(meshes[out]) - points[out]
            )
    known = np.isfinite(distances[0])
    if not known.any():
        return max(strengths)
    return float(strengths[int(distances[:, known].mean(axis=1).argmin())])
