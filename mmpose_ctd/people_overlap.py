"""People who train a model and judge it, by a config's own files."""

import os.path as osp
from collections.abc import Mapping

from mmpose_ctd.datasets.landmark_file import (
    IMAGE_LINE,
    LandmarkFile,
    read_split,
    subject_of,
)
from mmpose_ctd.datasets.partly_labelled import unlabelled_images
from mmpose_ctd.datasets.split_selection import image_line, people_of
from mmpose_ctd.datasets.subject_key import key_file
from mmpose_ctd.errors import InputError

_JUDGING = ('test_dataloader', 'val_dataloader')


def split_overlap(cfg: Mapping) -> str:
    """Compare the training split with the others of the same data set.

    One sentence, without names; empty if no subject is shared.
    """
    for loader in _JUDGING:
        both, total = _shared(cfg, loader)
        if both:
            return (
                f'{len(both)} of the {total} subjects of '
                f'{loader}.dataset are in train_dataloader.dataset, too: '
                'errors on them say nothing about new faces.'
            )
    return ''


def stated_overlap(cfg: Mapping) -> set[str]:
    """Who trains and tests by the config's own splits."""
    return _shared(cfg, 'test_dataloader')[0]


def refuse_unlabelled_overlap(cfg: Mapping) -> None:
    """Refuse a test or validation on people who train without labels.

    A config without a :class:`.PartlyLabelledDataset` passes.

    Raises:
        InputError: Says how many people are in both, and does not name them.
    """
    seen = unlabelled_people(cfg)
    for loader in _JUDGING:
        other = _dataset(cfg, loader)
        both = seen and other.get('ann_file') and seen & _people(other)
        if both:
            raise InputError(
                where='train_dataloader.dataset.unlabelled',
                found=f'it shows {len(both)} of the people of '
                f'{loader}.dataset.split={other.get("split")!r} in training',
                expected='other people',
                cure='Add that file to train_dataloader.dataset.unlabelled.'
                'exclude.',
            )


def unlabelled_people(cfg: Mapping) -> set:
    """Who trains without labels."""
    train = _dataset(cfg, 'train_dataloader')
    if not train.get('unlabelled'):
        return set()
    labelled = LandmarkFile.read(_ann_file(train))
    root = train.get('data_root') or ''
    files = unlabelled_images(labelled, root, train['unlabelled'])
    return {subject_of(i) for _, images in files for i in images.values()}


def split_people(
    cfg: Mapping, loader: str, split: str | None = None
) -> set[str] | None:
    """The subjects of a loader's split, or of another one of its data.

    None without a split: everybody.
    """
    dataset = dict(_dataset(cfg, loader))
    if split is not None:
        dataset['split'] = osp.abspath(split)
    return _people(dataset) if dataset.get('split') else None


def _dataset(cfg: Mapping, loader: str) -> Mapping:
    return (cfg.get(loader) or {}).get('dataset') or {}


def _shared(cfg: Mapping, loader: str) -> tuple[set[str], int]:
    """Who trains and is in another loader's data, and how many it has."""
    train, other = _dataset(cfg, 'train_dataloader'), _dataset(cfg, loader)
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


def _ann_file(dataset: Mapping) -> str:
    return osp.join(dataset.get('data_root') or '', dataset['ann_file'])


def _folder(dataset: Mapping) -> str | None:
    if not dataset.get('ann_file'):
        return None
    return osp.realpath(osp.dirname(key_file(_ann_file(dataset))))


def _people(dataset: Mapping) -> set[str]:
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
