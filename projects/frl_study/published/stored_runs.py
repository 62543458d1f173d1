"""Reads results/ and writes the report of its runs.

Errors are arrays (S, N): seeds and test images, in pixels.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from mmpose_ctd.apis.comparing.report import compare_report
from mmpose_ctd.apis.comparing.results_frame import results_frame
from mmpose_ctd.apis.error_tables import check_alike, read_report
from mmpose_ctd.errors import MissingFileError

__all__ = [
    'PLAN',
    'RESULTS',
    'STUDY',
    'StoredRuns',
    'errors_with_facemesh',
    'read_records',
    'report_options',
    'write_records',
    'write_report',
]

STUDY = Path(__file__).resolve().parents[1]
RESULTS = STUDY / 'results'
PLAN = STUDY / 'configs' / 'comparison.yaml'

#: Fields of records that are stored for each image.
_PER_IMAGE = ('landmarks', 'subjects', 'sites', 'errors')
#: Fields of stored records that are no text.
_STORED = dict(
    options=json.loads,
    environment=json.loads,
    budget=int,
    seed=int,
    steps=int,
    seconds=float,
    test_seconds=float,
)


def read_records(folder: str | Path, name: str) -> list[dict]:
    """Records that are stored as two CSV tables.

    Args:
        folder (str or Path): Where the files are.
        name (str): Of ``NAME_runs.csv.gz``, a row per record with its
            ``key`` (``options`` and ``environment`` are JSON), and
            ``NAME_errors.csv.gz``, a row per key and image: ``key``,
            ``image``, ``subject``, ``site`` and a column per landmark. A run
            of several studies has several records and is stored once.

    Raises:
        MissingFileError: If one of the files does not exist.
    """
    tables = []
    for part in ('runs', 'errors'):
        path = Path(folder) / f'{name}_{part}.csv.gz'
        if not path.is_file():
            raise MissingFileError(where=str(path), found='no such file')
        tables.append(pd.read_csv(path, dtype=str, keep_default_na=False))
    runs, errors = tables
    landmarks = tuple(errors.columns[4:])
    of_key = dict(list(errors.groupby('key', sort=False)))
    records = []
    for run in runs.to_dict('records'):
        images = of_key[run['key']]
        points = images[list(landmarks)].replace('', 'nan').astype(float)
        for field, read in _STORED.items():
            run[field] = read(run[field])
        run |= dict(
            landmarks=landmarks,
            subjects=images.subject.astype(int).to_numpy(),
            sites=tuple(images.site),
            errors=points.to_numpy(),
        )
        records.append(run)
    return records


def write_records(records: list[dict], folder: str | Path, name: str) -> None:
    """Write records as :func:`read_records` reads them."""
    runs, errors = [], {}
    for record in records:
        run = {k: v for k, v in record.items() if k not in _PER_IMAGE}
        for field in ('options', 'environment'):
            run[field] = json.dumps(run[field], sort_keys=True)
        runs.append(run)
        images = pd.DataFrame(record['errors'], columns=record['landmarks'])
        images.insert(0, 'site', list(record['sites']))
        images.insert(0, 'subject', record['subjects'])
        images.insert(0, 'image', range(len(images)))
        images.insert(0, 'key', record['key'])
        errors[record['key']] = images
    tables = dict(runs=pd.DataFrame(runs), errors=pd.concat(errors.values()))
    for part, content in tables.items():
        path = Path(folder) / f'{name}_{part}.csv.gz'
        # Without a time: equal tables are equal files.
        compression = dict(method='gzip', mtime=0)
        content.to_csv(path, index=False, compression=compression)


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


def report_options() -> dict:
    """What the plan says about the report: arguments of `compare_report`."""
    plan = yaml.safe_load(PLAN.read_text(encoding='utf-8'))
    return dict(
        baseline=plan['baseline'],
        title=plan['title'],
        threshold=plan['threshold'],
        systems=list(plan['systems']),
        studies=list(plan['studies']),
    )


def write_report(out: str | Path = RESULTS / 'report') -> list[Path]:
    """The report of the study's main comparison, from its stored runs."""
    records = read_records(RESULTS, 'frl_faces')
    return compare_report(records, out, **report_options())
