"""Notices subjects who train a model and judge it."""

import os.path as osp

from mmengine.config import Config

from mmpose_ctd.datasets.landmark_file import (
    IMAGE_LINE,
    LandmarkFile,
    read_split,
    subject_of,
)
from mmpose_ctd.datasets.split_selection import image_line, people_of
from mmpose_ctd.datasets.subject_key import key_file
from mmpose_ctd.errors import InputError

__all__ = ['split_overlap', 'stated_overlap']


def split_overlap(cfg: Config) -> str:
    """Compare the training split with the others of the same data set.

    Args:
        cfg (Config): A Runner's config.

    Returns:
        str: One sentence, without names; empty if no subject is shared.
    """
    for loader in ('test_dataloader', 'val_dataloader'):
        both, total = _shared(cfg, loader)
        if both:
            return (
                f'{len(both)} of the {total} subjects of '
                f'{loader}.dataset are in train_dataloader.dataset, too: '
                'errors on them say nothing about new faces.'
            )
    return ''


def stated_overlap(cfg: Config) -> set[str]:
    """Who trains and tests by the config's own splits.

    Args:
        cfg (Config): A Runner's config.
    """
    return _shared(cfg, 'test_dataloader')[0]


def _shared(cfg: Config, loader: str) -> tuple[set[str], int]:
    """Who trains and is in another loader's data, and how many it has."""
    train, other = (
        (cfg.get(key) or {}).get('dataset') or {}
        for key in ('train_dataloader', loader)
    )
    folders = [_folder(dataset) for dataset in (train, other)]
    # Ids of another set may be the same by chance.
    if None in folders or folders[0] != folders[1]:
        return set(), 0
    try:
        ours, theirs = _people(train), _people(other)
    except InputError:
        # The dataset reports what is wrong with its files.
        return set(), 0
    return ours & theirs, len(theirs)


def _ann_file(dataset: dict) -> str:
    return osp.join(dataset.get('data_root') or '', dataset['ann_file'])


def _folder(dataset: dict) -> str | None:
    if not dataset.get('ann_file'):
        return None
    return osp.realpath(osp.dirname(key_file(_ann_file(dataset))))


def _people(dataset: dict) -> set[str]:
    """The subjects of a dataset; those of single images are looked up."""
    split = dataset.get('split')
    if not split:
        images = LandmarkFile.read(_ann_file(dataset)).images
        return {
            subject_of(image) or image_line(str(image.get('file_name')))
            for image in images.values()
        }
    lines = read_split(osp.join(dataset.get('data_root') or '', split))
    if not any(line.startswith(IMAGE_LINE) for line in lines):
        return {*lines}
    return people_of(lines, LandmarkFile.read(_ann_file(dataset)).images)
