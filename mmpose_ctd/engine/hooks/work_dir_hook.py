"""Prevents two trainings in one work dir."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path

import filelock
from mmengine.dist import barrier, is_main_process
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import BaseLoop
from mmpose.registry import HOOKS

from mmpose_ctd.engine.checkpoint_folder import (
    OVERWRITTEN,
    POINTER,
    checkpoint_folder,
    overwritten,
    saved_by_a_training,
)
from mmpose_ctd.errors import InputError

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


def _lock_file(work_dir: str | os.PathLike) -> str:
    return os.path.realpath(os.path.join(work_dir, LOCK))


def check_used(
    work_dir: str,
    saves: Iterable[tuple[str | None, str]],
    start: str | None,
    resumes: bool,
    overwrite: bool,
) -> dict[Path, str]:
    """Refuse folders with checkpoints of another training.

    Args:
        work_dir (str): The run's.
        saves (Iterable): ``out_dir`` and ``filename_tmpl`` of each
            CheckpointHook.
        start (str, optional): The file that the run starts from. If it
            ``resumes``, the file's folder belongs to the same training.
        overwrite (bool): Whether checkpoints may be replaced.

    Returns:
        dict[Path, str]: Folders with checkpoints -> template of their names.

    Raises:
        InputError: If one may not be replaced, or is the start of the run.
    """
    folders = {Path(work_dir): ''}
    for out_dir, template in saves:
        folders[checkpoint_folder(work_dir, out_dir)] = template
    for folder, template in folders.items():
        there = saved_by_a_training(folder, template)
        there += overwritten(folder, template)
        if not there or (resumes and _lies_in(start, folder)):
            continue
        if not overwrite:
            raise InputError(
                where=str(folder),
                found=f'a training has saved {there[0].name} in this work dir',
                cure='Go on with it by --resume, train in another --work-dir, '
                'or replace its checkpoints by --overwrite. With '
                "MMPose's own tools: --resume, or --cfg-options "
                'default_hooks.work_dir.overwrite=True.',
            )
        names = {file.name for file in there}
        if _lies_in(start, folder) and Path(start).resolve().name in names:
            raise InputError(
                where=f'load_from={start!r}',
                found='--overwrite would remove the file',
                cure='Copy it to another folder, or use another --work-dir.',
            )
    return folders


def _lies_in(file: str | None, folder: Path) -> bool:
    return bool(file) and Path(file).resolve().parent == folder.resolve()


def _set_aside(folder: Path, template: str) -> None:
    """Rename the files of an earlier training; ``--resume`` ignores them."""
    there = saved_by_a_training(folder, template)
    pointer = folder / POINTER
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


def _remove_overwritten(folder: Path, template: str) -> None:
    """Remove the files that :func:`_set_aside` renamed."""
    for file in overwritten(folder, template):
        _logger.info(
            'Removed %s of an earlier training.',
            file.name.removesuffix(OVERWRITTEN),
        )
        file.unlink()
    (folder / (POINTER + OVERWRITTEN)).unlink(missing_ok=True)


@HOOKS.register_module()
class WorkDirHook(Hook):
    """Locks the work dir while training, and refuses a used one.

    A used work dir holds checkpoints of a training. Only a run that resumes
    one of them may train there.

    Args:
        overwrite (bool): Whether a run that starts from step 0 may replace
            the checkpoints of another. They are renamed at its first step
            and removed after its first checkpoint. Defaults to False.
    """

    priority = 'VERY_HIGH'

    def __init__(self, overwrite: bool = False) -> None:
        self.overwrite = overwrite
        # Folders to change at the first step, and after a checkpoint.
        self._aside: dict[Path, str] = {}
        self._remove: dict[Path, str] = {}
        self._saved = False

    def before_run(self, runner) -> None:
        """Lock the work dir, before a checkpoint is chosen in it.

        Raises:
            InputError: If another process trains there.
        """
        # A test calls this too.
        if not isinstance(runner._train_loop, BaseLoop):
            return
        if is_main_process():
            claim_work_dir(runner.work_dir)
        # The others read what the lock protects.
        barrier()

    def before_train(self, runner) -> None:
        """Refuse a used work dir.

        Raises:
            InputError: If another training has saved checkpoints there.
        """
        start, resumes = runner._load_from, bool(runner._resume)
        # With mmengine's own CheckpointHook it resumes from this folder.
        if not is_main_process() or (resumes and start is None):
            return
        saves = [
            (hook.out_dir, hook.filename_tmpl)
            for hook in runner.hooks
            if isinstance(hook, CheckpointHook)
        ]
        self._saved = False
        self._remove = check_used(
            runner.work_dir, saves, start, resumes, self.overwrite
        )
        if self.overwrite:
            self._aside = {
                folder: template
                for folder, template in self._remove.items()
                if not (resumes and _lies_in(start, folder))
            }

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        """Rename the files of an earlier training at the first step."""
        for folder in self._aside.items():
            _set_aside(*folder)
        self._aside = {}
        self._remove_replaced()

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Note that this run has its own checkpoint."""
        self._saved = True

    def after_train(self, runner) -> None:
        """Remove the earlier training if the last step saved first."""
        self._remove_replaced()

    def _remove_replaced(self) -> None:
        if self._saved:
            for folder in self._remove.items():
                _remove_overwritten(*folder)
            self._remove = {}

    def after_run(self, runner) -> None:
        """Release the work dir."""
        lock = _held.pop(_lock_file(runner.work_dir), None)
        if lock is not None:
            lock.release()
