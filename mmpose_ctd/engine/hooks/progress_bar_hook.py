"""A progress bar instead of log lines."""

import functools
from collections.abc import Callable

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop
from mmpose.registry import HOOKS
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Shows progress and remaining time of training and testing.

    A bar on a terminal; in a log file one line for every tenth.

    Args:
        title (str): Name of the training. Defaults to ``'training'``.
    """

    priority = 'LOW'

    def __init__(self, title: str = 'training') -> None:
        self.title = title
        self._progress: Progress | None = None

    def before_run(self, runner) -> None:
        """Make the bar end with its loop, also if the loop raises."""
        for loop in (runner._train_loop, runner._test_loop):
            if isinstance(loop, BaseLoop):
                loop.run = self._stopping(loop.run)

    def _stopping(self, run: Callable) -> Callable:
        @functools.wraps(run)
        def run_and_stop(*args, **kwargs):
            try:
                return run(*args, **kwargs)
            finally:
                self._stop()

        return run_and_stop

    def _start(self, title: str, total: int, done: int = 0) -> None:
        if not is_main_process():
            return
        self._stop()
        self._console = Console()
        self._printed = 10 * done // max(total, 1)
        self._progress = Progress(
            TextColumn('{task.description}', markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn('{task.fields[note]}'),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task(
            title, total=total, completed=done, note=''
        )
        self._title, self._total = title, total
        self._progress.start()

    def _advance(self, done: int, note: str = '') -> None:
        if self._progress is None:
            return
        self._progress.update(self._task, completed=done, note=note)
        tenth = 10 * done // max(self._total, 1)
        if not self._console.is_terminal and tenth > self._printed:
            self._printed = tenth
            print(
                f'{self._title} {done}/{self._total} {note}'.rstrip(),
                flush=True,
            )

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def before_train(self, runner) -> None:
        # A resumed run does not begin at 0.
        self._start(self.title, runner.max_iters, runner.iter)

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        loss = (outputs or {}).get('loss')
        note = (
            '' if loss is None else f'loss {torch.as_tensor(loss).item():.4g}'
        )
        self._advance(runner.iter + 1, note)

    def before_test(self, runner) -> None:
        self._start(f'{self.title}, testing', len(runner.test_dataloader))

    def after_test_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        self._advance(batch_idx + 1)
