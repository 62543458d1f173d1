"""The file of results behind results.md, read without the package."""

import gzip
import json
import sqlite3
from pathlib import Path

import numpy as np

STUDY = Path(__file__).resolve().parents[1]
RESULTS = STUDY / 'results'


class PublishedRuns:
    """Errors of the test images, by system, variant and labels."""

    def __init__(self, folder: Path, name: str) -> None:
        file = folder / f'{name}.sqlite'
        with gzip.open(RESULTS / f'{name}.sqlite.gz') as packed:
            file.write_bytes(packed.read())
        self.db = sqlite3.connect(file)

    def errors(self, system, budget, variant='', held_out='') -> np.ndarray:
        """One row a seed, one column an image, (S, N), in pixels."""
        keys = self._keys(system, budget, variant, held_out)
        return np.array([self._column('error', key) for key in keys])

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
        assert keys, f'{system} {variant} with {budget} labels was not run'
        return [key for (key,) in keys]

    def _column(self, name: str, key: str) -> list:
        query = f'SELECT {name} FROM images WHERE key = ? ORDER BY image'
        return [value for (value,) in self.db.execute(query, (key,))]


def tables_of(page: str) -> dict[str, list[list[str]]]:
    """The Markdown tables of a page, by their header's text."""
    found, rows = {}, None
    for line in page.splitlines():
        if not line.startswith('|'):
            rows = None
            continue
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        if rows is None:
            header = ' | '.join(cells)
            assert header not in found, f'two tables: {header}'
            rows = found[header] = []
        elif set(line) - set('|- '):
            rows.append(cells)
    return found
