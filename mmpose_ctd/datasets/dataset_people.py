"""The people in the images of a built dataset."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from .cifasd_dataset import CIFASDDataset
from .landmark_file import subject_of
from .split_selection import image_line

__all__ = ['People', 'people_by_set']


@dataclass
class People:
    """The people of a dataset.

    Attributes:
        subjects (set[str]): Their ids. An image without a subject counts as
            itself, ``image:<file_name>``.
        nameless (int): Images without a subject.
    """

    subjects: set[str] = field(default_factory=set)
    nameless: int = 0


def people_by_set(dataset) -> dict[str, People]:
    """All people in the images of a dataset, labelled or not.

    Args:
        dataset: A :class:`.CIFASDDataset`, or a wrapper of some. The people
            of other datasets are unknown.

    Returns:
        dict[str, People]: Annotation file -> its people.
    """
    found: dict[str, People] = {}
    for part in _parts(dataset):
        if isinstance(part, CIFASDDataset):
            _add(found.setdefault(part.ann_file, People()), part)
    return found


def _parts(dataset) -> Iterator:
    """The datasets inside of mmengine's and MMPose's wrappers."""
    inner = getattr(dataset, 'datasets', None)
    if inner is None and not isinstance(dataset, CIFASDDataset):
        inner = [d for d in [getattr(dataset, 'dataset', None)] if d]
    if not inner:
        yield dataset
        return
    for part in inner:
        yield from _parts(part)


def _add(found: People, dataset: CIFASDDataset) -> None:
    images = dataset.data_prefix['img']
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        subject = subject_of(info)
        if not subject:
            found.nameless += 1
            name = os.path.relpath(info['img_path'], images)
            subject = image_line(name.replace(os.sep, '/'))
        found.subjects.add(subject)
