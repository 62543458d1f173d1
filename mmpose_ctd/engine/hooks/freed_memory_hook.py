"""Keeps freed memory while training on a CPU."""

from mmengine.device import get_device
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmpose.registry import HOOKS

from mmpose_ctd.engine.freed_memory import keep_freed_memory

__all__ = ['FreedMemoryHook']


@HOOKS.register_module()
class FreedMemoryHook(Hook):
    """Calls :func:`.keep_freed_memory` before training on a CPU.

    The same numbers bit by bit, sooner, where the C library is glibc; nothing
    happens elsewhere. A GPU has an allocator of its own, which does so
    anyway. Leave the hook out of ``custom_hooks`` to switch it off. See
    ``docs/speed.md`` for what it gains and what it does to peak memory.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner) -> None:
        """Called before the first step.

        Args:
            runner (Runner): The runner.
        """
        if get_device() == 'cpu' and keep_freed_memory():
            print_log(
                'Freed memory is kept for the next step (FreedMemoryHook).',
                'current',
            )
