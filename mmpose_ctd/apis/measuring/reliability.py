"""Whether errors are as large as expected.

N: faces, K: landmarks, M: measures, L: levels of intervals.
"""

import numpy as np
from scipy.stats import rankdata

from mmpose_ctd.evaluation.functional import bootstrap_interval

from .error_model import LEVELS

_BINS = 8


def reliability(
    errors: np.ndarray,
    deviations: np.ndarray,
    radii: np.ndarray,
    measures: dict[str, np.ndarray],
    measure_radii: np.ndarray,
    subjects: np.ndarray,
) -> dict:
    """Expected and observed errors of faces that were not fitted to.

    Args:
        errors (np.ndarray): Landmarks' distances from the truth, px of the
            network input, (N, K), NaN where not known.
        deviations (np.ndarray): Expected error SDs along each axis, (N, K).
        radii (np.ndarray): Radii of the levels in SDs, (N, L).
        measures (dict[str, np.ndarray]): Errors of the M measures in their
            expected SDs, (N,) each.
        measure_radii (np.ndarray): Radii of the levels in these, (N, L).
        subjects (np.ndarray): Who it is, (N,).

    Returns:
        dict: Rounded, for a JSON file and the figure. ``faces``,
        ``subjects``; ``bins``: landmarks in bins of equal number by
        ``expected_px``, with ``observed_px`` (both root mean squares),
        ``low``, ``high`` (95 %, over subjects) and ``count``; ``coverage``:
        for ``landmarks`` and ``measures`` the share of truths inside of each
        level's interval, ``expected``, ``observed``, ``low``, ``high``;
        ``coverage_95_by_measure``; ``rank_correlation`` (Spearman's) of
        expected and observed errors.
    """
    known = np.isfinite(errors)
    people = np.broadcast_to(subjects[:, None], errors.shape)[known]
    ratios = np.empty((len(errors), 0))
    if measures:
        ratios = np.column_stack([*measures.values()])
    inside = {}
    for name, own in measures.items():
        there = np.isfinite(own)
        inside[name] = (own <= measure_radii[:, -1])[there]
    return _rounded(
        dict(
            faces=len(errors),
            subjects=len(np.unique(subjects)),
            bins=_bins(errors[known], deviations[known], people),
            coverage=dict(
                landmarks=_shares(errors / deviations, radii, subjects),
                measures=_shares(ratios, measure_radii, subjects),
            ),
            coverage_95_by_measure={
                name: float(one.mean())
                for name, one in inside.items()
                if len(one)
            },
            rank_correlation=_rank_correlation(
                errors[known], deviations[known]
            ),
        )
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
                low=float(np.sqrt(low)),
                high=float(np.sqrt(high)),
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
        low, high = bootstrap_interval(inside, people)
        found.append(
            dict(
                expected=level,
                observed=float(inside.mean()),
                low=float(low),
                high=float(high),
            )
        )
    return found


def _rank_correlation(errors: np.ndarray, expected: np.ndarray) -> float:
    if len(errors) < 2:
        return float('nan')
    ranks = [rankdata(v, method='ordinal') for v in (errors, expected)]
    return float(np.corrcoef(*ranks)[0, 1])


def _root(squares: np.ndarray) -> float:
    return float(np.sqrt(np.mean(squares)))


def _rounded(value):
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return round(value, 4) if isinstance(value, float) else value
