"""Refuses unlabelled images of those who judge a model."""

import os.path as osp

from mmengine.config import Config

from mmpose_ctd.datasets.landmark_file import (
    LandmarkFile,
    read_split,
    subject_of,
)
from mmpose_ctd.datasets.split_selection import people_of
from mmpose_ctd.datasets.unlabelled_images import unlabelled_images
from mmpose_ctd.errors import InputError

__all__ = ['refuse_unlabelled_overlap']


def refuse_unlabelled_overlap(cfg: Config) -> None:
    """See that nobody is tested or validated on who trains unlabelled.

    Args:
        cfg (Config): A Runner's config; one without a
            :class:`.PartlyLabelledDataset` passes.

    Raises:
        InputError: Tells how many people are in both, and what to set; does
            not name them.
    """
    dataset = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    if 'unlabelled' not in dataset:
        return
    root = dataset.get('data_root') or ''
    labelled = LandmarkFile.read(osp.join(root, dataset.ann_file))
    _, images = unlabelled_images(labelled, root, **dataset.unlabelled)
    seen = {subject_of(image) for image in images.values()}
    for loader in ('test_dataloader', 'val_dataloader'):
        other = (cfg.get(loader) or {}).get('dataset') or {}
        if not other.get('ann_file'):
            continue
        both = seen & _people(other)
        if both:
            split = other.get('split')
            raise InputError(
                f'train_dataloader.dataset.unlabelled shows {len(both)} of '
                f'the people of {loader}.dataset.split={split!r} while '
                'training. Add that file to train_dataloader.dataset.'
                'unlabelled.exclude.'
            )


def _people(dataset: dict) -> set[str]:
    root = dataset.get('data_root') or ''
    images = LandmarkFile.read(osp.join(root, dataset['ann_file'])).images
    if not dataset.get('split'):
        return {subject_of(image) for image in images.values()} - {None}
    return people_of(read_split(osp.join(root, dataset['split'])), images)
