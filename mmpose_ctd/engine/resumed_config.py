"""What sets a config apart from the one that a checkpoint was trained with."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from mmpose_ctd.engine.runner_facts import model_of
from mmpose_ctd.errors import InputError
from mmpose_ctd.privacy import redact
from mmpose_ctd.trained import trained_config

#: What decides the course of a training.
_KEYS = (
    'model',
    'train_dataloader',
    'train_cfg',
    'optim_wrapper',
    'param_scheduler',
    'auto_scale_lr',
    'randomness',
)


def config_changes(cfg: Config, checkpoint: Mapping) -> list[str]:
    """Settings that differ, such as ``'train_cfg.max_iters: 500 -> 800'``.

    Args:
        cfg (Config): Of the run that resumes.
        checkpoint (Mapping): Its config is looked at, never run.
    """
    ours = {'meta': {'cfg': redact(cfg.pretty_text)}}
    found = []
    for key in _KEYS:
        old = trained_config(redact(dict(checkpoint)), key)
        if old is not None:
            found += _differences(old, trained_config(ours, key), key)
    return found


def _differences(old: Any, new: Any, key: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}, key=str):
            yield from _differences(
                old.get(name), new.get(name), f'{key}.{name}'
            )
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield f'{key}: {len(old)} -> {len(new)} entries'
            return
        for number, (one, other) in enumerate(zip(old, new)):
            yield from _differences(one, other, f'{key}.{number}')
    elif old != new:
        yield f'{key}: {old!r} -> {new!r}'


def check_same_model(runner, checkpoint: Mapping, path: str) -> None:
    """Refuse to resume what was saved with another model or optimiser.

    mmengine loads what fits of a model and leaves the rest random.

    Args:
        runner (Runner): Its model and optimiser are built.
        checkpoint (Mapping): What was read.
        path (str): The file, for the error.

    Raises:
        InputError: Names the first weight that differs, or the optimisers.
    """
    own = model_of(runner).state_dict()
    theirs = checkpoint['state_dict']
    shapes = [
        {key: tuple(getattr(value, 'shape', ())) for key, value in one.items()}
        for one in (theirs, own)
    ]
    where = f'resume: {path!r}'
    cure = 'Resume with the config that it was trained with.'
    for key in sorted({*shapes[0], *shapes[1]}):
        old, new = (one.get(key, 'absent') for one in shapes)
        if old != new:
            raise InputError(
                where=where,
                found=f'it was trained with another model: {key} is {old}',
                expected=f'{new}, as in the config',
                cure=cure,
            )
    _check_optimizer(runner, checkpoint, where)
    saved = checkpoint.get('optimizer')
    groups = saved.get('param_groups') if isinstance(saved, Mapping) else None
    if groups is None or not hasattr(runner.optim_wrapper, 'param_groups'):
        return
    sizes = [
        [len(group['params']) for group in one]
        for one in (groups, runner.optim_wrapper.param_groups)
    ]
    if sizes[0] != sizes[1]:
        raise InputError(
            where=where,
            found=f'its optimiser learns {sum(sizes[0])} parameters in '
            f'{len(sizes[0])} groups',
            expected=f'{sum(sizes[1])} in {len(sizes[1])}, as in the config '
            '(model.frozen, model.regularizers, optim_wrapper)',
            cure=cure,
        )


def _check_optimizer(runner, checkpoint: Mapping, where: str) -> None:
    """Refuse the state of an optimiser of another type."""
    wrapper = trained_config(dict(checkpoint), 'optim_wrapper')
    optimizer = wrapper.get('optimizer') if isinstance(wrapper, dict) else None
    kind = optimizer.get('type') if isinstance(optimizer, dict) else None
    own = getattr(runner.optim_wrapper, 'optimizer', None)
    if 'optimizer' not in checkpoint or kind is None or own is None:
        return
    old, new = str(kind).rsplit('.', 1)[-1], type(own).__name__
    if old != new and {old, new} != {'Adam', 'AdamW'}:
        raise InputError(
            where=where,
            found=f'it was trained with the optimiser {old}',
            expected=f'{new}, as in the config',
            cure='Resume with the optimiser that it was trained with. To '
            'start another training from its weights: --cfg-options '
            'load_from=FILE, without --resume.',
        )
