"""Peak memory of a training run, in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from mmengine.config import Config

from mmpose_ctd.fresh_process import environment

from . import CLONE
from .synthetic_batch import synthetic_batches
from .training_steps import TrainingSteps

__all__ = ['peak_memory']


def peak_memory(
    configs: Mapping[str, Config], rounds: int, steps: int = 5
) -> dict[str, list[int]]:
    """Train each config in fresh processes, in turn.

    Args:
        configs (Mapping[str, Config]): Name -> config; they train on noise.
        rounds (int): Processes of each.
        steps (int): Training steps of a process. Defaults to 5.

    Returns:
        dict: Name -> bytes of each process: on a CPU the most that was
        resident, Python and libraries included; on a GPU the most that
        torch's allocator held at once.

    Raises:
        RuntimeError: If a process fails; the message is the end of what it
            said.
    """
    taken = {name: [] for name in configs}
    with TemporaryDirectory() as folder:
        for _ in range(rounds):
            for i, (name, cfg) in enumerate(configs.items()):
                file = f'{folder}/config_{i}.py'
                cfg.dump(file)
                taken[name].append(_in_a_process(name, file, steps))
    return taken


def _in_a_process(name: str, file: str, steps: int) -> int:
    done = subprocess.run(
        [sys.executable, '-m', __name__, file, str(steps)],
        env=environment(CLONE, OMP_NUM_THREADS=str(torch.get_num_threads())),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(
            f'{name}: the process that trains it to measure its memory '
            f'failed: {done.stderr.strip()[-2000:]}'
        )
    return int(json.loads(done.stdout.splitlines()[-1]))


def _peak_bytes() -> int:
    """The most memory that this process has held so far."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    status = Path('/proc/self/status')
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith('VmHWM:'):
                return int(line.split()[1]) * 1024
    import resource

    # A child's on Linux starts at its parent's: not used there.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == 'darwin' else peak * 1024


def _train(file: str, steps: int) -> None:
    from mmpose_ctd.apis.command_line import import_mmpose_quietly

    cfg = Config.fromfile(file)
    import_mmpose_quietly()
    with TemporaryDirectory() as folder:
        run = TrainingSteps(cfg, folder, synthetic_batches(cfg))
        for _ in range(steps):
            run.one()
        print(json.dumps(_peak_bytes()))


if __name__ == '__main__':
    _train(sys.argv[1], int(sys.argv[2]))
