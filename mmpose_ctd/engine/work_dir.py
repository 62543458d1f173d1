"""Who may train in a folder."""

import logging
import os
from pathlib import Path

import filelock

from mmpose_ctd.errors import InputError

from .checkpoint_folder import POINTER, remove_drafts, saved_by_a_training

__all__ = [
    'LOCK',
    'claim_work_dir',
    'empty_work_dir',
    'refuse_used',
    'release_work_dir',
]

#: File of a work dir that a training holds.
LOCK = 'training.lock'
# Loader workers of a killed training hold its lock until they notice.
_PATIENCE = 30
_logger = logging.getLogger('mmpose_ctd')
#: Lock file -> lock; one that nobody refers to would be released.
_held: dict[str, filelock.BaseFileLock] = {}


def claim_work_dir(work_dir: str | os.PathLike) -> None:
    """Have a work dir to this process, until it ends or releases it.

    A process may claim it again while it has it. The lock goes with a killed
    process.

    Args:
        work_dir (str or PathLike): Made if it is missing.

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
            'The file system of the work dir has no locks: see yourself that '
            'nothing else trains there.'
        )
        return
    _held[path] = lock


def release_work_dir(work_dir: str | os.PathLike) -> None:
    """Let other processes train in a work dir."""
    lock = _held.pop(_lock_file(work_dir), None)
    if lock is not None:
        lock.release()


def _lock_file(work_dir: str | os.PathLike) -> str:
    return os.path.realpath(os.path.join(work_dir, LOCK))


def refuse_used(
    folder: str | os.PathLike, resumed: str | os.PathLike | None = None
) -> None:
    """Refuse a folder with checkpoints of another training.

    Args:
        folder (str or PathLike): Where checkpoints would be saved.
        resumed (str or PathLike, optional): The checkpoint that the run goes
            on from; of this folder, it is the same training.

    Raises:
        InputError: Names one of them.
    """
    there = saved_by_a_training(Path(folder))
    if not there or (resumed and _lies_in(resumed, folder)):
        return
    raise InputError(
        where=os.fspath(folder),
        found=f'a training has saved {there[0].name} in this work dir',
        cure='Go on with it by --resume, train in another --work-dir, or '
        'remove its checkpoints by --overwrite (default_hooks.work_dir.'
        "overwrite=True in MMPose's own tools).",
    )


def empty_work_dir(
    folder: str | os.PathLike,
    needed: str | os.PathLike | None = None,
    resumed: str | os.PathLike | None = None,
) -> None:
    """Remove the checkpoints of an earlier training.

    Args:
        folder (str or PathLike): Where they are.
        needed (str or PathLike, optional): What the run starts from.
        resumed (str or PathLike, optional): The checkpoint that the run goes
            on from; if it lies there, nothing is removed.

    Raises:
        InputError: If the run starts from one of them.
    """
    if resumed and _lies_in(resumed, folder):
        return
    there = saved_by_a_training(Path(folder))
    if needed and any(_same(needed, file) for file in there):
        raise InputError(
            where=f'load_from={os.fspath(needed)!r}',
            found='--overwrite would remove the file',
            cure='Copy it to another folder, or use another --work-dir.',
        )
    for file in there:
        _logger.info('Removed %s of an earlier training.', file.name)
        file.unlink()
    (Path(folder) / POINTER).unlink(missing_ok=True)
    remove_drafts(Path(folder))


def _lies_in(file: str | os.PathLike, folder: str | os.PathLike) -> bool:
    return Path(file).resolve().parent == Path(folder).resolve()


def _same(one: str | os.PathLike, other: Path) -> bool:
    return Path(one).resolve() == other.resolve()
