"""What the system tells of the processor."""

import platform
from pathlib import Path

__all__ = ['cpu_info']

CPUINFO = Path('/proc/cpuinfo')  # of Linux


def cpu_info(field: str) -> str:
    """A field of the first processor, such as ``'model name'``.

    Args:
        field (str): Its name in Linux's ``/proc/cpuinfo``.

    Returns:
        str: Its value; where there is no such file or field, what Python
        tells of the processor: on Windows family and vendor, elsewhere
        hardly more than the architecture.
    """
    if CPUINFO.is_file():
        for line in CPUINFO.read_text().splitlines():
            name, _, value = line.partition(':')
            if name.strip() == field:
                return value.strip()
    return platform.processor() or platform.machine()
