"""Who is seen in a dataset that was built."""

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
        subjects (set[str]): Their ids. An image of unknown subject stands for
            itself, as ``image:<file_name>``.
        nameless (int): How many images have no subject.
    """

    subjects: set[str] = field(default_factory=set)
    nameless: int = 0


def people_by_set(dataset) -> dict[str, People]:
    """Everybody whose image a dataset gives, labelled or not.

    Args:
        dataset: A :class:`.CIFASDDataset`, or a wrapper of some. Of any other
            dataset nobody is known.

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
