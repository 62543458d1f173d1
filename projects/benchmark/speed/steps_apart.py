"""Times training steps in turn, each config in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from tempfile import TemporaryDirectory, TemporaryFile

import numpy as np
import torch
from mmengine.config import Config

from mmpose_ctd.fresh_process import environment

from . import (
    CLONE,
    opponents,  # noqa: F401  (a process registers what it trains)
)
from .step_time import TrainingSteps
from .synthetic_batch import synthetic_batches
from .turns import seconds_of

__all__ = ['step_times_apart']

# What else a process prints is none of its answers.
_MARK = '@'


def step_times_apart(
    configs: Mapping[str, Config],
    images: Config,
    rounds: int = 7,
    warm_up: int = 2,
    alone: bool = False,
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Time training steps, each config in a process of its own.

    What a config sets for a whole process, such as how the C library keeps
    memory, is its own. The processes take turns, a step each, so that
    whatever else the machine does meets them alike; who waits for his turn
    runs nothing.

    Args:
        configs (Mapping[str, Config]): Name -> config.
        images (Config): The noise that all train on is of its sizes, see
            :func:`.synthetic_batches`.
        rounds (int): Measured turns of each. Defaults to 7.
        warm_up (int): Turns of each before that. Defaults to 2.
        alone (bool): Whether the processes live one after another, which
            takes the memory of one, and meets the machine at different
            times. Defaults to ``False``.

    Returns:
        tuple[dict, dict]: Name -> seconds of a step, (rounds,); and name
        -> the end of what a process said that failed.
    """
    groups = [[name] for name in configs] if alone else [list(configs)]
    taken, failed = {}, {}
    with TemporaryDirectory() as folder:
        file = f'{folder}/images.py'
        images.dump(file)
        for group in groups:
            chosen = {name: configs[name] for name in group}
            done = _take_turns(chosen, file, folder, rounds, warm_up)
            taken |= done[0]
            failed |= done[1]
    return taken, failed


def _take_turns(
    configs: Mapping[str, Config],
    images: str,
    folder: str,
    rounds: int,
    warm_up: int,
) -> tuple[dict, dict]:
    taken: dict[str, list[float]] = {name: [] for name in configs}
    failed: dict[str, str] = {}
    with ExitStack() as stack:
        processes = {}
        for i, (name, cfg) in enumerate(configs.items()):
            file = f'{folder}/config_{i}.py'
            cfg.dump(file)
            processes[name] = stack.enter_context(_Process(file, images))
        for count in range(warm_up + rounds):
            for name, process in processes.items():
                if name in failed:
                    continue
                try:
                    seconds = process.step()
                except RuntimeError as error:
                    failed[name] = str(error)
                    continue
                if count >= warm_up:
                    taken[name].append(seconds)
    return (
        {n: np.array(t) for n, t in taken.items() if n not in failed},
        failed,
    )


class _Process:
    """Another Python process, which takes training steps on request."""

    def __init__(self, cfg_file: str, images: str) -> None:
        # Closed by __exit__.
        self._said = TemporaryFile('w+')  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, '-m', __name__, cfg_file, images],
            env=environment(
                CLONE, OMP_NUM_THREADS=str(torch.get_num_threads())
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )

    def step(self) -> float:
        """Seconds of a step of the next turn.

        Raises:
            RuntimeError: If the process has ended.
        """
        with suppress(BrokenPipeError):
            print(file=self._process.stdin, flush=True)
        for line in self._process.stdout:
            if line.startswith(_MARK):
                return json.loads(line[len(_MARK) :])
        raise RuntimeError(self._reason())

    def _reason(self) -> str:
        status = self._process.wait()
        self._said.seek(0)
        said = self._said.read().strip()
        if status < 0 and not said.endswith('Error'):
            return (
                f'its process was ended by signal {-status}, most likely as '
                'the machine has too little memory'
            )
        return said.splitlines()[-1] if said else f'it ended with {status}'

    def __enter__(self) -> '_Process':
        return self

    def __exit__(self, *_) -> None:
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._said.close()


def _answer(file: str, images: str) -> None:
    from mmpose_ctd.apis.command_line import import_mmpose_quietly

    cfg = Config.fromfile(file)
    import_mmpose_quietly()
    with TemporaryDirectory() as folder:
        batches = synthetic_batches(Config.fromfile(images))
        run = TrainingSteps(cfg, folder, batches)
        for _ in sys.stdin:
            seconds = seconds_of(run.turn) / run.steps
            print(f'{_MARK}{json.dumps(seconds)}', flush=True)


if __name__ == '__main__':
    _answer(sys.argv[1], sys.argv[2])
