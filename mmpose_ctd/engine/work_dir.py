"""Locks a work dir and protects the checkpoints in it."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path

import filelock

from mmpose_ctd.errors import InputError

from .checkpoint_folder import (
    OVERWRITTEN,
    POINTER,
    checkpoint_folder,
    overwritten,
    saved_by_a_training,
)

__all__ = [
    'LOCK',
    'check_used',
    'claim_work_dir',
    'lies_in',
    'release_work_dir',
    'remove_overwritten',
    'save_folders',
    'set_aside',
]

#: File of a work dir that a training holds.
LOCK = 'training.lock'
# Loader workers of a killed training hold its lock for some seconds.
_PATIENCE = 30
_logger = logging.getLogger('mmpose_ctd')
#: Lock file -> lock; an unreferenced lock would be released.
_held: dict[str, filelock.BaseFileLock] = {}


def claim_work_dir(work_dir: str | os.PathLike) -> None:
    """Lock a work dir, which is made if missing, for this process.

    The same process may claim it again. The lock ends with the process.

    Raises:
        InputError: If another process trains there.
    """
    path = _lock_file(work_dir)
    if path in _held:
        return
    os.makedirs(work_dir, exist_ok=True)
    lock = filelock.FileLock(path)
    try:
        try:
            lock.acquire(timeout=1)
        except filelock.Timeout:
            _logger.warning(
                'Another training holds the work dir; waiting up to %s s for '
                'it to end.',
                _PATIENCE,
            )
            lock.acquire(timeout=_PATIENCE)
    except filelock.Timeout as error:
        raise InputError(
            where=os.fspath(work_dir),
            found='another training runs in this work dir',
            cure='Wait for it, or use another --work-dir.',
        ) from error
    except NotImplementedError:
        _logger.warning(
            'The file system of the work dir has no locks: make sure that '
            'nothing else trains there.'
        )
        return
    _held[path] = lock


def release_work_dir(work_dir: str | os.PathLike) -> None:
    """Unlock a work dir."""
    lock = _held.pop(_lock_file(work_dir), None)
    if lock is not None:
        lock.release()


def _lock_file(work_dir: str | os.PathLike) -> str:
    return os.path.realpath(os.path.join(work_dir, LOCK))


def save_folders(
    work_dir: str | os.PathLike, saves: Iterable[tuple[str | None, str]]
) -> list[tuple[str, str]]:
    """The folders in which a run may find or save checkpoints.

    Args:
        work_dir (str or PathLike): The run's.
        saves (Iterable): ``out_dir`` and ``filename_tmpl`` of each
            CheckpointHook.

    Returns:
        list[tuple]: Folder and template, see :func:`.saved_by_a_training`.
    """
    found = {str(work_dir): ''}
    for out_dir, template in saves:
        folder = checkpoint_folder(str(work_dir), out_dir)
        found[str(folder)] = template
    return [*found.items()]


def check_used(
    folders: Iterable[tuple[str, str]],
    start: str | os.PathLike | None,
    resumed: str | os.PathLike | None,
    overwrite: bool,
) -> None:
    """Refuse folders with checkpoints of another training.

    Args:
        folders (Iterable): Of :func:`save_folders`.
        start (str or PathLike, optional): The file that the run starts from.
        resumed (str or PathLike, optional): The checkpoint that the run
            resumes; its folder belongs to the same training.
        overwrite (bool): Whether checkpoints may be replaced.

    Raises:
        InputError: If one may not be replaced, or is the start of the run.
    """
    for folder, template in folders:
        there = saved_by_a_training(Path(folder), template)
        there += overwritten(Path(folder), template)
        if not there or lies_in(resumed, folder):
            continue
        if not overwrite:
            raise InputError(
                where=os.fspath(folder),
                found=f'a training has saved {there[0].name} in this work dir',
                cure='Go on with it by --resume, train in another --work-dir, '
                'or replace its checkpoints by --overwrite. With '
                "MMPose's own tools: --resume, or --cfg-options "
                'default_hooks.work_dir.overwrite=True.',
            )
        if start and any(_same(start, file) for file in there):
            raise InputError(
                where=f'load_from={os.fspath(start)!r}',
                found='--overwrite would remove the file',
                cure='Copy it to another folder, or use another --work-dir.',
            )


def set_aside(folder: str | os.PathLike, template: str = '') -> None:
    """Rename the files of an earlier training; ``--resume`` ignores them."""
    there = saved_by_a_training(Path(folder), template)
    pointer = Path(folder) / POINTER
    if not there and not pointer.is_file():
        return
    # The pointer is renamed last and marks that all others are.
    mark = pointer.with_name(POINTER + OVERWRITTEN)
    mark.unlink(missing_ok=True)
    for file in there:
        file.replace(file.with_name(file.name + OVERWRITTEN))
    if pointer.is_file():
        pointer.replace(mark)
    else:
        mark.touch()


def remove_overwritten(folder: str | os.PathLike, template: str = '') -> None:
    """Remove the files that :func:`set_aside` renamed."""
    for file in overwritten(Path(folder), template):
        _logger.info(
            'Removed %s of an earlier training.',
            file.name.removesuffix(OVERWRITTEN),
        )
        file.unlink()
    (Path(folder) / (POINTER + OVERWRITTEN)).unlink(missing_ok=True)


def lies_in(file: str | os.PathLike | None, folder: str | os.PathLike) -> bool:
    """Whether a file is given and lies in this folder."""
    return bool(file) and Path(file).resolve().parent == Path(folder).resolve()


def _same(one: str | os.PathLike, other: Path) -> bool:
    return Path(one).resolve() == other.resolve()
