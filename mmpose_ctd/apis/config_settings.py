"""Keys and values of settings that no constructor checks by itself."""

import inspect
import logging
import math
import multiprocessing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from numbers import Integral, Real
from typing import Any

from mmengine.config import Config
from mmengine.runner import LogProcessor, Runner
from mmengine.utils.dl_utils import set_multi_processing
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.models.pose_estimators.base import BasePoseEstimator
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from mmpose_ctd.errors import InputError

from .config_components import (
    CURE,
    LOADERS,
    SECTIONS,
    find_component,
    refuse_key,
)

#: Whose dictionaries have exactly the keys below.
_KNOWN = ('mmengine', 'mmpose', 'mmpose_ctd', 'torch')
_REGISTRIES = (
    *('MODELS', 'DATASETS', 'OPTIM_WRAPPERS', 'OPTIMIZERS', 'HOOKS'),
    *('LOOPS', 'LOG_PROCESSORS'),
)


def _arguments(*functions: Callable) -> set[str]:
    found = (inspect.signature(function).parameters for function in functions)
    return {name for names in found for name in names} - {'self'}


_METAINFO = {
    *('from_file', 'dataset_name', 'paper_info', 'keypoint_info'),
    *('skeleton_info', 'joint_weights', 'sigmas', 'stats_info'),
    'measurements',
}
#: Path -> keys that are read. A star stands for any part, dots included.
_KEYS = {
    'auto_scale_lr': {'enable', 'base_batch_size'},
    'env_cfg': {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'},
    'env_cfg.mp_cfg': _arguments(set_multi_processing) - {'distributed'},
    'randomness': _arguments(Runner.set_randomness),
    'log_processor': _arguments(LogProcessor) | {'type', '_scope_'},
    'model.train_cfg': {'compute_acc'},
    'model.test_cfg': {
        *('flip_test', 'flip_mode', 'shift_heatmap', 'shift_coords'),
        *('output_heatmaps', 'output_keypoint_indices'),
    },
    'optim_wrapper*.clip_grad': {'type'}
    | _arguments(clip_grad_norm_, clip_grad_value_) - {'parameters'},
    '*_dataloader.*dataset.metainfo': _METAINFO,
    '*_dataloader.*datasets.*.metainfo': _METAINFO,
}


def _whole(least: float = -math.inf) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, Integral)
        and not isinstance(value, bool)
        and value >= least
    )


def _steps(value: Any) -> bool:
    """mmengine's loops take 500.0, too."""
    integral = isinstance(value, float) and value.is_integer()
    return _whole(1)(int(value) if integral else value)


def _not_negative(value: Any) -> bool:
    number = isinstance(value, Real) and not isinstance(value, bool)
    return number and 0 <= value < math.inf


def _seed(value: Any) -> bool:
    return value is None or (_whole(0)(value) and value < 2**32)


def _log_level(value: Any) -> bool:
    if isinstance(value, str):
        return value in logging.getLevelNamesMapping()
    return _whole(0)(value)


_POSITIVE = _whole(1), 'a whole number from 1'
_WHOLE = _whole(), 'a whole number'
_STEPS = _steps, 'a whole number from 1'
_NUMBER = _not_negative, 'a number from 0'
_SWITCH = (
    lambda value: isinstance(value, Integral) and value in (0, 1),
    'True or False',
)
_METHODS = multiprocessing.get_all_start_methods()
_MODES = ('heatmap', 'udp_combined', 'offset')
#: Path -> whether a value can be used, and what can.
_VALUES: dict[str, tuple[Callable[[Any], bool], str]] = {
    '*_dataloader.batch_size': (
        lambda value: value is None or _whole(1)(value),
        'a whole number from 1',
    ),
    '*_dataloader.num_workers': (_whole(0), 'a whole number from 0'),
    'optim_wrapper*.optimizer.lr': _NUMBER,
    'optim_wrapper*.optimizer.weight_decay': _NUMBER,
    'optim_wrapper*.accumulative_counts': _POSITIVE,
    'optim_wrapper*.clip_grad.max_norm': _NUMBER,
    'train_cfg.max_iters': _STEPS,
    'train_cfg.max_epochs': _STEPS,
    'train_cfg.val_interval': _STEPS,
    'randomness.seed': (_seed, f'a whole number from 0 to {2**32 - 1}'),
    'randomness.deterministic': _SWITCH,
    'randomness.diff_rank_seed': _SWITCH,
    'env_cfg.cudnn_benchmark': _SWITCH,
    'env_cfg.mp_cfg.mp_start_method': (
        (None, *_METHODS).__contains__,
        f'one of {", ".join(_METHODS)}',
    ),
    'env_cfg.mp_cfg.opencv_num_threads': _WHOLE,
    'log_level': (_log_level, 'DEBUG, INFO, WARNING, ERROR or CRITICAL'),
    'log_processor.window_size': _POSITIVE,
    'default_hooks.logger.interval': _POSITIVE,
    'default_hooks.checkpoint.interval': _WHOLE,
    'default_hooks.checkpoint.max_keep_ckpts': _WHOLE,
    'auto_scale_lr.enable': _SWITCH,
    'auto_scale_lr.base_batch_size': _POSITIVE,
    'model.test_cfg.flip_test': _SWITCH,
    'model.test_cfg.flip_mode': (_MODES.__contains__, f'one of {_MODES}'),
    'model.test_cfg.shift_heatmap': _SWITCH,
    'model.test_cfg.output_heatmaps': _SWITCH,
}
#: What holds other settings, or is None.
_HOLDERS = (
    *(*SECTIONS, *LOADERS, 'default_hooks', 'env_cfg', 'randomness'),
    *('log_processor', 'auto_scale_lr'),
)
_PARTS = (
    *('*_dataloader.dataset', '*_dataloader.sampler', 'model.backbone'),
    *('model.head', 'model.train_cfg', 'model.test_cfg', 'env_cfg.mp_cfg'),
    *('env_cfg.dist_cfg', 'optim_wrapper.optimizer'),
    'optim_wrapper*.clip_grad',
)


def check_settings(cfg: Config, without: Collection[str] = ()) -> None:
    """Refuse keys that nobody reads, and values that cannot be used.

    Components of other packages may read others. Of settings in ``without``,
    which this run does not use, only whether they are dictionaries counts.
    The InputError names the key.
    """
    for key in (*_HOLDERS, 'log_level'):
        for path, value, owners in _walk(cfg[key], key) if key in cfg else ():
            # Who reads a test's config looks for the training's parts, too.
            _check_holder(path, value, owners)
            if key not in without:
                _check_value(path, value, owners)
                _check_keys(path, value, owners)


def _walk(value: Any, path: str, owners: tuple = ()) -> Iterator[tuple]:
    """All settings in another, each with its path and what it lies in."""
    yield path, value, owners
    entries: Iterable = ()
    if isinstance(value, Mapping):
        entries = value.items()
    elif isinstance(value, (list, tuple)):
        entries = enumerate(value)
    for key, one in entries:
        yield from _walk(one, f'{path}.{key}', (*owners, value))


def _check_holder(path: str, value: Any, owners: tuple) -> None:
    section, *inner = path.split('.')
    listed = bool(owners) and isinstance(owners[-1], (list, tuple))
    holds = (
        path in _HOLDERS
        # A hook, one of several metrics or schedules.
        or (len(inner) == 1 and (listed or section == 'default_hooks'))
        or any(fnmatchcase(path, pattern) for pattern in _PARTS)
    )
    # Objects are the affair of those who put them there.
    if holds and isinstance(value, (str, bytes, Real)):
        _refuse(path, repr(value), 'a dictionary or a list of them')


def _check_value(path: str, value: Any, owners: tuple) -> None:
    for pattern, (usable, expected) in _VALUES.items():
        wrong = fnmatchcase(path, pattern) and not usable(value)
        if wrong and all(map(_is_known, owners)):
            _refuse(path, repr(value), expected)


def _check_keys(path: str, value: Any, owners: tuple) -> None:
    if not isinstance(value, Mapping):
        return
    for pattern, keys in _KEYS.items():
        wrong = [key for key in value if key not in keys]
        if not wrong or not fnmatchcase(path, pattern):
            continue
        if all(map(_is_known, (*owners, value))):
            found = f'no key {wrong[0]!r} is read here'
            refuse_key(path, wrong[0], found, keys)


def _is_known(owner: Any) -> bool:
    """Whether what reads a dictionary is of the packages we know."""
    if not isinstance(owner, Mapping) or owner.get('type') is None:
        return True
    kind = owner['type']
    # Of clip_grad: no component.
    if kind in ('norm', 'value'):
        return True
    if isinstance(kind, str):
        kind = find_component(kind, _REGISTRIES, owner.get('_scope_'))
    if getattr(kind, '__module__', '').split('.')[0] not in _KNOWN:
        return False
    # A model's settings are its head's; other estimators have others.
    if inspect.isclass(kind) and issubclass(kind, BasePoseEstimator):
        own = issubclass(kind, TopdownPoseEstimator)
        return own and _is_known(owner.get('head'))
    return True


def _refuse(path: str, found: str, expected: str) -> None:
    raise InputError(where=path, found=found, expected=expected, cure=CURE)
