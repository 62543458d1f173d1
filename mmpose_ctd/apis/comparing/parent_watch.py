"""Ends a job whose plan was killed."""

import os
import signal
import threading
import time

__all__ = ['end_with']


def end_with(parent: int, every: float = 0.5) -> None:
    """End this process, and what it started, when its parent has died.

    Two processes that train in one folder would destroy each other's
    checkpoints: a job must not outlive the plan that could start it again.

    Args:
        parent (int): Process id.
        every (float): Seconds between two looks.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(every)
        if hasattr(os, 'killpg') and os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
