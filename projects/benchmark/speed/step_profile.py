"""Where the time of a training step goes."""

import time
from collections.abc import Callable, Mapping
from tempfile import TemporaryDirectory

import numpy as np
from mmengine.config import Config

from .training_steps import WARM_UP, TrainingSteps, wait_for_the_device

__all__ = ['PARTS', 'step_profile']

#: What a step is divided into; ``rest`` is what none of the others is.
PARTS = (
    'images',
    'student forward',
    'head and L_R',
    'teacher forward',
    'regularisers',
    'backward',
    'optimiser',
    'rest',
)


class _Clock:
    """Sums the seconds of calls, each without the calls inside of it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(PARTS, 0.0)
        self._open: list[float] = []

    def of(self, part: str, call: Callable) -> Callable:
        def timed(*args, **kwargs):
            wait_for_the_device()
            begin = time.perf_counter()
            self._open.append(0.0)
            try:
                return call(*args, **kwargs)
            finally:
                wait_for_the_device()
                taken = time.perf_counter() - begin
                self.seconds[part] += taken - self._open.pop()
                if self._open:
                    self._open[-1] += taken

        return timed


def _watch(run: TrainingSteps, clock: _Clock) -> None:
    """Put the clock around the parts of a run's step."""
    model, wrapper = run.runner.model, run.runner.optim_wrapper
    watched = [
        (model.data_preprocessor, 'forward', 'images'),
        (model.backbone, 'forward', 'student forward'),
        (model.head, 'loss', 'head and L_R'),
        (wrapper, 'backward', 'backward'),
        (wrapper, 'step', 'optimiser'),
        (wrapper, 'zero_grad', 'optimiser'),
    ]
    if getattr(model, 'with_neck', False):
        watched.append((model.neck, 'forward', 'head and L_R'))
    if getattr(model, 'teacher', None) is not None:
        watched.append((model.teacher, 'forward', 'teacher forward'))
    for term in getattr(model, 'active_regularizers', {}).values():
        watched.append((term, 'forward', 'regularisers'))
    for thing, name, part in watched:
        setattr(thing, name, clock.of(part, getattr(thing, name)))
    run.one = clock.of('rest', run.one)


def step_profile(
    configs: Mapping[str, Config], rounds: int, batches: list[dict]
) -> dict[str, dict[str, np.ndarray]]:
    """Divide the training steps of all configs, in turn, in this process.

    What is inside of a part that has a line of its own counts there alone, so
    that the parts add up to the step. On a GPU every part is waited for,
    which forbids what would run at the same time: look at shares there.

    Args:
        configs (Mapping[str, Config]): Name -> config.
        rounds (int): Measured steps of each.
        batches (list[dict]): As a data loader gives them.

    Returns:
        dict: Name -> part, of :data:`PARTS` -> seconds of each round,
        (rounds,).
    """
    taken = {name: {part: [] for part in PARTS} for name in configs}
    with TemporaryDirectory() as folder:
        runs, clocks = {}, {}
        for i, (name, cfg) in enumerate(configs.items()):
            run = TrainingSteps(cfg, f'{folder}/{i}', batches)
            runs[name], clocks[name] = run, _Clock()
            _watch(run, clocks[name])
        for _ in range(WARM_UP + rounds):
            for name, run in runs.items():
                clocks[name].seconds = dict.fromkeys(PARTS, 0.0)
                run.one()
                for part, seconds in clocks[name].seconds.items():
                    taken[name][part].append(seconds)
    return {
        name: {part: np.array(s[WARM_UP:]) for part, s in parts.items()}
        for name, parts in taken.items()
    }
