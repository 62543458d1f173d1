"""The Runner's config of a plan's run."""

import contextlib
import copy
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch

from mmengine.config import Config

from mmpose_ctd.apis.command_line import RUNNER_KEYS
from mmpose_ctd.errors import InputError

from .cells import Cell
from .misspelt import misspelt_option, misspelt_variable
from .plan import Plan

__all__ = ['ConfigReader', 'surroundings']

_ONE_AT_A_TIME = threading.Lock()


#: Settings of a config that a plan has its own keys for.
_OF_THE_PLAN = {
    'train_cfg.max_iters': 'steps',
    'randomness.seed': 'seeds',
    'train_dataloader.dataset.split': 'train_split',
    'test_dataloader.dataset.split': 'test_split',
    'test_evaluator*': 'threshold (errors are in pixels of the image)',
    'work_dir': 'work_dir',
    'resume': 'no matter',
}


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
            # Both change the whole process.
            with _ONE_AT_A_TIME, surroundings(environment), _silence():
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
        # Config.copy() shares what is nested.
        cfg = copy.deepcopy(self.base(config, cell.environment))
        self._check_options(config, cell)
        try:
            cfg.merge_from_dict(dict(cell.options))
        except (KeyError, TypeError, IndexError) as error:
            raise InputError(
                f'{self.plan.path}: options of {cell.system} in '
                f'{cell.study}: {" ".join(str(error).split())}'
            ) from error
        _set_steps(cfg, cell.steps)
        cfg.randomness = dict(cfg.get('randomness') or {}, seed=cell.seed)
        hooks = cfg.setdefault('default_hooks', {})
        hooks['checkpoint'] = dict(
            type='SafeCheckpointHook',
            by_epoch=False,
            interval=self.plan.checkpoint_every,
            # One to go on from if the newest is damaged later.
            max_keep_ckpts=2,
        )
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        cfg.test_evaluator = dict(
            type='LandmarkErrorMetric', unit='image', num_bootstrap=0
        )
        return cfg

    def _check_options(self, config: str, cell: Cell) -> None:
        """Refuse what nothing would read, and what the plan itself sets."""
        for name in cell.environment:
            near = misspelt_variable(name, config)
            if near:
                raise InputError(
                    f'{self.plan.path}: environment of {cell.system} in '
                    f'{cell.study or "the plan"} sets {name!r}, which '
                    f'{config} does not read; it reads {near!r}.'
                )
        base = dict(self.base(config, cell.environment).items())
        for option in cell.options:
            where = (
                f'{self.plan.path}: options of {cell.system} in '
                f'{cell.study or "the plan"} set {option!r}'
            )
            for pattern, key in _OF_THE_PLAN.items():
                if fnmatch(option, pattern):
                    raise InputError(f'{where}; that is {key} of the plan.')
            if option.split('.')[0] not in RUNNER_KEYS:
                known = RUNNER_KEYS & {*base}
                raise InputError(
                    f'{where}, which no training with {config} reads. '
                    f'Its settings are {", ".join(sorted(known))}.'
                )
            near = misspelt_option(option, base)
            if near:
                raise InputError(
                    f'{where}, which is not in {config}; {near!r} is. If it '
                    'is meant, write it into a config of your own.'
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
        for key in ('end', 'T_max'):
            if scheduler.get(key) == before:
                scheduler[key] = steps
        if scheduler.get('milestones') and not scheduler.get('by_epoch', True):
            scheduler['milestones'] = [
                round(step * steps / before) for step in scheduler.milestones
            ]
