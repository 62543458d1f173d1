"""The file in which all results of a comparison lie."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional import image_errors
from mmpose_ctd.privacy import redact

from .jobs import Test
from .run_record import RunRecord

__all__ = ['ResultsTable']

#: Raised when the tables change; what other versions wrote is not read.
_VERSION = 1
_SCHEMA = (
    """CREATE TABLE runs (
    key TEXT PRIMARY KEY, training TEXT, study TEXT, system TEXT,
    variant TEXT, budget INTEGER, seed INTEGER, held_out TEXT, role TEXT,
    options TEXT, steps INTEGER, config_hash TEXT, commit_id TEXT,
    environment TEXT, started TEXT, seconds REAL, test_seconds REAL,
    resumed INTEGER, test_set TEXT, landmarks TEXT, mean_error REAL
)""",
    """CREATE TABLE images (
    key TEXT, image INTEGER, subject INTEGER, site TEXT, error REAL,
    landmark_errors TEXT, PRIMARY KEY (key, image)
) WITHOUT ROWID""",
    """CREATE TABLE failures (
    training TEXT PRIMARY KEY, told TEXT, at TEXT DEFAULT CURRENT_TIMESTAMP
)""",
)
_COLUMNS = (
    *('key', 'training', 'study', 'system', 'variant', 'budget', 'seed'),
    *('held_out', 'role', 'options', 'steps', 'config_hash', 'commit_id'),
    *('environment', 'started', 'seconds', 'test_seconds', 'resumed'),
    *('test_set', 'landmarks', 'mean_error'),
)


class ResultsTable:
    """Results of runs, in an SQLite file.

    ``runs`` has a line a run, known by the ``key`` of its settings and
    subjects; ``images`` one for each image of its test: number of the
    subject, site, mean error and the errors of its landmarks (a JSON list,
    pixels of the image, null where invisible). Nobody is named.

    Args:
        path (Path): The file; made with the first result.

    Raises:
        InputError: If it is another kind of file, or is still packed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        packed = path.with_name(f'{path.name}.gz')
        if path.exists():
            self._prepare()
        elif packed.exists():
            raise InputError(
                f'{path}: is not there, but {packed} is, and what it holds '
                f'would be done again. `gunzip -k {packed}` unpacks it; to '
                'begin anew name another file in the plan (table).'
            )

    def _prepare(self) -> None:
        """Make the tables if there are none; refuse another's file."""
        path = self.path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(sqlite3.connect(path, timeout=60)) as db, db:
                tables = self._tables(db)
                if not tables:
                    # Another process may be at it, too.
                    db.execute('BEGIN IMMEDIATE')
                    tables = self._tables(db)
                if not tables:
                    _make_tables(db)
                    tables = self._tables(db)
                version = db.execute('PRAGMA user_version').fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise InputError(
                f'{path}: no table of results ({error}). Name another file '
                'in the plan (table), or remove it.'
            ) from error
        if not {'runs', 'images', 'failures'} <= tables:
            raise InputError(
                f"{path}: another program's SQLite file, it holds "
                f'{", ".join(sorted(tables))}. Name another file in the plan '
                '(table).'
            )
        if version != _VERSION:
            raise InputError(
                f'{path}: a table of version {version}, this program writes '
                f'version {_VERSION}. Name another file in the plan (table).'
            )

    @staticmethod
    def _tables(db: sqlite3.Connection) -> set[str]:
        return {
            name
            for (name,) in db.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            )
        }

    @contextmanager
    def _connect(self, write: bool = False) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is stored, or nothing.

        Who only reads makes no file.

        Raises:
            InputError: If the file cannot be read or written.
        """
        file = self.path if write or self.path.exists() else ':memory:'
        if file == self.path:
            # A file that is there is empty while another process makes it.
            self._prepare()
        try:
            # Waits for another process that writes.
            with closing(sqlite3.connect(file, timeout=60)) as db, db:
                if file == ':memory:':
                    _make_tables(db)
                yield db
        except sqlite3.Error as error:
            raise InputError(
                f'{self.path}: {error}. Is the disk full, or may the file '
                'not be written? No result is lost: the next start stores '
                "what is in the runs' folders."
            ) from error

    def add(
        self,
        training: str,
        result: Mapping,
        tests: Iterable[Test],
    ) -> None:
        """Store what a job found; all of it, or nothing.

        Args:
            training (str): Key of the training.
            result (Mapping): Its ``result.json``.
            tests (Iterable[Test]): Its tests.
        """
        rows, images = [], []
        for test in tests:
            found, cell = result['tests'][test.key], test.cell
            errors = _array(found['errors'])
            means = image_errors(errors)
            rows.append(
                (
                    test.key,
                    training,
                    cell.study,
                    cell.system,
                    cell.variant.name,
                    cell.budget,
                    cell.seed,
                    cell.held_out,
                    cell.role,
                    json.dumps(redact({**cell.options}), sort_keys=True),
                    cell.steps,
                    found['config_hash'],
                    result['commit'],
                    json.dumps(result['environment'], sort_keys=True),
                    result['started'],
                    round(result['seconds'], 2),
                    round(found['test_seconds'], 2),
                    result['resumed'],
                    found['test_set'],
                    json.dumps(found['landmarks']),
                    round(_mean(means, test), 6),
                )
            )
            images += [
                (test.key, i, subject, site, round(float(mean), 4),
                 json.dumps(row, separators=(',', ':')))
                for i, (subject, site, mean, row) in enumerate(
                    zip(found['subjects'], found['sites'], means,
                        found['errors'])
                )
            ]  # fmt: skip
        marks = ','.join('?' * len(_COLUMNS))
        names = ','.join(_COLUMNS)
        with self._connect(write=True) as db:
            db.executemany(
                f'INSERT OR REPLACE INTO runs ({names}) VALUES ({marks})', rows
            )
            db.executemany(
                'DELETE FROM images WHERE key=?', [row[:1] for row in rows]
            )
            db.executemany(
                'INSERT OR REPLACE INTO images VALUES (?,?,?,?,?,?)', images
            )
            db.execute('DELETE FROM failures WHERE training=?', (training,))

    def fail(self, training: str, told: str) -> None:
        """Note that a job failed; the next start tries it again.

        Args:
            training (str): Key of the training.
            told (str): Without anybody's name: the table may be handed on.
        """
        with self._connect(write=True) as db:
            db.execute(
                'INSERT OR REPLACE INTO failures (training, told) '
                'VALUES (?, ?)',
                (training, told),
            )

    def failed(self) -> dict[str, str]:
        """Key of a training -> why its last try failed."""
        with self._connect() as db:
            return dict(db.execute('SELECT training, told FROM failures'))

    def errors(self) -> dict[str, float]:
        """Key -> mean error of every run, pixels of the image."""
        with self._connect() as db:
            return dict(db.execute('SELECT key, mean_error FROM runs'))

    def speeds(self) -> dict[tuple[str, int], float]:
        """Seconds a run took: (system, steps) -> mean over its runs."""
        with self._connect() as db:
            rows = db.execute(
                'SELECT system, steps, avg(seconds + test_seconds) FROM runs '
                'GROUP BY system, steps'
            )
            return {(system, steps): mean for system, steps, mean in rows}

    def records(self, tests: Iterable[Test]) -> Iterator[RunRecord]:
        """Of those of these tests that are done; study and names are theirs.

        A run that several studies ask for was done once, and is a record in
        each of them.
        """
        with self._connect() as db:
            db.row_factory = sqlite3.Row
            for test in tests:
                row = db.execute(
                    'SELECT * FROM runs WHERE key=?', (test.key,)
                ).fetchone()
                if row is not None:
                    yield _record(db, row, test)


def _make_tables(db: sqlite3.Connection) -> None:
    for table in _SCHEMA:
        db.execute(table)
    db.execute(f'PRAGMA user_version = {_VERSION}')


def _record(db: sqlite3.Connection, row: sqlite3.Row, test: Test) -> RunRecord:
    images = db.execute(
        'SELECT subject, site, landmark_errors FROM images WHERE key=? '
        'ORDER BY image',
        (row['key'],),
    ).fetchall()
    cell = test.cell
    return RunRecord(
        study=cell.study,
        system=cell.system,
        variant=cell.variant.name,
        budget=cell.budget,
        seed=cell.seed,
        held_out=cell.held_out,
        role=cell.role,
        options={**cell.options},
        config_hash=row['config_hash'],
        commit=row['commit_id'],
        environment=json.loads(row['environment']),
        started=row['started'],
        seconds=row['seconds'],
        test_seconds=row['test_seconds'],
        steps=row['steps'],
        test_set=row['test_set'],
        landmarks=tuple(json.loads(row['landmarks'])),
        subjects=np.array([image['subject'] for image in images]),
        sites=tuple(image['site'] for image in images),
        errors=_array([json.loads(i['landmark_errors']) for i in images]),
    )


def _mean(means: np.ndarray, test: Test) -> float:
    """ME: the mean over the images that can be judged."""
    if np.isnan(means).all():
        raise InputError(
            f'no image of the test set of {test.cell.system} has a visible '
            'landmark.'
        )
    return float(np.nanmean(means))


def _array(rows: list) -> np.ndarray:
    return np.array(
        [[np.nan if v is None else v for v in row] for row in rows]
    )
