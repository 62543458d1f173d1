"""Stops a training at a step, so that a test may kill it there."""

import os
import time
from pathlib import Path

from mmengine.hooks import Hook
from mmpose.registry import HOOKS

#: Environment variable: the step after which it waits for its end.
STEP = 'TEST_HOLD_AT'
#: File of the current folder that it leaves: its process.
HELD = 'held.txt'


@HOOKS.register_module()
class HoldingHook(Hook):
    # After what writes checkpoints and notes progress.
    priority = 'LOWEST'

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        if str(runner.iter + 1) != os.environ.get(STEP):
            return
        Path(HELD).write_text(str(os.getpid()))
        while True:
            time.sleep(0.05)
