"""Selects the images that train without labels."""

import os.path as osp

from mmpose_ctd.errors import InputError

from .landmark_file import LandmarkFile, read_split, subject_of
from .split_selection import people_of, select_images


def unlabelled_images(
    labelled: LandmarkFile, data_root: str, unlabelled: dict
) -> tuple[LandmarkFile, dict]:
    """Read the image records that train without labels.

    Args:
        labelled (LandmarkFile): The annotations of the set.
        data_root (str): Folder of the set.
        unlabelled (dict): See :class:`.PartlyLabelledDataset`.

    Returns:
        tuple[LandmarkFile, dict]: The file, and its records by id without
        those of excluded people.

    Raises:
        InputError: If a key is missing or unknown, an image has no subject,
            or no image is left.
    """
    where = 'dataset.unlabelled'
    keys = set(unlabelled)
    if not {'ann_file'} <= keys <= {'ann_file', 'exclude', 'split'}:
        raise InputError(
            where=where,
            found=f'the keys {sorted(keys)}',
            expected='ann_file, exclude and perhaps split',
        )
    ann_file, split = unlabelled['ann_file'], unlabelled.get('split')
    exclude = unlabelled.get('exclude')
    if isinstance(exclude, str) or not exclude:
        raise InputError(
            where=f'{where}.exclude',
            found=repr(exclude),
            expected='a list of split files: people who are tested or '
            'validated on must not train, with or without labels',
            cure="For example, exclude=['splits/test.txt'].",
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
            where=f'{file.path}: image id={unknown[0]}',
            found=f"no 'subject' ({len(unknown)} such images), so {where}."
            'exclude cannot be applied',
            cure='Add the field.',
        )
    refused: set[str] = set()
    for name in exclude:
        lines = read_split(osp.join(data_root, name))
        # A line may select an image; its person is excluded.
        refused |= people_of(lines, labelled.images)
        refused |= people_of(lines, file.images) | set(lines)
    kept = {
        i: image
        for i, image in images.items()
        if subject_of(image) not in refused
    }
    if not kept:
        raise InputError(
            where=file.path,
            found=f'no image is left for {where}: split={split!r} selects '
            f'{len(images)}, all of people of exclude={list(exclude)!r}',
        )
    return file, kept


def labelled_part(dataset: dict) -> dict:
    """Remove unlabelled images from a dataset's config, in place.

    Args:
        dataset (dict): Config of a loader's dataset.

    Returns:
        dict: ``dataset``.
    """
    if dataset.get('type') == 'PartlyLabelledDataset':
        dataset['type'] = 'CIFASDDataset'
        dataset.pop('unlabelled', None)
    return dataset
