"""What importing this package takes beyond importing MMPose."""

import json
import subprocess
import sys

import numpy as np

from mmpose_ctd.fresh_process import environment

__all__ = ['import_times']

# One after the other, in one process: both meet the same machine, and the
# second is what the first has not imported yet.
_CODE = """
import json, time
times = [time.perf_counter()]
import mmpose
times.append(time.perf_counter())
import mmpose_ctd
times.append(time.perf_counter())
print(json.dumps([b - a for a, b in zip(times, times[1:])]))
"""


def import_times(rounds: int) -> dict[str, np.ndarray]:
    """Import both in fresh processes.

    Returns:
        dict: ``mmpose`` -> seconds of ``import mmpose``, and ``mmpose_ctd``
        -> seconds of ``import mmpose_ctd`` after it, each (rounds,).
    """
    taken = []
    for _ in range(rounds):
        said = subprocess.check_output(
            [sys.executable, '-c', _CODE], env=environment(), text=True
        )
        taken.append(json.loads(said.splitlines()[-1]))
    mmpose, ours = np.array(taken).T
    return dict(mmpose=mmpose, mmpose_ctd=ours)
