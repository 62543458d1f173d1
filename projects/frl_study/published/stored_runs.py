"""Reads results/ and writes the report of its runs.

Errors are arrays (S, N): seeds and test images, in pixels.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from mmpose_ctd.apis.comparing.report import compare_report
from mmpose_ctd.apis.comparing.results_frame import read_records, results_frame
from mmpose_ctd.apis.error_tables import check_alike, read_report

__all__ = [
    'RESULTS',
    'STUDY',
    'StoredRuns',
    'errors_with_facemesh',
    'report_options',
    'write_report',
]

STUDY = Path(__file__).resolve().parents[1]
RESULTS = STUDY / 'results'


class StoredRuns:
    """Errors of the final runs, by system, variant and labels.

    Args:
        name (str): Of the files ``NAME_runs.csv.gz`` and
            ``NAME_errors.csv.gz`` in results/.
    """

    def __init__(self, name: str) -> None:
        frame = results_frame(read_records(RESULTS, name))
        self.frame = frame[frame.role == 'final']

    def rows(self, system, budget, variant='', held_out='') -> pd.DataFrame:
        """Of :func:`.results_frame`, sorted by seed and image."""
        f = self.frame
        rows = f[
            (f.system == system)
            & (f.variant == variant)
            & (f.budget == budget)
            & (f.held_out == held_out)
        ]
        if rows.empty:
            raise LookupError(
                f'{system} {variant} with {budget} labels was not run'
            )
        # A run that belongs to several studies has rows in each.
        rows = rows.drop_duplicates(['key', 'image'])
        return rows.sort_values(['seed', 'image'])

    def errors(self, *run, landmarks=None, **more) -> np.ndarray:
        """(S, N), of all landmarks or the mean of some of them."""
        rows = self.rows(*run, **more)
        values = rows.error.to_numpy()
        if landmarks:
            columns = [rows[f'error_{name}'] for name in landmarks]
            values = np.mean([column.to_numpy() for column in columns], axis=0)
        return values.reshape(rows.seed.nunique(), -1)

    def subjects(self) -> np.ndarray:
        """Number of each test image's subject, (N,)."""
        return self.rows('FT', 20).drop_duplicates('image').subject.to_numpy()


@cache
def errors_with_facemesh(system: str, labels: int) -> np.ndarray:
    """Errors of the recipe's repetition and of FaceMesh, (S, N), in pixels.

    Args:
        system (str): ``'recipe'``, ``'facemesh'`` or ``'both'``.
        labels (int): 20 or 142.
    """
    folder = RESULTS / 'with_facemesh'
    reports = [
        read_report(folder / f'{system}_n{labels:03d}_seed{seed}.json')
        for seed in range(3)
    ]
    check_alike({system: reports}, reports[0])
    return np.array([report['image_errors'] for report in reports])


def report_options(records: list[dict]) -> dict:
    """What the plan says about the report of its stored runs.

    Args:
        records (list[dict]): Of ``frl_faces``.

    Returns:
        dict: Keyword arguments of :func:`.compare_report`.
    """
    path = STUDY / 'configs' / 'comparison.yaml'
    plan = yaml.safe_load(path.read_text(encoding='utf-8'))
    trials = [record for record in records if record['role'] == 'trial']
    searches = []
    for system in dict.fromkeys(record['system'] for record in trials):
        ours = [record for record in trials if record['system'] == system]
        # The settings: what the plan does not set for all runs.
        tried = [
            dict(
                options={
                    key: value
                    for key, value in record['options'].items()
                    if key not in plan['options']
                },
                mean_error=float(np.mean(record['errors'])),
                seconds=record['seconds'],
            )
            for record in ours
        ]
        best = min(tried, key=lambda trial: trial['mean_error'])
        searches.append(
            dict(system=system, trials=tried, chosen=best['options'])
        )
    return dict(
        baseline=plan['baseline'],
        title=plan['title'],
        threshold=plan['threshold'],
        systems=list(plan['systems']),
        studies=list(plan['studies']),
        searches=searches,
    )


def write_report(out: str | Path = RESULTS / 'report') -> list[Path]:
    """The report of the study's main comparison, from its stored runs."""
    records = read_records(RESULTS, 'frl_faces')
    return compare_report(records, out, **report_options(records))
