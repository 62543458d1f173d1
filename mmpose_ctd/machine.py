"""The class of machine that a number was measured on; no name, no path."""

import os
import platform

import torch
from mmengine.device import get_device

from mmpose_ctd.cpu_info import cpu_info
from mmpose_ctd.engine.optim_wrappers import has_fast_bfloat16

__all__ = ['machine_class']


def machine_class() -> dict:
    """CPU, cores, threads, GPU, versions, and how busy the machine is.

    Returns:
        dict: Plain values. ``load`` is the average number of running
        processes over the last minute, ``None`` where the system does not
        tell: above 0 before a measurement, others use the machine.
    """
    gpu = torch.cuda.is_available()
    return dict(
        cpu=cpu_info('model name'),
        cores=_cores(),
        threads=torch.get_num_threads(),
        gpu=torch.cuda.get_device_name() if gpu else None,
        fast_bfloat16=has_fast_bfloat16(get_device()),
        python=platform.python_version(),
        torch=torch.__version__,
        load=_load(),
    )


def _load() -> float | None:
    has_it = hasattr(os, 'getloadavg')
    return round(os.getloadavg()[0], 1) if has_it else None


def _cores() -> int:
    """Those that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()
