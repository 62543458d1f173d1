"""Notices subjects who train a model and judge it."""

import os.path as osp

from mmengine.config import Config

from mmpose_ctd.datasets.landmark_file import read_split
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
    train = _subjects(cfg, 'train_dataloader')
    for loader in ('test_dataloader', 'val_dataloader'):
        other = _subjects(cfg, loader)
        if train is None or other is None or train[0] != other[0]:
            continue
        both = len(train[1] & other[1])
        if both:
            return (
                f'{both} of the {len(other[1])} subjects of '
                f'{loader}.dataset.split are in train_dataloader.dataset.'
                'split, too: errors on them say nothing about new faces.'
            )
    return ''


def _subjects(cfg: Config, loader: str) -> tuple[str, set[str]] | None:
    """Annotation file and subjects of a loader's dataset."""
    dataset = (cfg.get(loader) or {}).get('dataset') or {}
    if not dataset.get('split') or not dataset.get('ann_file'):
        return None
    root = dataset.get('data_root') or ''
    try:
        subjects = read_split(osp.join(root, dataset.split))
    except InputError:
        # The dataset tells what is wrong with it.
        return None
    return osp.join(root, dataset.ann_file), set(subjects)
