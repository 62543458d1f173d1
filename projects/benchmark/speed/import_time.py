"""What importing this package takes beyond importing MMPose."""

import json
import subprocess
import sys

import numpy as np

from mmpose_ctd.fresh_process import environment

__all__ = ['import_times']

# The one after the other, in one process: both meet the same machine, and
# the second is what the first has not imported yet.
_CODE = """
import json, time
times = [time.perf_counter()]
import mmpose
times.append(time.perf_counter())
import mmpose_ctd
times.append(time.perf_counter())
print(json.dumps([b - a for a, b in zip(times, times[1:])]))
"""


def import_times(rounds: int = 7) -> dict[str, np.ndarray]:
    """Import both in fresh processes.

    Args:
        rounds (int): Processes. Defaults to 7.

    Returns:
        dict: ``mmpose`` -> seconds of ``import mmpose``, and ``mmpose_ctd``
        -> seconds of ``import mmpose_ctd`` after it, each (rounds,).
    """
    taken = []
    for _ in range(rounds):
        done = subprocess.run(
            [sys.executable, '-c', _CODE],
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        taken.append(json.loads(done.stdout.splitlines()[-1]))
    mmpose, ours = np.array(taken).T
    return dict(mmpose=mmpose, mmpose_ctd=ours)
