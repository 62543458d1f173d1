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
from .synthetic_batch import synthetic_batches
from .training_steps import WARM_UP, TrainingSteps

__all__ = ['step_times_apart']

# What else a process prints is none of its answers.
_MARK = '@'


def step_times_apart(
    configs: Mapping[str, Config],
    images: Config | None,
    rounds: int,
    alone: bool = False,
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Time training steps, each config in a process of its own.

    A step is forward, backward and optimiser; loading is not in it. What a
    config sets for a whole process, such as how the C library keeps memory,
    is its own. The processes take turns, so that whatever else the machine
    does meets all of them; who waits for his turn runs nothing.

    Args:
        configs (Mapping[str, Config]): Name -> config.
        images (Config | None): The noise that all train on is of its sizes,
            see :func:`.synthetic_batches`; each on its own data if ``None``.
        rounds (int): Measured turns of each.
        alone (bool): Whether the processes live one after another, which
            takes the memory of one, and meets the machine at different
            times. Defaults to ``False``.

    Returns:
        tuple[dict, dict]: Name -> seconds of a step, (rounds,); and name
        -> the end of what a process said that failed.
    """
    groups = [[name] for name in configs] if alone else [list(configs)]
    taken, failed = {name: [] for name in configs}, {}
    with TemporaryDirectory() as folder:
        noise = f'{folder}/images.py' if images else ''
        if images:
            images.dump(noise)
        files = {n: f'{folder}/config_{i}.py' for i, n in enumerate(configs)}
        for name, cfg in configs.items():
            cfg.dump(files[name])
        for group in groups:
            with ExitStack() as stack:
                processes = {
                    name: stack.enter_context(Process(files[name], noise))
                    for name in group
                }
                for _ in range(WARM_UP + rounds):
                    for name, process in [*processes.items()]:
                        try:
                            taken[name].append(process.step())
                        except RuntimeError as error:
                            failed[name] = str(error)
                            del processes[name]
    measured = {n: np.array(t[WARM_UP:]) for n, t in taken.items()}
    return {n: t for n, t in measured.items() if n not in failed}, failed


class Process:
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

    def __enter__(self) -> 'Process':
        return self

    def __exit__(self, *_) -> None:
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._said.close()


def steps_of(file: str, images: str, folder: str) -> TrainingSteps:
    """Of a config's file, as :class:`Process` takes them."""
    noise = synthetic_batches(Config.fromfile(images)) if images else None
    return TrainingSteps(Config.fromfile(file), folder, noise)


def _answer(*files: str) -> None:
    from mmpose_ctd.apis.command_line import import_mmpose_quietly

    import_mmpose_quietly()
    with TemporaryDirectory() as folder:
        run = steps_of(*files, folder)
        for _ in sys.stdin:
            print(f'{_MARK}{json.dumps(run.seconds())}', flush=True)


if __name__ == '__main__':
    _answer(*sys.argv[1:])
