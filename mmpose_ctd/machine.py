"""Facts about the machine: its processor, its GPU, how busy it is."""

import contextlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path

import torch
from mmengine.device import get_device

CPUINFO = Path('/proc/cpuinfo')  # of Linux


def machine_class() -> dict:
    """CPU, cores, threads, GPU, versions and load; no name, no path.

    ``load`` is the average number of running processes over the last minute,
    None where the system does not report it: above 0 before a measurement,
    others use the machine.
    """
    gpu = torch.cuda.is_available()
    return dict(
        cpu=cpu_info('model name'),
        cores=usable_cores(),
        threads=torch.get_num_threads(),
        gpu=torch.cuda.get_device_name() if gpu else None,
        fast_bfloat16=has_fast_bfloat16(get_device()),
        python=platform.python_version(),
        torch=torch.__version__,
        load=round(os.getloadavg()[0], 1)
        if hasattr(os, 'getloadavg')
        else None,
    )


def cpu_info(field: str) -> str:
    """A field of the first processor in Linux's ``/proc/cpuinfo``.

    Without such a file or field, Python's description of the processor.
    """
    if CPUINFO.is_file():
        for line in CPUINFO.read_text().splitlines():
            name, _, value = line.partition(':')
            if name.strip() == field:
                return value.strip()
    return platform.processor() or platform.machine()


def has_fast_bfloat16(device: str) -> bool:
    """Whether a device multiplies bfloat16 faster than float32.

    That is a CPU with AMX, or with AVX-512 BF16 if it is not Intel's, where it
    was slower (docs/speed.md); a GPU from Ampere on. Others emulate bfloat16.
    """
    if device.startswith('cuda'):
        # is_bf16_supported() includes emulation in some versions of torch.
        return torch.cuda.get_device_capability(device)[0] >= 8
    if device != 'cpu':
        return False
    if _cpu_has('_is_amx_tile_supported'):
        return True
    intel = 'GenuineIntel' in cpu_info('vendor_id')
    return _cpu_has('_is_avx512_bf16_supported') and not intel


@contextlib.contextmanager
def leaving_a_core() -> Iterator[None]:
    """Compute on all cores but one, which loads images.

    On two cores, two threads beside a loader take twice the time of one: each
    waits for the other, which waits for a core. The number of loader
    processes does not count: sums by other numbers of threads are rounded in
    another way. Nothing changes on a GPU, or where the user has set the
    number of threads (``OMP_NUM_THREADS``).
    """
    set_by_user = {'OMP_NUM_THREADS', 'MKL_NUM_THREADS'} & os.environ.keys()
    if get_device() != 'cpu' or set_by_user:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, min(before, usable_cores() - 1)))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _cpu_has(probe: str) -> bool:
    # Older versions of torch cannot tell.
    return getattr(torch.cpu, probe, lambda: False)()


def usable_cores() -> int:
    """Those that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
