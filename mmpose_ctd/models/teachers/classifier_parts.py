"""Splits a classifier into encoder and final layers."""

from mmpose.registry import MODELS
from torch import nn

from mmpose_ctd.errors import InputError

from .checkpoint_parts import PARTS
from .image_convention import ImageConvention

__all__ = ['classifier_parts', 'convention_from']


def classifier_parts(
    config: dict, data_preprocessor: dict | None, initialise: bool
) -> tuple[dict[str, nn.Module | None], ImageConvention]:
    """Build a classifier such as mmpretrain's ``ImageClassifier``.

    Names in its config are looked up in its own package first, as
    mmpretrain's tools do: ``ResNet`` in ``mmpretrain.ImageClassifier`` is
    mmpretrain's.

    Args:
        config (dict): The classifier's config.
        data_preprocessor (dict, optional): Replaces that of the config.
        initialise (bool): Whether to run its own initialisation
            (``init_cfg``, ``pretrained``).

    Returns:
        tuple: ``backbone``, ``neck`` and ``head`` (the latter two may be
        ``None``); and its image convention.

    Raises:
        InputError: If it has no backbone, or no data preprocessor is given.
    """
    config = dict(config)
    kind = config.get('type')
    named = kind if isinstance(kind, str) else getattr(kind, '__module__', '')
    scope, dot, _ = named.partition('.')
    if dot:
        config.setdefault('_scope_', scope)
    own = config.pop('data_preprocessor', None)
    if own is None and data_preprocessor is None:
        raise InputError(
            where='model.teacher.data_preprocessor',
            found=f'not set for the classifier {kind!r}',
            expected='the one it was trained with (in configs of mmpretrain '
            'beside `model`), such as dict(mean=[123.675, 116.28, 103.53], '
            'std=[58.395, 57.12, 57.375], to_rgb=True)',
        )
    convention = convention_from(
        data_preprocessor or own,
        'mmpretrain.ClsDataPreprocessor',
        config.get('_scope_'),
    )
    classifier = MODELS.build(config)
    parts = {part: getattr(classifier, part, None) for part in PARTS}
    if parts['backbone'] is None:
        raise InputError(
            where='model.teacher',
            found=f'{kind!r} has no `backbone`',
            expected='a classifier with backbone, neck and head, such as '
            'mmpretrain.ImageClassifier',
            cure='Set the encoder of another network as '
            'model.teacher.backbone of a SourceModel.',
        )
    if initialise:
        classifier.init_weights()
    return parts, convention


def convention_from(
    config: dict, kind: str, scope: str | None = None
) -> ImageConvention:
    """The convention of a data preprocessor's config.

    Args:
        config (dict): The config.
        kind (str): The type if the config has none.
        scope (str, optional): The package to look the type up in if MMPose
            does not know it. Defaults to ``None``.
    """
    config = dict(config)
    kind = config.setdefault('type', kind)
    if scope and isinstance(kind, str) and MODELS.get(kind) is None:
        config.setdefault('_scope_', scope)
    return ImageConvention.of(MODELS.build(config))
