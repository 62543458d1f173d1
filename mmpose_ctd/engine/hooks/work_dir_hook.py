"""Prevents two trainings in one work dir."""

from mmengine.dist import barrier, is_main_process
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import BaseLoop
from mmpose.registry import HOOKS

from mmpose_ctd.engine.work_dir import (
    check_used,
    claim_work_dir,
    lies_in,
    release_work_dir,
    remove_overwritten,
    save_folders,
    set_aside,
)

__all__ = ['WorkDirHook']


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
        self._aside: list[tuple[str, str]] = []
        self._remove: list[tuple[str, str]] = []
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
        if not is_main_process():
            return
        if runner._resume and runner._load_from is None:
            # mmengine's own CheckpointHook: it resumes from this folder.
            return
        resumed = runner._load_from if runner._resume else None
        saves = [
            (hook.out_dir, hook.filename_tmpl)
            for hook in runner.hooks
            if isinstance(hook, CheckpointHook)
        ]
        folders = save_folders(runner.work_dir, saves)
        check_used(folders, runner._load_from, resumed, self.overwrite)
        self._remove, self._saved = folders, False
        if self.overwrite:
            self._aside = [f for f in folders if not lies_in(resumed, f[0])]

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        """Rename the files of an earlier training at the first step."""
        for folder in self._aside:
            set_aside(*folder)
        self._aside = []
        self._remove_replaced()

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Note that this run has its own checkpoint."""
        self._saved = True

    def after_train(self, runner) -> None:
        """Remove the earlier training if the last step saved first."""
        self._remove_replaced()

    def _remove_replaced(self) -> None:
        if self._saved:
            for folder in self._remove:
                remove_overwritten(*folder)
            self._remove = []

    def after_run(self, runner) -> None:
        """Release the work dir."""
        release_work_dir(runner.work_dir)
