"""What makes two runs the same run, and which files they read."""

import hashlib
import json
import os.path as osp
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from mmengine.config import Config

from mmpose_ctd.errors import InputError

__all__ = ['FileNames', 'config_hash', 'missing_weights', 'run_key',
           'train_key']  # fmt: skip

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
    'how_to_get',
)
#: Hooks that log, draw and save, or only move what others decide.
_PLAIN_HOOKS = {
    *('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler'),
    *('checkpoint', 'visualization', 'work_dir', 'resumed_config'),
    *('exact_resume', 'finite_loss', 'flip_check', 'provenance'),
}
_WEIGHTS = ('.pth', '.pt', '.pkl', '.bin', '.safetensors', '.npz', '.onnx')


def config_hash(cfg: Config) -> str:
    """Twelve characters that identify a training's and test's settings.

    Folders do not count: the same config has the same hash on another
    machine.
    """
    settings = {key: cfg.get(key) for key in (*_TRAINING, *_TESTING)}
    return _digest(settings | _unusual(cfg))


def train_key(cfg: Config, train: Sequence[str], data: str) -> str:
    """Identify a training.

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
    """Identify a training's test.

    Args:
        training (str): Of :func:`train_key`.
        cfg (Config): What tests.
        test (Sequence[str]): The tested subjects.
        data (str): Digest of the annotation file.
    """
    settings = {key: cfg.get(key) for key in _TESTING}
    settings['test_cfg'] = (cfg.get('model') or {}).get('test_cfg')
    return _digest([training, settings, sorted(test), data])


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


class _Text(NamedTuple):
    value: str
    key: str
    parent: Mapping


def _texts(
    value, key: str = '', parent: Mapping | None = None
) -> Iterator[_Text]:
    """All texts within a part of a config, with their dotted keys."""
    if isinstance(value, str):
        yield _Text(value, key, parent or {})
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(item, f'{key}.{name}'.lstrip('.'), value)
    elif isinstance(value, (list, tuple, set)):
        for index, item in enumerate(value):
            yield from _texts(item, f'{key}.{index}'.lstrip('.'), parent)


class FileNames:
    """A run is known by its files' names, so each must mean one file."""

    def __init__(self) -> None:
        self._paths: dict[str, str] = {}

    def check(self, cfg: Config) -> None:
        """Compare with the configs before.

        Raises:
            InputError: If two files have one name.
        """
        for text in _texts([cfg.model, cfg.get('load_from')]):
            path = text.value
            if '/' not in path.rstrip('/') or not osp.splitext(path)[1]:
                continue
            other = self._paths.setdefault(osp.basename(path), path)
            if osp.normpath(other) != osp.normpath(path):
                raise InputError(
                    where=f'{other} and {path}',
                    found='two files of one name',
                    expected='different names, which runs are known by',
                    cure='Rename one of them.',
                )


def missing_weights(configs: Iterable[tuple[str, Config]]) -> list[str]:
    """What will fail because a file of weights does not exist.

    A run may do without a file that its config names, such as the teacher's
    where nothing is learned from it; so this is no error.

    Args:
        configs (Iterable): System and config of each run.

    Returns:
        list[str]: A sentence a file: who names it under which key, and how to
        get it where the config says so.
    """
    found: dict[str, list] = {}
    for system, cfg in configs:
        named = {'model': cfg.model, 'load_from': cfg.get('load_from')}
        files = {text.value: text for text in _texts(named)}
        for path, text in files.items():
            # An address is fetched when it is needed.
            if path.endswith(_WEIGHTS) and '://' not in path:
                found.setdefault(path, []).append((system, text))
    sentences = []
    for path, users in found.items():
        if osp.isfile(path):
            continue
        systems = ', '.join(dict.fromkeys(system for system, _ in users))
        cures = [text.parent.get('how_to_get') for _, text in users]
        cure = next(filter(None, cures), '')
        sentences.append(
            f'{path}, {users[0][1].key} of {systems}, does not exist; the '
            f'{len(users)} runs that read it will fail.'
            + (f' To get it: {cure}' if cure else '')
        )
    return sentences
