"""Folders that hold unfinished work until it is complete.

Such a folder lies at a place that others can guess, and a file written
through a link would land elsewhere. So a folder is used again only if this
user and this tool made it, and if it holds no links.
"""

import contextlib
import hashlib
import json
import os
import stat
from pathlib import Path

import numpy as np

from mmpose_ctd.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

#: Name of the journal in an unfinished set.
JOURNAL = 'journal.jsonl'


def unfinished_of(folder: Path) -> Path:
    """Where a folder lies until it is complete."""
    return folder.with_name(f'.{folder.name}.unfinished')


def open_unfinished(folder: Path, mark: str) -> None:
    """Make the folder of unfinished work, or continue with our own.

    By the file ``mark`` the tool knows its folders. It may be missing if
    there are only empty folders.

    Raises:
        InputError: If something else has that name: a link, a file, a folder
            of another user or program, or one with links in it.
    """
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        if found := _foreign(folder, mark):
            raise InputError(
                where=folder.name,
                found=found,
                expected='the unfinished folder of an earlier run, or nothing',
                cure='Look at it, and move or delete it.',
            ) from None
        # Left by a run that was killed while it wrote.
        for draft in [*folder.rglob('*.tmp'), *folder.rglob('*.part')]:
            draft.unlink()
    (folder / mark).touch()


def _foreign(folder: Path, mark: str) -> str:
    """Why a folder is not ours; empty if it is."""
    status = folder.lstat()
    if stat.S_ISLNK(status.st_mode):
        return 'is a symbolic link'
    if not stat.S_ISDIR(status.st_mode):
        return 'is not a folder'
    if hasattr(os, 'getuid') and status.st_uid != os.getuid():
        return 'belongs to another user'
    inside = [*folder.rglob('*')]
    if any(path.is_symlink() for path in inside):
        return 'holds symbolic links'
    is_ours = (folder / mark).is_file() or all(p.is_dir() for p in inside)
    return '' if is_ours else 'was not made by this tool'


def publish(unfinished: Path, folder: Path) -> None:
    """Give a complete folder its name; an empty folder may have it."""
    if folder.exists():
        folder.rmdir()
    unfinished.rename(folder)


def digest_of(*parts) -> str:
    """A digest of everything that a picture depends on."""

    def plain(value):
        return value.tolist() if isinstance(value, np.ndarray) else repr(value)

    text = json.dumps(parts, default=plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Journal:
    """The finished pictures of an unfinished set, one a line.

    If a kill leaves part of a line, that line is ignored. Another run that
    writes to it is refused.
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
                    where=folder.name,
                    found='another run is writing this set',
                    cure='Wait for it, or end it.',
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
        """Release the lock."""
        self._file.close()

    def remove(self) -> None:
        """Delete the file: the set is finished."""
        self.close()
        self.path.unlink()
