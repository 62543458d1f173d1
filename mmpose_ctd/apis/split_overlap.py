"""Notices subjects who train a model and judge it."""

import os.path as osp

from mmengine.config import Config

from mmpose_ctd.datasets.landmark_file import (
    IMAGE_LINE,
    LandmarkFile,
    read_split,
)
from mmpose_ctd.datasets.split_selection import people_of
from mmpose_ctd.errors import InputError

__all__ = ['split_overlap']


def split_overlap(cfg: Config) -> str:
    """Compare the training split with the others of the same annotations.

    Args:
        cfg (Config): A Runner's config.

    Returns:
        str: One sentence, without names; empty if no subject is shared, or
        the datasets have no splits.
    """
    train = _lines(cfg, 'train_dataloader')
    for loader in ('test_dataloader', 'val_dataloader'):
        other = _lines(cfg, loader)
        if train is None or other is None or train[0] != other[0]:
            continue
        ours, theirs = _people(*train), _people(*other)
        if ours is None or theirs is None:
            continue
        both = len(ours & theirs)
        if both:
            return (
                f'{both} of the {len(theirs)} subjects of '
                f'{loader}.dataset.split are in train_dataloader.dataset.'
                'split, too: errors on them say nothing about new faces.'
            )
    return ''


def _lines(cfg: Config, loader: str) -> tuple[str, list[str]] | None:
    """Annotation file and split of a loader's dataset."""
    dataset = (cfg.get(loader) or {}).get('dataset') or {}
    if not dataset.get('split') or not dataset.get('ann_file'):
        return None
    root = dataset.get('data_root') or ''
    try:
        lines = read_split(osp.join(root, dataset.split))
    except InputError:
        # The dataset tells what is wrong with it.
        return None
    return osp.join(root, dataset.ann_file), lines


def _people(ann_file: str, lines: list[str]) -> set[str] | None:
    """The subjects of a split; those of single images are looked up."""
    if not any(line.startswith(IMAGE_LINE) for line in lines):
        return {*lines}
    try:
        return people_of(lines, LandmarkFile.read(ann_file).images)
    except InputError:
        return None
