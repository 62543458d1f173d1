"""How long a training step of each of several configs takes."""

import copy
import math
from collections.abc import Mapping, Sequence
from tempfile import TemporaryDirectory
from uuid import uuid4

import numpy as np
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmpose_ctd.engine.hooks import FreedMemoryHook

from .turns import time_in_turn

__all__ = ['TrainingSteps', 'step_times']


class _SilentRunner(Runner):
    """Writes neither environment nor config, as nobody reads its folder.

    The one asks compilers for their versions, the other is formatted.
    """

    def _log_env(self, env_cfg: dict) -> None:
        pass

    def dump_config(self) -> None:
        pass


class TrainingSteps:
    """Training steps of one config on batches that are already loaded.

    A turn is as many steps as it takes until each regulariser was computed
    equally often (``every=k``), so that the turns are alike.

    Args:
        cfg (Config): Of a run; left as it is.
        work_dir (str): Folder for what its Runner writes.
        batches (Sequence[dict], optional): As a data loader gives them; they
            take turns. Defaults to ``None``: two of the config's own.
    """

    def __init__(
        self,
        cfg: Config,
        work_dir: str,
        batches: Sequence[dict] | None = None,
    ) -> None:
        cfg = copy.deepcopy(cfg)
        cfg.work_dir = work_dir
        cfg.log_level = 'ERROR'
        # Runners of one name share their message hub.
        cfg.experiment_name = f'benchmark_{uuid4().hex}'
        # One of a name is shared too, and with it a folder that goes.
        cfg.visualizer = dict(type='Visualizer', vis_backends=None)
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        cfg.test_cfg = cfg.test_dataloader = cfg.test_evaluator = None
        cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
        self.runner = runner = _SilentRunner.from_cfg(cfg)
        for hook in runner.hooks:
            if isinstance(hook, FreedMemoryHook):
                hook.before_train(runner)
        if batches is None:
            loaded = iter(runner.build_dataloader(cfg.train_dataloader))
            batches = [next(loaded) for _ in range(2)]
        else:
            # A checkpoint asks its loop for the data set.
            runner._train_dataloader = DataLoader(list(batches))
        self._batches = batches
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        runner._init_model_weights()
        runner.model.train()
        self._count = 0
        terms = (cfg.model.get('regularizers') or {}).values()
        self.steps = math.lcm(*(term.get('every', 1) for term in terms))

    def turn(self) -> None:
        """``self.steps`` training steps."""
        for _ in range(self.steps):
            self.one()

    def one(self) -> None:
        """Forward, backward and optimiser on the next batch."""
        batch = self._batches[self._count % len(self._batches)]
        # Nobody else counts outside of a training loop.
        MessageHub.get_current_instance().update_info('iter', self._count)
        self._count += 1
        self.runner.model.train_step(
            batch, optim_wrapper=self.runner.optim_wrapper
        )


def step_times(
    configs: Mapping[str, Config],
    rounds: int = 7,
    warm_up: int = 2,
    batches: Sequence[dict] | None = None,
) -> dict[str, np.ndarray]:
    """Time training steps of all configs in turn, in this one process.

    A step is forward, backward and optimiser; loading is not in it. What one
    config sets for the whole process, as :class:`.FreedMemoryHook` does, all
    have here; :func:`.step_times_apart` keeps them apart.

    Args:
        configs (Mapping[str, Config]): Name -> config.
        rounds (int): Measured turns of each. Defaults to 7.
        warm_up (int): Turns of each before that. Defaults to 2.
        batches (Sequence[dict], optional): What all train on. Defaults to
            ``None``: each config's own training data.

    Returns:
        dict: Name -> seconds of a step in each round, (rounds,).
    """
    with TemporaryDirectory() as folder:
        runs = {
            name: TrainingSteps(cfg, f'{folder}/{i}', batches)
            for i, (name, cfg) in enumerate(configs.items())
        }
        calls = {name: run.turn for name, run in runs.items()}
        taken = time_in_turn(calls, rounds, warm_up)
        return {name: taken[name] / runs[name].steps for name in runs}
