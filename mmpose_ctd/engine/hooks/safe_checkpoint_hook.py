"""Saves checkpoints such that kills and full discs lose no finished one."""

import contextlib
import os
import os.path as osp
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmpose.registry import HOOKS

from mmpose_ctd.checkpoint_file import check_undamaged
from mmpose_ctd.engine.checkpoint_folder import (
    check_resumable,
    checkpoint_folder,
    newest_whole,
    remove_drafts,
)
from mmpose_ctd.errors import InputError
from mmpose_ctd.files import file_hash, write_whole

_BACKEND = 'whole_files'
#: In the message hub: what the checkpoint supersedes.
_SUPERSEDED = 'superseded_ckpts'
#: In the message hub: the step of the last validation. mmengine logs what
#: begins with train, val or test.
_VALIDATED = 'last_validation'


@contextlib.contextmanager
def _written(path: str | os.PathLike) -> Iterator[None]:
    """Say in one line that the disc is full."""
    try:
        yield
    except OSError as error:
        raise InputError(
            where=os.fspath(path),
            found=f'it cannot be written ({error.strerror or error})',
            cure='Earlier checkpoints are kept. Make room, then go on with '
            '--resume.',
        ) from error


class WholeFileBackend(LocalBackend):
    """mmengine's local storage with atomic writes."""

    def put(self, obj: bytes, filepath: str | os.PathLike) -> None:
        """See ``LocalBackend.put``.

        Raises:
            InputError: If the disc is full, or refuses for another reason.
        """
        os.makedirs(osp.dirname(filepath) or '.', exist_ok=True)
        with _written(filepath):
            write_whole(filepath, obj)


register_backend(_BACKEND, WholeFileBackend, force=True)


class _RemoveLater:
    """A backend that collects what to remove."""

    def __init__(self, backend: LocalBackend, note: Callable) -> None:
        self._backend = backend
        self.remove = self.rmtree = note

    def __getattr__(self, name: str):
        return getattr(self._backend, name)


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """mmengine's CheckpointHook in an order that survives a kill.

    mmengine removes the old checkpoint, then writes the new one in place.
    Here the new one is written under a temporary name and renamed,
    ``last_checkpoint`` is written, and then the old one is removed; also for
    ``best_*`` checkpoints. The next run removes what a kill left over. Only
    files of this run's folder are removed.

    A run that resumes without naming a checkpoint takes the newest whole one,
    also from a moved work dir. If it was killed between a checkpoint and its
    validation, it validates first.

    Storage other than a local disc works as in mmengine. The arguments are
    mmengine's.
    """

    #: Whether it saves to a local disc.
    _safe = False

    def before_run(self, runner) -> None:
        """Choose what to resume, before anything is loaded.

        Raises:
            InputError: If there are checkpoints and none can be used, or the
                one that is named is damaged.
        """
        resume_from_newest(runner, self.out_dir, self.filename_tmpl)
        path = runner._load_from
        if path and '://' not in str(path):
            check_undamaged(osp.expanduser(path), 'load_from')

    def before_train(self, runner) -> None:
        """See ``CheckpointHook.before_train``."""
        super().before_train(runner)
        self._safe = isinstance(self.file_backend, LocalBackend)
        if not self._safe:
            return
        self.file_client_args = None
        self.file_backend = WholeFileBackend()
        self.backend_args = dict(backend=_BACKEND)
        if is_main_process():
            for folder in {self.out_dir, runner.work_dir}:
                remove_drafts(Path(folder))
        if runner.iter:
            self._go_on(runner)

    def _go_on(self, runner) -> None:
        """Find the best checkpoints of a resumed run, and tidy up."""
        hub = runner.message_hub
        for key in [*hub.runtime_info]:
            if key.startswith('best_ckpt') or key == 'last_ckpt':
                # The work dir may have been moved.
                hub.update_info(key, self._here(hub.get_info(key)))
        if self.save_best:
            if len(self.key_indicators) == 1:
                self.best_ckpt_path = hub.runtime_info.get('best_ckpt')
            else:
                for key in self.key_indicators:
                    self.best_ckpt_path_dict[key] = hub.runtime_info.get(
                        f'best_ckpt_{key}'
                    )
        in_use = {osp.basename(str(runner._load_from))} | {
            osp.basename(str(value))
            for key, value in hub.runtime_info.items()
            if key.startswith('best_ckpt')
        }
        left = hub.runtime_info.get(_SUPERSEDED) or []
        self._remove(name for name in left if name not in in_use)
        hub.update_info(_SUPERSEDED, [])
        done = runner.epoch if self.by_epoch else runner.iter
        path = self._here(runner._load_from)
        if path and osp.basename(path) == self.filename_tmpl.format(done):
            # The validation may save it as the best.
            self.last_ckpt = path
        # Killed between a checkpoint and its validation: validate first.
        loop = runner.train_loop
        end = runner.max_epochs if self.by_epoch else runner.max_iters
        due = (
            runner.val_loop is not None
            and done >= loop.val_begin
            and (done % loop.val_interval == 0 or done == end)
        )
        if due and hub.runtime_info.get(_VALIDATED) != done:
            runner.logger.info(
                f'Validating step {done} first: its checkpoint was saved '
                'before its validation.'
            )
            runner.val_loop.run()

    def _here(self, path: str | None) -> str | None:
        """The file of that name in this run's folder, or None."""
        if not path:
            return None
        place = osp.join(self.out_dir, osp.basename(str(path)))
        return place if osp.isfile(place) else None

    def after_val_epoch(self, runner, metrics: dict | None = None) -> None:
        """See ``CheckpointHook.after_val_epoch``."""
        done = runner.epoch if self.by_epoch else runner.iter
        runner.message_hub.update_info(_VALIDATED, done)
        super().after_val_epoch(runner, metrics)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Log the checkpoint that the run resumes.

        Raises:
            InputError: If it was not saved by a training.
        """
        path = runner._load_from
        if runner._resume and path and osp.isfile(path):
            check_resumable(checkpoint, path)
            runner.logger.info(
                f'Resuming from {osp.basename(path)}, step '
                f'{checkpoint["meta"]["iter"]}, sha256 {file_hash(path)}.'
            )

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        """See ``CheckpointHook``; the former best is removed at the end."""
        with self._removing_later(runner):
            super()._save_best_checkpoint(runner, metrics)

    def _save_checkpoint_with_step(
        self, runner, step: int, meta: dict
    ) -> None:
        """See ``CheckpointHook``; the oldest one is removed at the end."""
        with self._removing_later(runner), _written(self.out_dir):
            super()._save_checkpoint_with_step(runner, step, meta)

    @contextlib.contextmanager
    def _removing_later(self, runner) -> Iterator[None]:
        """Remove superseded files after the block has ended well."""
        backend = self.file_backend
        if not self._safe or isinstance(backend, _RemoveLater):
            yield
            return
        names: list[str] = []

        def note(path: str) -> None:
            # The checkpoint of another run stays.
            if self._here(path):
                names.append(osp.basename(path))
                # For the next run, if this one is killed before removing.
                runner.message_hub.update_info(_SUPERSEDED, [*names])

        self.file_backend = _RemoveLater(backend, note)
        try:
            yield
        finally:
            self.file_backend = backend
        self._remove(names)
        runner.message_hub.update_info(_SUPERSEDED, [])

    def _remove(self, names: Iterable[str]) -> None:
        if not is_main_process():
            return
        for name in names:
            path = osp.join(self.out_dir, osp.basename(str(name)))
            if osp.isdir(path):
                # Checkpoints of DeepSpeed are folders.
                self.file_backend.rmtree(path)
            elif path.endswith('.pth') and osp.isfile(path):
                self.file_backend.remove(path)


def resume_from_newest(
    runner, out_dir: str | None = None, template: str = ''
) -> None:
    """Replace mmengine's search for the newest checkpoint by ours.

    The runner is changed if it resumes and no checkpoint is named. After
    ``TerseRunner.go_on`` the named one is the start in case there is nothing
    to resume.

    Raises:
        InputError: If there are checkpoints and none can be used.
    """
    if runner._resume != 'auto' and (
        not runner._resume or runner._load_from is not None
    ):
        return
    found = newest_whole(checkpoint_folder(runner.work_dir, out_dir), template)
    if found is None:
        runner.logger.warning(
            'Nothing to resume in the work dir: training starts at step 0.'
        )
        # Or mmengine would follow a pointer into another folder.
        runner._resume = False
        return
    for warning in found.warnings:
        runner.logger.warning(warning)
    runner._resume, runner._load_from = True, str(found.path)
