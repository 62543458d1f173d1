"""Whether errors are as large as they were expected to be.

N: faces, K: landmarks, M: measures, L: levels of intervals.
"""

from dataclasses import dataclass

import numpy as np

from mmpose_ctd.evaluation.functional import bootstrap_interval

from .error_model import LEVELS

__all__ = ['Reliability']

_BINS = 8


@dataclass
class Reliability:
    """Expected and observed errors of faces that were not fitted to.

    Attributes:
        errors (np.ndarray): Landmarks' distances from the truth, px of the
            network input, (N, K), NaN where not known.
        deviations (np.ndarray): Error SDs along each axis, as expected,
            (N, K).
        radii (np.ndarray): In SDs, what should contain the levels, (N, L).
        ratios (np.ndarray): Measures' errors in their expected SDs, (N, M).
        measure_radii (np.ndarray): In these, (N, L).
        measures (list[str]): Their M names.
        subjects (np.ndarray): Who it is, (N,).
    """

    errors: np.ndarray
    deviations: np.ndarray
    radii: np.ndarray
    ratios: np.ndarray
    measure_radii: np.ndarray
    measures: list
    subjects: np.ndarray

    def bins(self) -> list[dict]:
        """Landmarks in bins of equal number by what was expected.

        Returns:
            list[dict]: ``expected_px`` and ``observed_px``, both the root
            mean square distance, with ``low`` and ``high`` of the observed
            (95 %, bootstrap over subjects), and ``count``.
        """
        rows, columns = np.nonzero(np.isfinite(self.errors))
        expected = self.deviations[rows, columns]
        order = np.argsort(expected, kind='stable')
        found = []
        for part in np.array_split(order, _BINS):
            if not len(part):
                continue
            squared = self.errors[rows[part], columns[part]] ** 2
            people = self.subjects[rows[part]]
            low, high = bootstrap_interval(squared, people)
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

    def coverage(self) -> dict[str, list[dict]]:
        """Shares of truths inside of their intervals.

        Returns:
            dict[str, list[dict]]: ``landmarks`` and ``measures``: for each
            level ``expected``, ``observed``, ``low`` and ``high``.
        """
        scaled = self.errors / self.deviations
        return dict(
            landmarks=self._shares(scaled, self.radii),
            measures=self._shares(self.ratios, self.measure_radii),
        )

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

    def measure_coverage(self) -> dict[str, float]:
        """Of the 95 % interval of each measure."""
        last = self.measure_radii[:, -1:]
        found = {}
        for i, name in enumerate(self.measures):
            known = np.isfinite(self.ratios[:, i])
            if known.any():
                inside = (self.ratios[:, i : i + 1] <= last)[known]
                found[name] = float(inside.mean())
        return found

    def summary(self) -> dict:
        """Everything above, rounded, for a JSON file."""
        return _rounded(
            dict(
                faces=len(self.errors),
                subjects=len(np.unique(self.subjects)),
                bins=self.bins(),
                coverage=self.coverage(),
                coverage_95_by_measure=self.measure_coverage(),
                rank_correlation=self.rank_correlation(),
            )
        )

    def rank_correlation(self) -> float:
        """Spearman's, of expected and observed errors of all landmarks."""
        known = np.isfinite(self.errors)
        ranks = [
            np.argsort(np.argsort(values[known], kind='stable'))
            for values in (self.errors, self.deviations)
        ]
        if len(ranks[0]) < 2:
            return float('nan')
        return float(np.corrcoef(ranks)[0, 1])


def _root(squares: np.ndarray) -> float:
    return float(np.sqrt(np.mean(squares)))


def _rounded(value):
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return round(value, 4) if isinstance(value, float) else value
