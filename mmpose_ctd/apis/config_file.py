"""Reads a config as training and testing use it, or refuses it."""

import contextlib
import inspect
import logging
import os.path as osp
import sys
from collections.abc import Callable, Iterator, Mapping
from os import PathLike
from typing import Any

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import HOOKS, METRICS

from mmpose_ctd.config_values import component_name
from mmpose_ctd.errors import InputError, MissingFileError, one_line
from mmpose_ctd.framing import check_framing, merge_options, refuse_variables
from mmpose_ctd.people_overlap import refuse_unlabelled_overlap, split_overlap

from .command_line import import_mmpose_quietly
from .config_components import check_components
from .config_settings import check_settings

_CHECKPOINT = 'default_hooks.checkpoint'
#: What mmengine reads from a config, absent from the file or not.
RUNNER_KEYS = {
    *inspect.signature(Runner).parameters,
    'activation_checkpointing',
    'compile',
    'efficient_conv_bn_eval',
    'find_unused_parameters',
    'model_wrapper_cfg',
    'sync_bn',
}


def read_config(
    path: str,
    options: Mapping[str, Any] | None = None,
    adjust: Callable[[Config], None] | None = None,
) -> Config:
    """Read a config, apply options, and check what a test uses.

    Args:
        path (str): The config file. A config is a program: it is run.
        options (Mapping, optional): As ``--cfg-options``: dotted keys ->
            values, ``framing.input_size`` and ``framing.face_side`` included.
        adjust (callable, optional): Changes the config before the options do.

    Raises:
        MissingFileError: If the file does not exist.
        InputError: If it cannot be read, a component or setting of it is
            wrong, an option names a key that nothing reads, or unlabelled
            training images are of the test's people.

    Example:
        >>> cfg = read_config(
        ...     'configs/frl_faces/ft_sface.py', {'framing.input_size': 192}
        ... )
        >>> cfg.codec.heatmap_size
        (48, 48)
    """
    options = options or {}
    refuse_variables()
    cfg = parse_config(path)
    _check_options(cfg, path, options)
    import_mmpose_quietly()
    if adjust is not None:
        adjust(cfg)
    merge_options(cfg, options)
    check_framing(cfg)
    _drop_settings_of_no_workers(cfg)
    check_testing(cfg)
    overlap = split_overlap(cfg)
    if overlap:
        print(f'warning: {overlap}', file=sys.stderr)
    refuse_unlabelled_overlap(cfg)
    return cfg


def parse_config(path: str | PathLike) -> Config:
    """``Config.fromfile`` without a log line for each environment variable.

    Raises:
        MissingFileError: If the file does not exist.
        InputError: If it cannot be read.
    """
    where = str(path)
    if not osp.isfile(path):
        raise MissingFileError(where=where, found='the config does not exist')
    try:
        with quiet_logs():
            return Config.fromfile(path)
    except InputError:
        raise
    # A config is a program: whatever it raises is its own mistake.
    except Exception as error:
        raise InputError(
            where=where, found=f'{type(error).__name__}: {one_line(error)}'
        ) from error


@contextlib.contextmanager
def quiet_logs() -> Iterator[None]:
    """Within, mmengine logs warnings and errors alone."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _check_options(cfg: Config, path: str, options: Mapping) -> None:
    """Refuse options that nothing would read."""
    for option in options:
        key = option.split('.')[0]
        if key in RUNNER_KEYS or key == 'framing':
            continue
        if key == 'custom_imports':
            raise InputError(
                where=f'--cfg-options {option}',
                found='modules are imported when the file is read',
                cure=f'Set custom_imports in {path}.',
            )
        if key in cfg:
            raise InputError(
                where=f'--cfg-options {option}',
                found=f'{key!r} is a variable of {path}; its value went into '
                'other settings when the file was read',
                cure='Set those, such as train_cfg.max_iters or '
                'train_dataloader.dataset.data_root.',
            )
        raise InputError(
            where=f'--cfg-options {option}',
            found=f'{path} has no {key!r}',
            expected=', '.join(sorted(RUNNER_KEYS & set(cfg))),
        )


def _drop_settings_of_no_workers(cfg: Config) -> None:
    """torch refuses them with ``num_workers=0``; configs inherit them."""
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg.get(key)
        if isinstance(loader, dict) and not loader.get('num_workers'):
            loader.pop('persistent_workers', None)
            loader.pop('prefetch_factor', None)


# ------------------------------------------------------------------ checks


def check_training(cfg: Config) -> None:
    """Refuse a config whose training would end in an error.

    The InputError names the key.
    """
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    check_settings(cfg)
    check_components(cfg)
    _check_precision(cfg)
    _check_best(cfg)


def check_testing(cfg: Config) -> None:
    """Likewise for a test; what only a training uses is not looked at."""
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    without = [
        *('train_dataloader', 'train_cfg', 'optim_wrapper'),
        *('param_scheduler', 'val_dataloader', 'val_evaluator'),
    ]
    check_settings(cfg, without)
    check_components(cfg, without)


def best_without_validation(cfg: Config) -> str:
    """A sentence about a ``save_best`` without validation to choose by.

    Empty if there is nothing to say.
    """
    best = _checkpoint_hook(cfg).get('save_best')
    if not best or cfg.get('val_cfg') is not None:
        return ''
    return (
        f'{_CHECKPOINT}.save_best={best!r} without validation: no best '
        'checkpoint is chosen.'
    )


def _check_precision(cfg: Config) -> None:
    name = component_name(cfg.get('optim_wrapper'))
    if name == 'AmpOptimWrapper' and get_device() == 'cpu':
        raise InputError(
            where='optim_wrapper.type',
            found="'AmpOptimWrapper' on a machine without GPU",
            expected="'AutocastOptimWrapper' (bfloat16 without loss scaling) "
            "or 'OptimWrapper'",
            cure='Drop loss_scale with it.',
        )


def _check_best(cfg: Config) -> None:
    """Refuse a rule or a score that no validation gives."""
    hook = _checkpoint_hook(cfg)
    best, rule = hook.get('save_best'), hook.get('rule')
    if not best:
        return
    names = [best] if isinstance(best, str) else list(best)
    rules = list(rule) if isinstance(rule, (list, tuple)) else [rule]
    rules = rules * len(names) if len(rules) == 1 else rules
    metrics = [(metric.prefix, _scores(metric)) for metric in _metrics(cfg)]
    known = {name: rule for _, own in metrics for name, rule in own.items()}
    for name, given in zip(names, rules):
        if name == 'auto' and known:
            name = next(iter(known))
        better = known.get(name)
        if better is None:
            _refuse_score(name, metrics)
        # mmengine guesses from the name, AUC's rightly.
        elif given != better and (given or better == 'less'):
            raise InputError(
                where=f'{_CHECKPOINT}.rule',
                found=f'{given!r} for save_best={name!r}',
                expected=repr(better),
                cure='That is the better direction of this score.',
            )
    try:
        HOOKS.build({k: v for k, v in hook.items() if k != 'priority'})
    except (AssertionError, KeyError, ValueError) as error:
        raise InputError(
            where=_CHECKPOINT,
            found=one_line(error),
            cure='Correct save_best and rule.',
        ) from error


def _checkpoint_hook(cfg: Config) -> dict:
    return (cfg.get('default_hooks') or {}).get('checkpoint') or {}


def _refuse_score(name: str, metrics: list[tuple[str, dict]]) -> None:
    """Refuse a score that none of the metrics gives, as far as they say."""
    if name == 'auto' or not metrics:
        return
    # Others than ours do not say what they give, but for the prefix.
    if any(
        not prefix or name.startswith(f'{prefix}/')
        for prefix, scores in metrics
        if not scores
    ):
        return
    known = [score for _, scores in metrics for score in scores]
    prefixes = [f'{prefix}/...' for prefix, _ in metrics]
    raise InputError(
        where=f'{_CHECKPOINT}.save_best',
        found=f'{name!r}, a score that val_evaluator does not give',
        expected=f'one of {", ".join(known or prefixes)}',
        cure='Correct it, or add its metric to val_evaluator.',
    )


def _metrics(cfg: Config) -> list:
    evaluator = cfg.get('val_evaluator') or []
    if isinstance(evaluator, dict):
        evaluator = evaluator.get('metrics', [evaluator])
    return [METRICS.build(dict(metric)) for metric in evaluator]


def _scores(metric) -> dict[str, str]:
    """Names of a metric's scores and which direction is better."""
    rules: dict = getattr(metric, 'rules', {})
    prefix = f'{metric.prefix}/' if metric.prefix else ''
    return {f'{prefix}{name}': rule for name, rule in rules.items()}
