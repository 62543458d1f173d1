"""Remembers which pictures of an unfinished set are done."""

import contextlib
import hashlib
import json
import os
from pathlib import Path

import numpy as np

from mmpose_ctd.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

__all__ = ['JOURNAL', 'Journal', 'job_key']

#: Its file in the unfinished set.
JOURNAL = 'journal.jsonl'


def job_key(*parts) -> str:
    """A digest of all that a picture depends on.

    Args:
        *parts: Whatever JSON holds, arrays, and objects with a ``repr`` that
            tells all of them.
    """

    def plain(value):
        return value.tolist() if isinstance(value, np.ndarray) else repr(value)

    text = json.dumps(parts, default=plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Journal:
    """A file of finished pictures, one a line, in the unfinished set.

    Whatever a kill leaves of the last line is not read.

    Args:
        folder (Path): The unfinished set.

    Raises:
        InputError: If another run writes to it.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL
        self._done: dict[str, dict] = {}
        # The handle is the lock; it goes with the process.
        self._file = open(self.path, 'a+', encoding='utf-8')  # noqa: SIM115
        if fcntl is not None:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                self._file.close()
                raise InputError(
                    f'{folder.name}: another run is writing this set; wait '
                    'for it, or end it.'
                ) from error
        self._file.seek(0)
        text = self._file.read()
        for line in text.splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                entry = json.loads(line)
                self._done[entry['key']] = entry
        if text and not text.endswith('\n'):
            self._file.write('\n')

    def get(self, key: str) -> dict | None:
        """The entry of a finished picture."""
        return self._done.get(key)

    def add(self, key: str, entry: dict) -> None:
        """Remember a finished picture, even if the power fails now."""
        self._file.write(json.dumps({'key': key, **entry}) + '\n')
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()

    def remove(self) -> None:
        """Delete the file: the set is finished."""
        self.close()
        self.path.unlink()
