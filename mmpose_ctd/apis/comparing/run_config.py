"""The Runner's config of a plan's run."""

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping

from mmengine.config import Config

from mmpose_ctd.errors import InputError

from .cells import Cell
from .plan import Plan

__all__ = ['ConfigReader', 'surroundings']


@contextlib.contextmanager
def surroundings(variables: Mapping[str, str]) -> Iterator[None]:
    """Environment variables, for as long as the block lasts."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Without mmengine's lines about each variable that a config reads."""
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(before)


class ConfigReader:
    """Reads each config once and gives changed copies of it.

    Args:
        plan (Plan): The plan.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._read: dict[tuple, Config] = {}

    def base(self, config: str, environment: Mapping[str, str]) -> Config:
        """A config as its file has it, under these environment variables.

        Raises:
            InputError: If it cannot be read.
        """
        key = (config, tuple(sorted(environment.items())))
        if key not in self._read:
            with surroundings(environment), _silence():
                try:
                    self._read[key] = Config.fromfile(config)
                # A config is a program: whatever it raises is its mistake.
                except Exception as error:
                    told = ' '.join(str(error).split())
                    raise InputError(
                        f'{config}: {type(error).__name__}: {told}'
                    ) from error
        return self._read[key]

    def of(self, cell: Cell) -> Config:
        """The config of a cell's run, but for its splits and its work dir.

        All systems are trained and tested alike: the same number of steps,
        errors in pixels of the image, and nothing validated while training,
        as nothing is chosen by it.

        Raises:
            InputError: If an option names what the config does not have.
        """
        config = cell.variant.config or self.plan.systems[cell.system].config
        cfg = self.base(config, cell.environment).copy()
        try:
            cfg.merge_from_dict(dict(cell.options))
        except (KeyError, TypeError, IndexError) as error:
            raise InputError(
                f'{self.plan.path}: options of {cell.system} in '
                f'{cell.study}: {" ".join(str(error).split())}'
            ) from error
        self._check_options(cfg, config, cell)
        _set_steps(cfg, cell.steps)
        cfg.randomness = dict(cfg.get('randomness') or {}, seed=cell.seed)
        hook = cfg.default_hooks.checkpoint
        hook.update(
            interval=self.plan.checkpoint_every,
            max_keep_ckpts=1,
            save_last=True,
            save_best=None,
        )
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        cfg.test_evaluator = dict(
            type='LandmarkErrorMetric', unit='image', num_bootstrap=0
        )
        return cfg

    def _check_options(self, cfg: Config, config: str, cell: Cell) -> None:
        """Refuse a new top-level key: nothing would read it."""
        known = {*self.base(config, cell.environment)}
        new = [key for key in cfg if key not in known]
        if new:
            raise InputError(
                f'{self.plan.path}: options of {cell.system} in {cell.study} '
                f'set {new[0]!r}, which {config} does not have.'
            )


def _set_steps(cfg: Config, steps: int) -> None:
    """Train for so many steps, the schedule stretched to them."""
    before = cfg.train_cfg.get('max_iters')
    if not before:
        raise InputError(
            f'{cfg.filename}: train_cfg.max_iters is not set; a comparison '
            'needs an IterBasedTrainLoop, so that every budget of labels has '
            'as many steps.'
        )
    cfg.train_cfg.max_iters = cfg.train_cfg.val_interval = steps
    schedulers = cfg.get('param_scheduler') or []
    if isinstance(schedulers, Mapping):
        schedulers = [schedulers]
    for scheduler in schedulers:
        # A warm-up keeps its length.
        if scheduler.get('end') == before:
            scheduler['end'] = steps
