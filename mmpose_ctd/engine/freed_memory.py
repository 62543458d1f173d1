"""Lets a process keep the memory that it has freed."""

import ctypes
import sys

__all__ = ['keep_freed_memory']

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_TOP_PAD = 64 * 2**20


def keep_freed_memory() -> bool:
    """Tell glibc to keep freed memory for what is asked for next.

    By default each large tensor is a mapping of its own, which goes back to
    the kernel when the tensor dies; the next one's pages are zeroed anew. A
    training step asks for the same gigabytes as the step before. The setting
    holds for the process, and for those that it forks, to their end.

    Returns:
        bool: Whether it is so now; ``False`` where the C library is another.
    """
    if not sys.platform.startswith('linux'):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, 'gnu_get_libc_version'):
        # musl has a mallopt of that name, which does nothing.
        return False
    done = [
        library.mallopt(_M_MMAP_MAX, 0),
        # -1: never.
        library.mallopt(_M_TRIM_THRESHOLD, -1),
        library.mallopt(_M_TOP_PAD, _TOP_PAD),
    ]
    return all(done)
