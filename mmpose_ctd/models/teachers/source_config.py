"""Builds the source model, or reads its weights, from ``model.teacher``."""

import inspect

from mmpose.registry import MODELS
from torch import Tensor

from mmpose_ctd.errors import InputError

from .checkpoint import PARTS, load_source_state
from .source_model import SourceModel

#: Teachers that have left the package -> the module that registers them.
MOVED = dict.fromkeys(
    ('BatchStatisticsSourceModel', 'ShuffledSourceModel'),
    'projects.frl_study.control_teachers',
)


def source_config(teacher: dict) -> dict:
    """Complete a copy of ``model.teacher`` to a :class:`SourceModel`'s config.

    The default type is ``SourceModel``. A classifier's config,
    ``dict(type='mmpretrain.ImageClassifier', backbone=..., neck=...,
    head=..., data_preprocessor=..., checkpoint=...)``, becomes
    ``dict(type='SourceModel', classifier=..., checkpoint=...)``.

    Raises:
        InputError: If no component of that type is registered.
    """
    config = dict(teacher)
    kind = config.setdefault('type', 'SourceModel')
    built = kind if isinstance(kind, type) else MODELS.get(kind)
    if built is None and kind in MOVED:
        raise InputError(
            where='model.teacher.type',
            found=kind,
            expected='the type of a registered teacher',
            cure='Add to the config custom_imports = dict(imports='
            f"['mmpose_ctd', '{MOVED[kind]}'], allow_failed_imports=False), "
            'and run it from a clone of the repository with PYTHONPATH=. '
            '(projects/ is not installed).',
        )
    if built is None:
        raise InputError(
            where='model.teacher.type',
            found=f'{kind!r} is not registered',
            expected='SourceModel or a classifier such as '
            "'mmpretrain.ImageClassifier'",
        )
    if isinstance(built, type) and issubclass(built, SourceModel):
        return config
    own = set(inspect.signature(SourceModel).parameters) - set(PARTS)
    return dict(
        {key: config.pop(key) for key in own & set(config)},
        type='SourceModel',
        classifier=config,
    )


def build_source(teacher: dict) -> SourceModel:
    """Build the source model of ``model.teacher``, frozen, with its weights.

    Raises:
        InputError: See :class:`SourceModel`.
    """
    return MODELS.build(source_config(teacher))


def source_state_of(teacher: dict) -> dict[str, dict[str, Tensor]]:
    """Read the weights of ``model.teacher.checkpoint``.

    Returns:
        dict: ``{'backbone': state dict, 'neck': ..., 'head': ...}``.

    Raises:
        InputError: If no file is set; else see :func:`load_source_state`.
    """
    if teacher.get('checkpoint') is None:
        raise InputError(
            where='model.teacher.checkpoint',
            found='not set, but model.init_from_teacher=True',
            expected='the file of the source model',
            cure='Set it, or set model.init_from_teacher=False to start from '
            'model.backbone.init_cfg.',
        )
    keys = ('how_to_get', 'prefix', 'state_key')
    options = {key: teacher[key] for key in keys if key in teacher}
    return load_source_state(teacher['checkpoint'], **options)
