"""Keeps freed memory while training on a CPU."""

import ctypes
import sys

from mmengine.device import get_device
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmpose.registry import HOOKS

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_TOP_PAD = 64 * 2**20


def keep_freed_memory() -> bool:
    """Let glibc keep freed memory for the next allocation.

    By default each large tensor is a mapping of its own. The kernel takes it
    back when the tensor is freed, and zeroes the pages of the next one. A
    training step allocates the same gigabytes as the step before. The setting
    holds for the process and its forks until they end.

    Returns:
        bool: Whether it is set; ``False`` with another C library.
    """
    if not sys.platform.startswith('linux'):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, 'gnu_get_libc_version'):
        # musl's mallopt does nothing.
        return False
    done = [
        library.mallopt(_M_MMAP_MAX, 0),
        # -1: never.
        library.mallopt(_M_TRIM_THRESHOLD, -1),
        library.mallopt(_M_TOP_PAD, _TOP_PAD),
    ]
    return all(done)


@HOOKS.register_module()
class FreedMemoryHook(Hook):
    """Calls :func:`keep_freed_memory` before training on a CPU.

    Training is faster with the same numbers, bit by bit, if the C library is
    glibc; otherwise nothing happens. To switch it off, remove the hook from
    ``custom_hooks``. ``docs/speed.md`` has the gain and the peak memory.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner) -> None:
        if get_device() == 'cpu' and keep_freed_memory():
            print_log(
                'Freed memory is kept for the next step (FreedMemoryHook).',
                'current',
            )
