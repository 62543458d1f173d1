"""Whose images may train a model without labels."""

import os.path as osp
from collections.abc import Sequence

from mmpose_ctd.errors import InputError

from .landmark_file import LandmarkFile, read_split, subject_of
from .split_selection import people_of, select_images

__all__ = ['labelled_part', 'unlabelled_images']


def unlabelled_images(
    labelled: LandmarkFile,
    data_root: str,
    ann_file: str,
    exclude: Sequence[str],
    split: str | None = None,
) -> tuple[LandmarkFile, dict]:
    """The image records that train without labels.

    Args:
        labelled (LandmarkFile): The set's annotations, for its people.
        data_root (str): Of the set.
        ann_file (str): See :class:`.PartlyLabelledDataset`.
        exclude (Sequence[str]): Likewise.
        split (str, optional): Likewise.

    Returns:
        tuple[LandmarkFile, dict]: The file, and its records by id without
        those of excluded people.

    Raises:
        InputError: If an image's subject is not known, or nothing is left.
    """
    where = 'dataset.unlabelled'
    if isinstance(exclude, str) or not exclude:
        raise InputError(
            f'{where}.exclude={exclude!r}; expected a list of split files: '
            'who is tested or validated on must not train, with or without '
            "labels, such as exclude=['splits/test.txt']."
        )
    file = labelled.images_of(osp.join(data_root, ann_file))
    images = file.images
    if split is not None:
        lines = read_split(osp.join(data_root, split))
        chosen = select_images(lines, images).ids
        images = {i: images[i] for i in images if i in chosen}
    unknown = [i for i, image in images.items() if subject_of(image) is None]
    if unknown:
        raise InputError(
            f"{file.path}: image id={unknown[0]} has no 'subject' "
            f'({len(unknown)} such images): whether {where}.exclude is about '
            'it cannot be known. Add the field.'
        )
    refused: set[str] = set()
    for name in exclude:
        lines = read_split(osp.join(data_root, name))
        # The test's files may select by image; people are meant.
        refused |= people_of(lines, labelled.images)
        refused |= people_of(lines, file.images) | set(lines)
    kept = {
        i: image
        for i, image in images.items()
        if subject_of(image) not in refused
    }
    if not kept:
        raise InputError(
            f'{file.path}: no image is left for {where}; split={split!r} '
            f'selects {len(images)}, all of people of exclude='
            f'{list(exclude)!r}.'
        )
    return file, kept


def labelled_part(dataset: dict) -> dict:
    """The dataset's config without unlabelled images.

    Args:
        dataset (dict): ``train_dataloader.dataset`` or another loader's;
            changed in place.

    Returns:
        dict: The same; of a dataset with labelled images alone as it was.
    """
    if dataset.get('type') == 'PartlyLabelledDataset':
        dataset['type'] = 'CIFASDDataset'
        dataset.pop('unlabelled', None)
    return dataset
