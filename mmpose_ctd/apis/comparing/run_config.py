"""The Runner's config of a run: how a plan changes it, what identifies it."""

import copy
import hashlib
import json
import os.path as osp
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmpose_ctd.apis.config_components import CURE, check_components
from mmpose_ctd.apis.config_file import RUNNER_KEYS, parse_config
from mmpose_ctd.apis.config_settings import check_settings
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


class ConfigReader:
    """Reads each config of a plan once and gives changed copies of it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._read: dict[str, Config] = {}

    def of(self, cell: PlanCell) -> Config:
        """The config of a cell's run, without its splits and its work dir.

        All systems are trained and tested with the same number of steps and
        errors in pixels of the image. Nothing is validated while training,
        as nothing is chosen by it.

        Raises:
            InputError: If a config cannot be read, or if an option cannot be
                set, belongs to the plan, or is read by nothing.
        """
        if cell.config not in self._read:
            self._read[cell.config] = parse_config(cell.config)
        # Config.copy() shares what is nested.
        cfg = copy.deepcopy(self._read[cell.config])
        where = f'options of {cell.system} in {cell.study or "the plan"}'
        for option, value in cell.options.items():
            expected = _objection(option, cell.config, cfg)
            if expected:
                raise InputError(
                    where=f'{where}: {option}',
                    found=repr(value),
                    expected=expected,
                )
        try:
            merge_options(cfg, cell.options)
            if cell.options:
                init_default_scope(cfg.get('default_scope', 'mmpose'))
                check_settings(cfg)
                check_components(cfg)
        except InputError as error:
            raise InputError(
                where=f'{where}: {error.where}',
                found=error.found,
                expected=error.expected
                or f'settings that {cell.config} can have',
                cure=error.cure.replace(CURE, '').strip(),
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


def _objection(option: str, config: str, base: Mapping) -> str:
    """What is expected instead of an option; '' if it is fine.

    An option is refused that the plan itself sets, or that a Runner does not
    read.
    """
    for pattern, key in _OF_THE_PLAN.items():
        if fnmatch(option, pattern):
            return f"the plan's own key: {key}"
    if option.split('.')[0] in {*RUNNER_KEYS, 'framing'}:
        return ''
    known = ', '.join(sorted(RUNNER_KEYS & {*base}))
    return f'a setting that a training with {config} reads: {known}'


def _set_steps(cfg: Config, steps: int) -> None:
    """Train for so many steps, the schedule stretched to them."""
    before = cfg.train_cfg.get('max_iters')
    if not before:
        raise InputError(
            where=f'{cfg.filename}: train_cfg.max_iters',
            found='not set',
            expected='an IterBasedTrainLoop: all budgets of labels have the '
            'same number of steps',
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


# --------------------------------------------------------------- identity

#: What decides how a model is trained; the rest of a config logs, draws or
#: only names parts for these.
_TRAINING = (
    *('model', 'train_dataloader', 'train_cfg', 'optim_wrapper'),
    *('param_scheduler', 'custom_hooks', 'auto_scale_lr', 'randomness'),
)
#: Where things lie, and how a machine is used; the subjects count, not the
#: split that names them.
_PLACES = (
    *('data_root', 'split', 'ann_file', 'num_workers'),
    *('persistent_workers', 'pin_memory', 'how_to_get'),
)
#: Hooks that log, draw and save, or only move what others decide.
_PLAIN_HOOKS = {
    *('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler'),
    *('checkpoint', 'visualization', 'work_dir', 'resumed_config'),
    *('exact_resume', 'finite_loss', 'flip_check', 'provenance'),
}


def run_keys(
    cfg: Config, train: Sequence[str], test: Sequence[str], *data: str
) -> tuple[str, str, str]:
    """Digests that identify a run, wherever its files lie.

    ``train`` and ``test`` are subjects; ``data`` are digests of the annotation
    file that is tested on, and of another one that is learned from.

    Returns:
        tuple[str, str, str]: Of all that decides the result, of all that
        decides the training, and of the settings alone. Twelve characters
        each.
    """
    settings = {key: cfg.get(key) for key in _TRAINING}
    # What decides a training where a config has it; few do.
    if cfg.get('load_from'):
        settings['load_from'] = cfg.load_from
    hooks = {
        name: hook
        for name, hook in (cfg.get('default_hooks') or {}).items()
        if name not in _PLAIN_HOOKS and hook is not None
    }
    if hooks:
        settings['default_hooks'] = hooks
    testing = {'test_dataloader': cfg.get('test_dataloader')}
    # How it predicts does not change its training.
    model = {k: v for k, v in cfg.model.items() if k != 'test_cfg'}
    learned = dict(settings, model=model)
    training = _digest([learned, sorted(train), ' '.join(data)])
    tested = dict(testing, test_cfg=cfg.model.get('test_cfg'))
    key = _digest([training, tested, sorted(test), data[0]])
    return key, training, _digest(settings | testing)


def _digest(value) -> str:
    text = json.dumps(_plain(value), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _plain(value):
    """Without places."""
    if isinstance(value, Mapping):
        return {
            str(key): _plain(item)
            for key, item in value.items()
            if key not in _PLACES
        }
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str) and '/' in value:
        return value.rstrip('/').rsplit('/', 1)[-1]
    return value


# ------------------------------------------------------------------ files


def _texts(value) -> Iterator[str]:
    """All texts within a part of a config."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list, tuple, set)):
        parts = value.values() if isinstance(value, Mapping) else value
        for item in parts:
            yield from _texts(item)


def check_file_names(cfg: Config, known: dict[str, str]) -> None:
    """Refuse two files of one name, as runs are identified by their names.

    ``known`` are names and paths of the configs before; it is extended.
    """
    for path in _texts([cfg.model, cfg.get('load_from')]):
        if '/' not in path.rstrip('/') or not osp.splitext(path)[1]:
            continue
        other = known.setdefault(osp.basename(path), path)
        if osp.normpath(other) != osp.normpath(path):
            raise InputError(
                where=f'{other} and {path}',
                found='two files of one name',
                expected='different names: they identify a run',
                cure='Rename one of them.',
            )
