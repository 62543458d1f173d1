r"""Tells the error of a landmark beforehand, from its heat-map.

Errors of landmark k on face n have, along x and along y, the standard
deviation

.. math:: \sigma_{nk} = e^{a + \delta_k} s_{nk}^b

with s the heat-map's spread, one slope b for all, and offsets
:math:`\delta_k` of the landmarks that are shrunk towards 0 where few faces
tell them. N: faces, K: landmarks; lengths are in pixels of the network input.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

__all__ = ['LEVELS', 'ErrorModel', 'fit_error_model', 'folds', 'log_score']

#: Shares of the errors that intervals are to contain.
LEVELS = (0.5, 0.8, 0.95)
_STEEPEST = 4.0
# Squared pixels of the input: no landmark is known better than this.
_LEAST_VARIANCE = 1e-6


@dataclass
class ErrorModel:
    """A fitted model.

    Attributes:
        spread (str): Which of :data:`.heatmap_spread.SPREADS` it uses, or
            ``'none'``: the same error on all faces.
        offset (float): a.
        slope (float): b.
        landmarks (np.ndarray): delta, (K,).
        radii (dict[float, float]): Level -> so many SDs from a landmark lie
            that share of the true ones. A Gaussian's would be
            sqrt(-2 ln(1 - level)); real errors have more outliers.
    """

    spread: str
    offset: float
    slope: float
    landmarks: np.ndarray
    radii: dict

    def deviations(self, spreads: dict[str, np.ndarray]) -> np.ndarray:
        """Error SD along x and along y, input px, (N, K)."""
        logs = self.offset + self.landmarks
        if self.spread == 'none':
            n = len(next(iter(spreads.values()), [0]))
            return np.tile(np.exp(logs), (n, 1))
        return np.exp(logs + self.slope * np.log(spreads[self.spread]))


def fit_error_model(
    errors: np.ndarray, spreads: dict[str, np.ndarray], spread: str
) -> ErrorModel:
    r"""Fit by maximum likelihood, landmarks by empirical Bayes.

    b is the slope within landmarks. The variances' ratios
    :math:`v_k = \operatorname{mean}_n e_{nk}^2 / 2 \sigma^2` then give
    :math:`\delta_k = \tfrac12 w_k \ln v_k` with
    :math:`w_k = \tau^2 / (\tau^2 + \varepsilon_k^2)`, :math:`\varepsilon_k`
    the standard error of ln v and :math:`\tau^2` what its variance over the
    landmarks exceeds it by (as DerSimonian and Laird, 1986).

    Args:
        errors (np.ndarray): Distance of each landmark from the truth, input
            px, (N, K), NaN where the truth is not known.
        spreads (dict): Of :func:`.heatmap_spreads`.
        spread (str): Which of them, or ``'none'``.

    Returns:
        ErrorModel: Fitted.
    """
    known = np.isfinite(errors)
    squared = np.maximum(np.where(known, errors, 0) ** 2, 0)
    counts = known.sum(axis=0)
    logs = np.zeros(errors.shape)
    if spread != 'none':
        logs = np.log(spreads[spread])

    def ratios(slope: float) -> np.ndarray:
        """Variance of each landmark, spread taken out, (K,)."""
        scaled = squared * np.exp(-2 * slope * logs) / 2
        total = np.where(known, scaled, 0).sum(axis=0)
        return np.maximum(total / np.maximum(counts, 1), _LEAST_VARIANCE)

    def cost(slope: float) -> float:
        own = np.log(ratios(slope))
        return float(
            (counts * own).sum() + 2 * slope * np.where(known, logs, 0).sum()
        )

    slope = 0.0
    if spread != 'none':
        found = minimize_scalar(cost, bounds=(0, _STEEPEST), method='bounded')
        slope = float(found.x)
    v = ratios(slope)
    seen = counts > 0
    offset = 0.5 * np.log((counts * v).sum() / max(counts.sum(), 1))
    log_v = np.where(seen, np.log(v) - 2 * offset, 0)
    # Of a mean of n squares; their own spread tells how heavy tails are.
    relative = np.where(
        known, squared * np.exp(-2 * slope * logs) / 2 / v, np.nan
    )
    with np.errstate(invalid='ignore', divide='ignore'):
        heavy = np.nanmean((relative - 1) ** 2) if known.any() else 1.0
        sampling = heavy / np.maximum(counts, 1)
    tau = 0.0
    if seen.sum() > 1:
        between = log_v[seen].var(ddof=1)
        tau = max(0.0, between - sampling[seen].mean())
    weight = np.where(seen, tau / np.maximum(tau + sampling, 1e-12), 0)
    model = ErrorModel(spread, float(offset), slope, 0.5 * weight * log_v, {})
    model.radii = _radii(errors / model.deviations(spreads))
    return model


def _radii(ratios: np.ndarray) -> dict[float, float]:
    """Quantiles of the standardised errors, on the safe side.

    The conformal rank ceil((n + 1) level) of n errors.
    """
    ordered = np.sort(ratios[np.isfinite(ratios)])
    ranks = {
        level: min(int(np.ceil((len(ordered) + 1) * level)), len(ordered))
        for level in LEVELS
    }
    return {level: float(ordered[rank - 1]) for level, rank in ranks.items()}


def log_score(errors: np.ndarray, deviations: np.ndarray) -> float:
    """Mean negative log-likelihood of the errors: smaller is better.

    Args:
        errors (np.ndarray): (N, K), NaN where not known.
        deviations (np.ndarray): SD along x and along y, (N, K).
    """
    known = np.isfinite(errors)
    ratio = (errors[known] / deviations[known]) ** 2
    return float(np.mean(2 * np.log(deviations[known]) + ratio / 2))


def folds(subjects: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Number of a fold for each image; a subject is in one alone.

    Args:
        subjects (np.ndarray): Who is on each image, (N,).
        count (int): Folds at most; fewer where subjects are fewer.
        seed (int): Of the order. Defaults to 0.
    """
    people, index = np.unique(subjects, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(people))
    return (order % min(count, len(people)))[index]
