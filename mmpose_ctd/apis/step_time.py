"""How long a training step of each of several configs takes."""

import copy
import time
from collections.abc import Mapping, Sequence
from tempfile import TemporaryDirectory

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner

__all__ = ['step_times']


class _Steps:
    """Training steps of one config on batches that are already loaded."""

    def __init__(self, cfg: Config, work_dir: str) -> None:
        cfg = copy.deepcopy(cfg)
        cfg.work_dir = work_dir
        cfg.log_level = 'ERROR'
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        cfg.test_cfg = cfg.test_dataloader = cfg.test_evaluator = None
        cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
        self._runner = runner = Runner.from_cfg(cfg)
        batches = iter(runner.build_dataloader(cfg.train_dataloader))
        self._batches = [next(batches) for _ in range(2)]
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        runner._init_model_weights()
        runner.model.train()
        self._count = 0

    def one(self) -> float:
        batch = self._batches[self._count % len(self._batches)]
        self._count += 1
        _wait_for_the_device()
        begin = time.perf_counter()
        self._runner.model.train_step(
            batch, optim_wrapper=self._runner.optim_wrapper
        )
        _wait_for_the_device()
        return time.perf_counter() - begin


def _wait_for_the_device() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def step_times(
    configs: Mapping[str, Config], rounds: int = 7, warm_up: int = 2
) -> dict[str, Sequence[float]]:
    """Time training steps of all configs in turn, in this one process.

    In turn, so that whatever else the machine does meets them all alike. A
    step is forward, backward and optimiser on a batch of the config's own
    training data; loading is not in it.

    Args:
        configs (Mapping[str, Config]): Name -> config.
        rounds (int): Measured steps of each. Defaults to 7.
        warm_up (int): Steps of each before that. Defaults to 2.

    Returns:
        dict: Name -> seconds of each round.
    """
    with TemporaryDirectory() as folder:
        steps = {
            name: _Steps(cfg, f'{folder}/{i}')
            for i, (name, cfg) in enumerate(configs.items())
        }
        for _ in range(warm_up):
            for system in steps.values():
                system.one()
        taken = [
            {name: system.one() for name, system in steps.items()}
            for _ in range(rounds)
        ]
    return {name: np.array([t[name] for t in taken]) for name in configs}
