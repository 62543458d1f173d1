"""Training steps of a config, without a training around them."""

import copy
import math
import time
from collections.abc import Callable, Sequence
from uuid import uuid4

import torch
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmpose_ctd.engine.hooks import FreedMemoryHook

__all__ = ['WARM_UP', 'TrainingSteps', 'seconds_of', 'wait_for_the_device']

#: Calls before those that are measured.
WARM_UP = 2


def wait_for_the_device() -> None:
    """Until what was asked of a GPU is done; at once on a CPU."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def seconds_of(call: Callable, *args) -> float:
    """How long a call takes, with what it asked of a GPU."""
    wait_for_the_device()
    begin = time.perf_counter()
    call(*args)
    wait_for_the_device()
    return time.perf_counter() - begin


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
        self._steps = math.lcm(*(term.get('every', 1) for term in terms))

    def seconds(self) -> float:
        """Of a step: the mean of as many as it takes until each regulariser
        was computed equally often (``every=k``)."""
        return seconds_of(self._turn) / self._steps

    def _turn(self) -> None:
        for _ in range(self._steps):
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
