"""FreedMemoryHook: memory of one step is kept for the next."""

import ctypes
import os
import resource
import sys

import pytest
import torch
from toy_runner import toy_runner

from mmpose_ctd.engine.hooks import freed_memory_hook
from mmpose_ctd.engine.hooks.freed_memory_hook import keep_freed_memory

GLIBC = sys.platform.startswith('linux') and hasattr(
    ctypes.CDLL(None), 'gnu_get_libc_version'
)


def faults():
    """Pages that five large tensors, one after the other, touch anew."""
    begin = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        torch.ones(64, 2**18)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - begin


def faults_before_and_after():
    torch.set_num_threads(1)
    library = ctypes.CDLL(None)
    # glibc's own settings, in case the hook has run before.
    for name, value in ((-4, 65536), (-1, 2**17), (-2, 2**17)):
        library.mallopt(name, value)
    library.malloc_trim(0)
    before = faults()
    assert keep_freed_memory() is True
    faults()
    return before, faults()


@pytest.mark.skipif(not GLIBC, reason='the C library is another')
def test_a_step_like_the_last_one_touches_no_new_pages():
    """In a fork, as the setting cannot be undone."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            text = ' '.join(map(str, faults_before_and_after()))
            os.write(write, text.encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as file:
        before, after = map(int, file.read().split())
    os.waitpid(child, 0)
    # 64 MiB in pages of 4 KiB, or of 2 MiB.
    assert after < 20 < before


@pytest.mark.parametrize(('device', 'calls'), [('cpu', 1), ('cuda', 0)])
def test_a_training_on_a_cpu_keeps_memory(
    tmp_path, monkeypatch, device, calls
):
    made = []
    monkeypatch.setattr(freed_memory_hook, 'get_device', lambda: device)
    monkeypatch.setattr(
        freed_memory_hook, 'keep_freed_memory', lambda: made.append(1) or True
    )
    toy_runner(tmp_path, custom_hooks=[dict(type='FreedMemoryHook')]).train()
    assert len(made) == calls
