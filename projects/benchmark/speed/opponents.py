"""The configs that a pair of ours is compared with."""

import copy
from os.path import isfile

from mmengine.config import Config

from mmpose_ctd.errors import InputError

from . import naive_distiller  # noqa: F401

__all__ = [
    'naive_one_forward',
    'plain_mmpose',
    'without_missing_weights',
    'without_regularizers',
]

# What CTDTopdownPoseEstimator knows and TopdownPoseEstimator does not.
_OURS = (
    'channels_last',
    'frozen',
    'init_from_teacher',
    'regularizers',
    'teacher',
    'trainable',
)
# Settings of a run, and of an optimiser, that MMPose's own configs leave out.
_FASTER_RUN = ('compile', 'activation_checkpointing', 'efficient_conv_bn_eval')
_FASTER_OPTIMIZER = ('fused', 'foreach', 'capturable')


def plain_mmpose(cfg: Config) -> Config:
    """Plain fine-tuning as a config of MMPose's own would run it.

    ``TopdownPoseEstimator`` of the same networks, in float32, NCHW, under
    ``OptimWrapper``, its head's loss ``KeypointMSELoss`` and its training
    accuracy on; model: MMPose's ``td-hm_res50_8xb32-60e_coco-wholebody-face``.
    A backbone of ours stays ours, with what makes it fast.

    Args:
        cfg (Config): One of ours; left as it is.

    Raises:
        InputError: If it freezes layers, which plain fine-tuning does not.
    """
    cfg = copy.deepcopy(cfg)
    model = cfg.model
    if model.get('frozen'):
        raise InputError(
            f'model.frozen={list(model.frozen)}: the comparison is with '
            'fine-tuning the whole network. Choose a pair that does.'
        )
    for key in _OURS:
        model.pop(key, None)
    model.type = 'TopdownPoseEstimator'
    (model.get('train_cfg') or {}).pop('compute_acc', None)
    if model.head.get('loss', {}).get('type') == 'HeatmapFrobeniusLoss':
        model.head.loss = dict(type='KeypointMSELoss', use_target_weight=True)
    for key in _FASTER_RUN:
        cfg.pop(key, None)
    (cfg.get('default_hooks') or {}).pop('freed_memory', None)
    wrapper = cfg.optim_wrapper
    wrapper.type = 'OptimWrapper'
    wrapper.pop('dtype', None)
    for key in _FASTER_OPTIMIZER:
        wrapper.optimizer.pop(key, None)
    return cfg


def naive_one_forward(ctd: Config) -> Config:
    """A :class:`.NaiveDistiller` that runs as MMPose's own configs do."""
    cfg = plain_mmpose(ctd)
    cfg.model.update(
        type='NaiveDistiller',
        teacher=copy.deepcopy(ctd.model.teacher),
        regularizers=copy.deepcopy(ctd.model.regularizers),
    )
    return cfg


def without_regularizers(ctd: Config) -> Config:
    """The FT that belongs to a CTD config."""
    cfg = copy.deepcopy(ctd)
    cfg.model.regularizers = {}
    return cfg


def without_missing_weights(cfg: Config) -> tuple[Config, list[str]]:
    """The config with random weights where it names a file that is missing.

    Time does not depend on values. Nothing is downloaded: every
    ``init_cfg`` of type ``Pretrained`` gives way to random weights, too.

    Args:
        cfg (Config): Left as it is.

    Returns:
        tuple[Config, list[str]]: And the keys that lost their weights.
    """
    cfg = copy.deepcopy(cfg)
    lost = []
    teacher = cfg.model.get('teacher')
    path = teacher and teacher.get('checkpoint')
    if path and not isfile(path):
        teacher.checkpoint = None
        cfg.model.init_from_teacher = False
        lost.append('model.teacher.checkpoint')
    _drop_pretrained(cfg.model, 'model', lost)
    return cfg, lost


def _drop_pretrained(part, name: str, lost: list[str]) -> None:
    if isinstance(part, dict):
        init = part.get('init_cfg')
        if isinstance(init, dict) and init.get('type') == 'Pretrained':
            part.init_cfg = None
            lost.append(f'{name}.init_cfg')
        for key, value in part.items():
            _drop_pretrained(value, f'{name}.{key}', lost)
