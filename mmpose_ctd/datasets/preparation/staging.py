"""Folders that hold unfinished work until it is complete.

They lie at a place that others can guess, and what is written into a link
would land elsewhere. So such a folder is used again only if this user and
this tool made it, and if it holds no links.
"""

import os
import stat
from pathlib import Path

from mmpose_ctd.errors import InputError

__all__ = ['open_staging', 'staging_of']

_CURE = 'Look at it, and move or delete it.'


def staging_of(folder: Path) -> Path:
    """Where a folder lies until it is complete."""
    return folder.with_name(f'.{folder.name}.unfinished')


def open_staging(folder: Path, mark: str) -> None:
    """Make the folder of unfinished work, or go on with one of our own.

    Args:
        folder (Path): Of :func:`staging_of`.
        mark (str): Name of the file by which the tool knows its folders; it
            may be missing where there is nothing but empty folders.

    Raises:
        InputError: If there is something else of that name: a link, a file,
            a folder of another user or program, or one with links in it.
    """
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        _check(folder, mark)
        # Of a run that was killed while it wrote.
        for draft in [*folder.rglob('*.tmp'), *folder.rglob('*.part')]:
            draft.unlink()
    (folder / mark).touch()


def _check(folder: Path, mark: str) -> None:
    status = folder.lstat()
    found = ''
    if stat.S_ISLNK(status.st_mode):
        found = 'is a symbolic link'
    elif not stat.S_ISDIR(status.st_mode):
        found = 'is not a folder'
    elif hasattr(os, 'getuid') and status.st_uid != os.getuid():
        found = 'belongs to another user'
    else:
        inside = [p for p in folder.rglob('*') if not _is_plain_folder(p)]
        if any(p.is_symlink() for p in inside):
            found = 'holds symbolic links'
        elif inside and not (folder / mark).is_file():
            found = 'was not made by this tool'
    if found:
        raise InputError(
            where=folder.name,
            found=found,
            expected='the unfinished folder of an earlier run, or nothing',
            cure=_CURE,
        )


def _is_plain_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
