"""What makes two runs the same run."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from mmengine.config import Config

__all__ = ['config_hash', 'run_key', 'train_key']

#: What decides how a model is trained; the rest of a config logs, draws or
#: only names parts for these.
_TRAINING = (
    'model',
    'train_dataloader',
    'train_cfg',
    'optim_wrapper',
    'param_scheduler',
    'custom_hooks',
    'auto_scale_lr',
    'randomness',
)
_TESTING = ('test_dataloader',)
#: Where things lie, and how a machine is used; the subjects count, not the
#: split that names them.
_PLACES = (
    'data_root',
    'split',
    'ann_file',
    'num_workers',
    'persistent_workers',
    'pin_memory',
)


#: Hooks that log, draw and save, or only move what others decide.
_PLAIN_HOOKS = {
    *('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler'),
    *('checkpoint', 'visualization', 'work_dir', 'resumed_config'),
    *('exact_resume', 'finite_loss', 'flip_check', 'provenance'),
}


def config_hash(cfg: Config) -> str:
    """Twelve characters by which a training's and test's settings are known.

    Folders do not count: the same config has the same hash on another
    machine.
    """
    settings = {key: cfg.get(key) for key in (*_TRAINING, *_TESTING)}
    return _digest(settings | _unusual(cfg))


def _unusual(cfg: Config) -> dict:
    """What decides a training where a config has it; few do."""
    found = {}
    if cfg.get('load_from'):
        found['load_from'] = cfg.load_from
    hooks = {
        name: hook
        for name, hook in (cfg.get('default_hooks') or {}).items()
        if name not in _PLAIN_HOOKS and hook is not None
    }
    if hooks:
        found['default_hooks'] = hooks
    return found


def train_key(cfg: Config, train: Sequence[str], data: str) -> str:
    """By which a training is known.

    Args:
        cfg (Config): A Runner's.
        train (Sequence[str]): The training subjects.
        data (str): Digest of the annotation file.
    """
    settings = {key: cfg.get(key) for key in _TRAINING} | _unusual(cfg)
    settings['model'] = {
        key: value
        for key, value in cfg.model.items()
        # How it predicts is no matter of its training.
        if key != 'test_cfg'
    }
    return _digest([settings, sorted(train), data])


def run_key(
    training: str, cfg: Config | Mapping, test: Sequence[str], data: str
) -> str:
    """By which a training's test is known.

    Args:
        training (str): Of :func:`train_key`.
        cfg (Config): What tests.
        test (Sequence[str]): The tested subjects.
        data (str): Digest of the annotation file.
    """
    settings = {key: cfg.get(key) for key in _TESTING}
    settings['test_cfg'] = (cfg.get('model') or {}).get('test_cfg')
    return _digest([training, settings, sorted(test), data])


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
