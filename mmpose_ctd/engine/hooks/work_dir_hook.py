"""Keeps two trainings out of one work dir."""

import os.path as osp

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook, Hook
from mmpose.registry import HOOKS

from mmpose_ctd.engine.checkpoint_folder import checkpoint_folder
from mmpose_ctd.engine.work_dir import (
    claim_work_dir,
    empty_work_dir,
    refuse_used,
    release_work_dir,
)

__all__ = ['WorkDirHook']


@HOOKS.register_module()
class WorkDirHook(Hook):
    """Locks the work dir while it trains, and refuses a used one.

    A used work dir is one that holds checkpoints of a training. A run that
    resumes from one of them may go on there; another one would replace them
    under the same names.

    Args:
        overwrite (bool): Whether a run that starts from step 0 may remove
            the checkpoints of another. Defaults to False.
    """

    priority = 'VERY_HIGH'

    def __init__(self, overwrite: bool = False) -> None:
        self.overwrite = overwrite

    def before_train(self, runner) -> None:
        """Take the work dir.

        Raises:
            InputError: If another process trains there, or has trained there.
        """
        if not is_main_process():
            return
        claim_work_dir(runner.work_dir)
        if runner._resume and runner._load_from is None:
            # mmengine's own CheckpointHook: it goes on from this folder's.
            return
        out_dirs = [
            hook.out_dir
            for hook in runner.hooks
            if isinstance(hook, CheckpointHook)
        ]
        resumed = runner._load_from if runner._resume else None
        folders = {
            str(checkpoint_folder(runner.work_dir, out_dir))
            for out_dir in out_dirs
        } | {str(runner.work_dir)}
        for folder in filter(osp.isdir, sorted(folders)):
            if not self.overwrite:
                refuse_used(folder, resumed)
            else:
                empty_work_dir(folder, runner._load_from, resumed)

    def after_run(self, runner) -> None:
        """Give the work dir back."""
        release_work_dir(runner.work_dir)
