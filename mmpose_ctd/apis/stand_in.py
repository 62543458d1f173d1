"""Lets a config train without its data and its teacher's file."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from mmpose_ctd.datasets.synthetic import LANDMARKS, make_synthetic_faces
from mmpose_ctd.errors import InputError
from mmpose_ctd.framing import merge_options
from mmpose_ctd.models.teachers.checkpoint import PARTS
from mmpose_ctd.models.teachers.source_config import source_config

from .config_file import quiet_logs

NOTICE = (
    'STAND-IN: synthetic faces and a teacher with random weights. This shows '
    'that the config runs; its numbers mean nothing.'
)
_STEPS = 20
_FACES = 16
_SIDE = 128
# What names a file's content; the stand-in has the usual one.
_OF_THE_FILE = ('prefix', 'state_key', 'how_to_get')


def use_stand_ins(cfg: Config, folder: str | Path) -> None:
    """Make synthetic faces and a random teacher, and point a config to them.

    The config trains for 20 steps of 2 images, at 128x128 pixels. ``folder``
    gets ``faces/`` and ``teacher.pth``, in place of those of an earlier run.

    Raises:
        InputError: If the config has other landmarks than synthetic faces.
    """
    folder = Path(folder)
    merge_options(cfg, {'framing.input_size': _SIDE})
    faces = make_synthetic_faces(folder / 'faces', _FACES, 128, force=True)
    train = next((faces / 'splits').glob('train_n*_seed0.txt')).name
    for loader, split in (('train', train), ('val', 'val.txt'), ('test',) * 2):
        _use_faces(cfg, loader, faces, split)
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=_STEPS, val_interval=_STEPS
    )
    for scheduler in cfg.param_scheduler:
        scheduler.update(begin=0, end=_STEPS)
    cfg.default_hooks.checkpoint.interval = _STEPS
    cfg.default_hooks.logger.interval = 5
    teacher = cfg.model.get('teacher')
    if teacher:
        _use_random_teacher(teacher, folder / 'teacher.pth', cfg)


def _use_faces(cfg: Config, loader: str, faces: Path, split: str) -> None:
    key = f'{loader}_dataloader'
    if not cfg.get(key):
        return
    dataset = cfg[key].dataset
    if dataset.get('num_keypoints', len(LANDMARKS)) != len(LANDMARKS):
        raise InputError(
            where=f'{key}.dataset.num_keypoints',
            found=str(dataset.num_keypoints),
            expected=f'{len(LANDMARKS)}, as synthetic faces have',
            cure='Try --stand-in with a config of configs/.',
        )
    dataset.update(
        data_root=f'{faces}/',
        ann_file='annotations/landmarks19.json',
        split=f'splits/{Path(split).stem}.txt',
    )
    cfg[key].update(batch_size=2, num_workers=0, persistent_workers=False)


def _use_random_teacher(teacher: dict, file: Path, cfg: Config) -> None:
    """Write a teacher as a published one is written, with random weights."""
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    for key in _OF_THE_FILE:
        teacher.pop(key, None)
    config = source_config(teacher) | dict(type='RandomSourceModel')
    with quiet_logs():
        network = MODELS.build(config | dict(checkpoint=None))
    state = {
        key: value
        for key, value in network.state_dict().items()
        if key.split('.')[0] in PARTS
    }
    torch.save(dict(state_dict=state, meta={}), file)
    teacher.checkpoint = str(file)
