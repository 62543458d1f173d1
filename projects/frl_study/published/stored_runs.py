"""Reads what is stored in results/."""

import csv
import gzip
import json
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mmpose_ctd.apis.error_tables import check_alike, read_report
from mmpose_ctd.evaluation.functional import image_errors

__all__ = [
    'RESULTS',
    'STUDY',
    'StoredRuns',
    'errors_with_facemesh',
    'holm_p_values',
]

STUDY = Path(__file__).resolve().parents[1]
RESULTS = STUDY / 'results'


class StoredRuns:
    """Errors of the test images, by system, variant and labels.

    Args:
        name (str): Of a file ``NAME.sqlite.gz`` in results/.
    """

    def __init__(self, name: str) -> None:
        self.db = sqlite3.connect(':memory:')
        with TemporaryDirectory() as folder:
            file = Path(folder) / f'{name}.sqlite'
            with gzip.open(RESULTS / f'{name}.sqlite.gz') as packed:
                file.write_bytes(packed.read())
            stored = sqlite3.connect(file)
            stored.backup(self.db)
            stored.close()

    def errors(self, system, budget, variant='', held_out='') -> np.ndarray:
        """One row a seed, one column an image, (S, N), in pixels."""
        by_landmark = self.landmark_errors(system, budget, variant, held_out)
        # As the report averages; the column `error` is rounded once more.
        errors = np.stack([*by_landmark.values()], axis=-1)
        return np.stack([image_errors(of_seed) for of_seed in errors])

    def landmark_errors(
        self, system, budget, variant='', held_out=''
    ) -> dict[str, np.ndarray]:
        """The same for each landmark, by its name."""
        keys = self._keys(system, budget, variant, held_out)
        errors = np.array(
            [
                [
                    json.loads(text)
                    for text in self._column('landmark_errors', key)
                ]
                for key in keys
            ]
        )
        row = self.db.execute('SELECT landmarks FROM runs').fetchone()
        return dict(zip(json.loads(row[0]), np.moveaxis(errors, 2, 0)))

    def subjects(self) -> np.ndarray:
        """Number of each test image's subject, (N,)."""
        row = self.db.execute(
            "SELECT key FROM runs WHERE role = 'final' AND held_out = ''"
        ).fetchone()
        return np.array(self._column('subject', row[0]))

    def _keys(self, system, budget, variant, held_out) -> list[str]:
        keys = self.db.execute(
            "SELECT key FROM runs WHERE role = 'final' AND system = ? AND "
            'budget = ? AND variant = ? AND held_out = ? ORDER BY seed',
            (system, budget, variant, held_out),
        ).fetchall()
        if not keys:
            raise LookupError(
                f'{system} {variant} with {budget} labels was not run'
            )
        return [key for (key,) in keys]

    def _column(self, name: str, key: str) -> list:
        query = f'SELECT {name} FROM images WHERE key = ? ORDER BY image'
        return [value for (value,) in self.db.execute(query, (key,))]


def errors_with_facemesh(system: str, labels: int) -> np.ndarray:
    """Errors of the recipe's repetition beside FaceMesh, (S, N), in pixels.

    Args:
        system (str): ``'recipe'``, ``'facemesh'`` or ``'both'``.
        labels (int): 20 or 142.
    """
    reports = [
        read_report(
            RESULTS / 'with_facemesh' / f'{system}_n{labels:03d}_seed{s}.json'
        )
        for s in range(3)
    ]
    check_alike({system: reports}, reports[0])
    return np.array([report['image_errors'] for report in reports])


def holm_p_values() -> dict[tuple[str, int], float]:
    """Corrected p of each system and budget, less FT, as the report has it."""
    path = RESULTS / 'report' / 'summary.csv'
    with path.open(encoding='utf-8', newline='') as file:
        return {
            (row['system'], int(row['budget'])): float(row['p_sign_flip_holm'])
            for row in csv.DictReader(file)
            if row['study'] == 'main' and row['p_sign_flip_holm']
        }
