r"""Predicts the errors of landmarks and measures from heat-maps.

The error of landmark k on face n has, along x and along y, the standard
deviation

.. math:: \sigma_{nk} = e^{a + \delta_k} s_{nk}^b

with s the heat-map's spread, one slope b for all landmarks, and offsets
:math:`\delta_k` that are shrunk towards 0 where few faces determine them.
N: faces, K: landmarks. Lengths are in pixels of the network input.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from mmpose_ctd.evaluation.functional import (
    Measurement,
    bootstrap_interval,
    measure,
    share_interval,
)

#: Shares of the errors that intervals contain.
LEVELS = (0.5, 0.8, 0.95)
#: Numbers taken from a heat-map: above 0, larger where it is less certain.
SPREADS = ('moment', 'entropy', 'inverse_peak')

# Heat-maps of a squared loss have ripples and a floor, which would drown the
# moments of the peak.
_FLOOR = 0.1
_LEAST_SPREAD = 1e-3
_STEEPEST = 4.0
# Squared pixels of the input: no landmark is known better than this.
_LEAST_VARIANCE = 1e-6
# Step of the derivatives, as a share of the landmarks' extent.
_STEP = 1e-4
# Of the figure of expected and observed errors.
_BINS = 8


def heatmap_spreads(heatmaps: Tensor) -> dict[str, Tensor]:
    r"""Spread, entropy and height of the peaks of heat-maps (N, K, h, w).

    With :math:`q_x = \max(0, h_x - 0.1 \max h)`, :math:`p = q / \sum q` and
    m the place of the highest value:

    .. math::
        \text{moment} = \sqrt{\tfrac12 \sum_x p_x \lVert x - m \rVert^2},
        \quad \text{entropy} = \sqrt{e^{-\sum p \ln p} / (2 \pi e)},
        \quad \text{inverse\_peak} = 1 / \max h

    The first two are in heat-map pixels, and sigma for a Gaussian without
    floor. A second peak raises both, the moment by its distance. Each of
    ``SPREADS`` is (N, K), positive and finite.
    """
    h, w = heatmaps.shape[2:]
    flat = heatmaps.nan_to_num().flatten(2)
    peak, at = flat.max(-1, keepdim=True)
    q = (flat - _FLOOR * peak.clamp(min=0)).clamp(min=0)
    total = q.sum(-1, keepdim=True)
    # Without any peak all places are equally likely.
    p = torch.where(
        total > 0, q / torch.where(total > 0, total, 1.0), 1 / (h * w)
    )
    places = torch.arange(h * w)
    squared = (places // w - at // w) ** 2 + (places % w - at % w) ** 2
    moment = ((p * squared).sum(-1) / 2).sqrt()
    information = -(p * p.clamp(min=1e-30).log()).sum(-1)
    entropy = (information.exp() / (2 * math.pi * math.e)).sqrt()
    return dict(
        moment=moment.clamp(min=_LEAST_SPREAD),
        entropy=entropy.clamp(min=_LEAST_SPREAD),
        inverse_peak=1 / peak[..., 0].clamp(min=_LEAST_SPREAD),
    )


@dataclass
class ErrorModel:
    """A fitted model.

    Attributes:
        spread (str): One of :data:`SPREADS`, or ``'none'``: the same error
            on all faces.
        offset (float): a.
        slope (float): b.
        of (dict[str, float]): Landmark -> delta.
        radii (dict[float, float]): Level -> how many SDs from a landmark
            that share of the true ones lies. A Gaussian's would be
            sqrt(-2 ln(1 - level)); real errors have more outliers.
    """

    spread: Literal[('none', *SPREADS)]
    offset: float
    slope: float
    of: dict[str, float]
    radii: dict[float, float]

    @property
    def landmarks(self) -> np.ndarray:
        """delta, (K,)."""
        return np.array([*self.of.values()], dtype=float)

    def deviations(self, spreads: dict[str, np.ndarray]) -> np.ndarray:
        """Error SD along x and along y, input px, (N, K)."""
        logs = self.offset + self.landmarks
        if self.spread == 'none':
            n = len(next(iter(spreads.values()), [0]))
            return np.tile(np.exp(logs), (n, 1))
        return np.exp(logs + self.slope * np.log(spreads[self.spread]))


def fit_error_model(
    errors: np.ndarray,
    spreads: dict[str, np.ndarray],
    spread: str,
    names: Sequence[str] | None = None,
) -> ErrorModel:
    r"""Fit by maximum likelihood, the landmarks by empirical Bayes.

    b is the slope within landmarks. The ratios
    :math:`v_k = \operatorname{mean}_n e_{nk}^2 / 2 \sigma^2` then give
    :math:`\delta_k = \tfrac12 w_k \ln v_k` with
    :math:`w_k = \tau^2 / (\tau^2 + \varepsilon_k^2)`, where
    :math:`\varepsilon_k` is the standard error of ln v and :math:`\tau^2` the
    excess of its variance over the landmarks (DerSimonian and Laird, 1986).

    ``errors`` are distances from the truth, input px, (N, K), NaN where that
    is not known; ``spread`` is one of the ``spreads`` or ``'none'``; ``names``
    are those of the K landmarks.
    """
    known = np.isfinite(errors)
    squared = np.where(known, errors, 0) ** 2
    counts = known.sum(axis=0)
    logs = np.zeros(errors.shape)
    if spread != 'none':
        logs = np.log(spreads[spread])

    def ratios(slope: float) -> np.ndarray:
        """Variance of each landmark without its spread, (K,)."""
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
    # The spread of the squares shows how heavy the tails are.
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
    names = names or [*map(str, range(len(v)))]
    of = dict(zip(names, (0.5 * weight * log_v).tolist()))
    model = ErrorModel(spread, float(offset), slope, of, {})
    model.radii = _radii(errors / model.deviations(spreads))
    return model


def _radii(ratios: np.ndarray) -> dict[float, float]:
    """Quantiles of n standardised errors, of rank ceil((n + 1) level)."""
    ordered = np.sort(ratios[np.isfinite(ratios)])
    ranks = {
        level: min(int(np.ceil((len(ordered) + 1) * level)), len(ordered))
        for level in LEVELS
    }
    return {level: float(ordered[rank - 1]) for level, rank in ranks.items()}


def log_score(errors: np.ndarray, deviations: np.ndarray) -> float:
    """Mean negative log-likelihood of errors (N, K) with SDs (N, K)."""
    known = np.isfinite(errors)
    ratio = (errors[known] / deviations[known]) ** 2
    return float(np.mean(2 * np.log(deviations[known]) + ratio / 2))


def measure_deviations(
    points: np.ndarray,
    deviations: np.ndarray,
    names: Sequence[str],
    measurements: Sequence[Measurement],
    steps: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    r"""SD of each measure, (N,), propagated from the SDs of its landmarks.

    .. math::
        \sigma_m^2 = \sum_k \sigma_k^2 \lVert \nabla_{p_k} m \rVert^2

    to first order, with independent errors; the calibration's factor of each
    measure corrects for their dependence. Derivatives are central
    differences. Landmarks (N, K, 2) and their SDs along each axis (N, K) are
    in pixels of the photograph; the result is in px, degrees or 1.

    Landmarks on a surface are (N, K, 3), in mm, and ``steps`` (N, K, 3, 2)
    how they move with the pixel; the result is in mm, degrees or 1.
    """
    n, k, _ = points.shape
    if steps is None:
        steps = np.broadcast_to(np.eye(2), (n, k, 2, 2))
    involved = {part for one in measurements for part in one.of}
    indices = [i for i, name in enumerate(names) if name in involved]
    variances = {one.name: np.zeros(n) for one in measurements}
    known = np.nan_to_num(points), np.nan_to_num(steps)
    extent = np.ptp(known[0], axis=1).max(axis=-1)
    stretch = np.linalg.norm(known[1], axis=2).max(axis=(1, 2))
    step = np.maximum(_STEP * extent / np.where(stretch, stretch, 1), 1e-9)
    for i in indices:
        for axis in range(2):
            ends = []
            for sign in (1, -1):
                moved = points.copy()
                moved[:, i] += sign * step[:, None] * steps[:, i, :, axis]
                ends.append(measure(moved, None, names, measurements))
            for name, variance in variances.items():
                slope = (ends[0][name] - ends[1][name]) / (2 * step)
                variance += (deviations[:, i] * slope) ** 2
    return {name: np.sqrt(value) for name, value in variances.items()}


# -------------------------------------------- are errors as large as expected?


def reliability(
    errors: np.ndarray,
    deviations: np.ndarray,
    radii: np.ndarray,
    ratios: np.ndarray,
    measure_radii: np.ndarray,
    subjects: np.ndarray,
) -> dict:
    """Expected and observed errors of faces that were not fitted to.

    ``errors`` are distances of landmarks from the truth and ``deviations``
    their expected SDs along each axis, pixels of the network input, (N, K);
    ``radii`` those of the L levels in SDs, (N, L). ``ratios`` are errors of M
    measures in their expected SDs, (N, M), ``measure_radii`` in these, (N, L).
    NaN is not known; ``subjects`` are (N,).

    Returns:
        dict: ``faces``, ``subjects``; ``bins``: landmarks in bins of equal
        number by ``expected_px``, with ``observed_px`` (root mean squares, px
        of the input), ``low``, ``high`` (95 %, over subjects) and ``count``;
        ``coverage``: of ``landmarks`` and ``measures`` the share of truths
        inside of each interval, ``expected``, ``observed``, ``low``, ``high``.
    """
    known = np.isfinite(errors)
    people = np.broadcast_to(subjects[:, None], errors.shape)[known]
    return dict(
        faces=len(errors),
        subjects=len(np.unique(subjects)),
        bins=_bins(errors[known], deviations[known], people),
        coverage=dict(
            landmarks=_shares(errors / deviations, radii, subjects),
            measures=_shares(ratios, measure_radii, subjects),
        ),
    )


def _bins(
    errors: np.ndarray, expected: np.ndarray, people: np.ndarray
) -> list[dict]:
    found = []
    order = np.argsort(expected, kind='stable')
    for part in np.array_split(order, _BINS):
        if not len(part):
            continue
        squared = errors[part] ** 2
        low, high = bootstrap_interval(squared, people[part])
        found.append(
            dict(
                expected_px=_root(2 * expected[part] ** 2),
                observed_px=_root(squared),
                low=_rounded(np.sqrt(low)),
                high=_rounded(np.sqrt(high)),
                count=len(part),
            )
        )
    return found


def _shares(
    ratios: np.ndarray, radii: np.ndarray, subjects: np.ndarray
) -> list[dict]:
    known = np.isfinite(ratios)
    if not known.any():
        return []
    people = np.broadcast_to(subjects[:, None], ratios.shape)[known]
    found = []
    for i, level in enumerate(LEVELS):
        inside = (ratios <= radii[:, i : i + 1])[known].astype(float)
        low, high = share_interval(inside, people)
        found.append(
            dict(
                expected=level,
                observed=_rounded(inside.mean()),
                low=_rounded(low),
                high=_rounded(high),
            )
        )
    return found


def _root(squares: np.ndarray) -> float:
    return _rounded(np.sqrt(np.mean(squares)))


def _rounded(value: float) -> float:
    return round(float(value), 4)
