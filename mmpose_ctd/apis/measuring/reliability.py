"""Whether errors are as large as expected.

N: faces, K: landmarks, M: measures, L: levels of intervals.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from mmpose_ctd.evaluation.functional import bootstrap_interval

from .error_model import LEVELS

_BINS = 8


@dataclass
class Reliability:
    """Expected and observed errors of faces that were not fitted to.

    Attributes:
        errors (np.ndarray): Landmarks' distances from the truth, px of the
            network input, (N, K), NaN where not known.
        deviations (np.ndarray): Expected error SDs along each axis, (N, K).
        radii (np.ndarray): Radii of the levels in SDs, (N, L).
        ratios (np.ndarray): Measures' errors in their expected SDs, (N, M).
        measure_radii (np.ndarray): Radii of the levels in these, (N, L).
        measures (list[str]): Names of the M measures.
        subjects (np.ndarray): Who it is, (N,).
    """

    errors: np.ndarray
    deviations: np.ndarray
    radii: np.ndarray
    ratios: np.ndarray
    measure_radii: np.ndarray
    measures: list
    subjects: np.ndarray

    def summary(self) -> dict:
        """Everything, rounded, for a JSON file and the figure.

        Returns:
            dict: ``faces``, ``subjects``; ``bins``: landmarks in bins of
            equal number by ``expected_px``, with ``observed_px`` (both root
            mean squares), ``low``, ``high`` (95 %, over subjects) and
            ``count``; ``coverage``: for ``landmarks`` and ``measures`` the
            share of truths inside of each level's interval, ``expected``,
            ``observed``, ``low``, ``high``; ``coverage_95_by_measure``;
            ``rank_correlation`` (Spearman's) of expected and observed errors.
        """
        return _rounded(
            dict(
                faces=len(self.errors),
                subjects=len(np.unique(self.subjects)),
                bins=self._bins(),
                coverage=dict(
                    landmarks=self._shares(
                        self.errors / self.deviations, self.radii
                    ),
                    measures=self._shares(self.ratios, self.measure_radii),
                ),
                coverage_95_by_measure=self._by_measure(),
                rank_correlation=self._rank_correlation(),
            )
        )

    def _bins(self) -> list[dict]:
        rows, columns = np.nonzero(np.isfinite(self.errors))
        expected = self.deviations[rows, columns]
        order = np.argsort(expected, kind='stable')
        found = []
        for part in np.array_split(order, _BINS):
            if not len(part):
                continue
            squared = self.errors[rows[part], columns[part]] ** 2
            low, high = bootstrap_interval(squared, self.subjects[rows[part]])
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

    def _shares(self, ratios: np.ndarray, radii: np.ndarray) -> list[dict]:
        known = np.isfinite(ratios)
        if not known.any():
            return []
        people = np.broadcast_to(self.subjects[:, None], ratios.shape)[known]
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

    def _by_measure(self) -> dict[str, float]:
        last = self.measure_radii[:, -1]
        found = {}
        for name, ratios in zip(self.measures, self.ratios.T):
            known = np.isfinite(ratios)
            if known.any():
                found[name] = float((ratios <= last)[known].mean())
        return found

    def _rank_correlation(self) -> float:
        known = np.isfinite(self.errors)
        if known.sum() < 2:
            return float('nan')
        ranks = [
            rankdata(values[known], method='ordinal')
            for values in (self.errors, self.deviations)
        ]
        return float(np.corrcoef(*ranks)[0, 1])


def _root(squares: np.ndarray) -> float:
    return float(np.sqrt(np.mean(squares)))


def _rounded(value):
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return round(value, 4) if isinstance(value, float) else value
