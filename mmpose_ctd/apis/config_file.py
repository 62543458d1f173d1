"""Reads a config file as training and testing use it, or refuses it."""

import contextlib
import importlib
import inspect
import io
import os.path as osp
import sys
from collections.abc import Callable, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.framing import check_framing, merge_options, refuse_variables
from mmpose_ctd.people_overlap import refuse_unlabelled_overlap, split_overlap

from .config_checks import check_testing

__all__ = ['RUNNER_KEYS', 'import_mmpose_quietly', 'read_config']

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
    if not osp.isfile(path):
        raise MissingFileError(
            where=path, found='the config does not exist', cure=''
        )
    refuse_variables()
    try:
        cfg = Config.fromfile(path)
    except InputError:
        raise
    # A config is a program: whatever it raises is its own mistake.
    except Exception as error:
        raise InputError(where=path, found=_reason(error)) from error
    _check_options(cfg, path, options)
    import_mmpose_quietly()
    if adjust is not None:
        adjust(cfg)
    try:
        merge_options(cfg, options)
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(
            where='--cfg-options', found=_reason(error)
        ) from error
    check_framing(cfg)
    _drop_settings_of_no_workers(cfg)
    check_testing(cfg)
    overlap = split_overlap(cfg)
    if overlap:
        print(f'warning: {overlap}', file=sys.stderr)
    refuse_unlabelled_overlap(cfg)
    return cfg


def import_mmpose_quietly() -> None:
    """Import MMPose without mmdet's prints about extras it lacks."""
    with contextlib.redirect_stdout(io.StringIO()):
        for module in ('mmpose.models', 'mmpose.visualization'):
            importlib.import_module(module)


def _check_options(cfg: Config, path: str, options: Mapping) -> None:
    """Refuse options that nothing would read."""
    for option in options:
        key = option.split('.')[0]
        if key in RUNNER_KEYS or key == 'framing':
            continue
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


def _reason(error: Exception) -> str:
    """What an exception says, in one line."""
    # A KeyError prints the repr of its message.
    plain = isinstance(error, KeyError) and len(error.args) == 1
    what = error.args[0] if plain else error
    return f'{type(error).__name__}: {" ".join(str(what).split())}'
