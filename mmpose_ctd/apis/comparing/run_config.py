"""The Runner's config of a plan's run."""

import contextlib
import copy
import difflib
import logging
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch

from mmengine.config import Config

from mmpose_ctd.apis.config_file import RUNNER_KEYS
from mmpose_ctd.errors import InputError
from mmpose_ctd.framing import merge_options

from .cells import PlanCell
from .plan import Plan

#: Settings of a config that a plan has its own keys for.
_OF_THE_PLAN = {
    'train_cfg.max_iters': 'steps',
    'randomness.seed': 'seeds',
    'train_dataloader.dataset.split': 'train_split',
    'test_dataloader.dataset.split': 'test_split',
    'test_evaluator*': 'threshold (errors are in pixels of the image)',
    'work_dir': 'work_dir',
    'resume': 'no key, as every run resumes itself',
}
# Nearer than most names that differ on purpose, max_iters and min_iters apart.
_NEAR = 0.8


class ConfigReader:
    """Reads each config once and gives changed copies of it.

    Args:
        plan (Plan): The plan.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._read: dict[str, Config] = {}

    def base(self, config: str) -> Config:
        """A config as its file has it.

        Raises:
            InputError: If it cannot be read.
        """
        if config not in self._read:
            with _silence():
                try:
                    self._read[config] = Config.fromfile(config)
                # A config is a program: whatever it raises is its mistake.
                except Exception as error:
                    raise InputError(
                        where=config,
                        found=f'{type(error).__name__}: {_line(error)}',
                        expected='a config that mmengine can read',
                    ) from error
        return self._read[config]

    def of(self, cell: PlanCell) -> Config:
        """The config of a cell's run, but for its splits and its work dir.

        All systems are trained and tested with the same number of steps and
        errors in pixels of the image. Nothing is validated while training,
        as nothing is chosen by it.

        Raises:
            InputError: If an option cannot be set, belongs to the plan, or is
                nearly the name of another.
        """
        # Config.copy() shares what is nested.
        cfg = copy.deepcopy(self.base(cell.config))
        self._check_options(cell, dict(cfg.items()))
        try:
            merge_options(cfg, cell.options)
        except InputError as error:
            raise InputError(
                where=f'options of {cell.system} in {cell.study}',
                found=error.found,
                expected=error.expected,
                cure=error.cure,
            ) from error
        except (KeyError, TypeError, IndexError) as error:
            raise InputError(
                where=f'options of {cell.system} in {cell.study}',
                found=_line(error),
                expected=f'settings that {cell.config} can have',
            ) from error
        _set_steps(cfg, cell.steps)
        cfg.randomness = dict(cfg.get('randomness') or {}, seed=cell.seed)
        cfg.setdefault('default_hooks', {})['checkpoint'] = dict(
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

    def _check_options(self, cell: PlanCell, base: Mapping) -> None:
        """Refuse what nothing would read, and what the plan itself sets."""
        for option, value in cell.options.items():
            told = dict(
                where=f'options of {cell.system} in {cell.study or "the plan"}'
                f': {option}',
                found=repr(value),
            )
            for pattern, key in _OF_THE_PLAN.items():
                if fnmatch(option, pattern):
                    raise InputError(
                        **told, expected=f"the plan's own key: {key}"
                    )
            top = option.split('.')[0]
            if top == 'framing':
                continue
            if top not in RUNNER_KEYS:
                known = ', '.join(sorted(RUNNER_KEYS & {*base}))
                raise InputError(
                    **told,
                    expected=f'a setting that a training with {cell.config} '
                    f'reads: {known}',
                )
            near = misspelt_option(option, base)
            if near:
                raise InputError(
                    **told,
                    expected=f'{near}, which {cell.config} has',
                    cure='If a new setting is meant, write it into a config '
                    'of its own.',
                )


def misspelt_option(option: str, config: Mapping) -> str | None:
    """The option that is probably meant, if this one is not in the config.

    An option may be new, as many settings stand in no config; one whose name
    is nearly that of its neighbour would be read by nobody, or end the run.

    Args:
        option (str): Such as ``'optim_wrapper.optimizer.lrr'``.
        config (Mapping): The config, before the option is set.
    """
    parts, here = option.split('.'), config
    for i, part in enumerate(parts):
        if isinstance(here, (list, tuple)) and part.isdigit():
            inside = int(part) < len(here)
            here = here[int(part)] if inside else None
        elif not isinstance(here, Mapping):
            return None
        elif part in here:
            here = here[part]
        else:
            # A number at the end makes another name on purpose.
            near = difflib.get_close_matches(part, list(here), 1, _NEAR)
            # A number at the end makes another name on purpose.
            if not near or part[-1:].isdigit():
                return None
            return '.'.join([*parts[:i], *near, *parts[i + 1 :]])
    return None


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Without mmengine's lines about each variable that a config reads."""
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(before)


def _line(error: Exception) -> str:
    return ' '.join(str(error).split())


def _set_steps(cfg: Config, steps: int) -> None:
    """Train for so many steps, the schedule stretched to them."""
    before = cfg.train_cfg.get('max_iters')
    if not before:
        raise InputError(
            where=f'{cfg.filename}: train_cfg.max_iters',
            found='not set',
            expected='an IterBasedTrainLoop, so that every budget of labels '
            'has as many steps',
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
