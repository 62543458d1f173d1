"""Which images and people the lines of split files select."""

import re
from collections.abc import Hashable, Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from .landmark_file import IMAGE_LINE, subject_of


class RecordIndex(dict):
    """Image id -> image record, indexed once for many splits of a set."""

    @cached_property
    def by_subject(self) -> dict[str, list]:
        """Subject -> ids of its images."""
        found: dict[str, list] = {}
        for i, image in self.items():
            subject = subject_of(image)
            if subject is not None:
                found.setdefault(subject, []).append(i)
        return found

    @cached_property
    def by_name(self) -> dict[str, list]:
        """File name -> ids of its records."""
        found: dict[str, list] = {}
        for i, image in self.items():
            name = str(image.get('file_name')).strip()
            found.setdefault(name, []).append(i)
        return found


class Selection(NamedTuple):
    """Ids of the images that a split's lines select.

    And subjects and file names without an image record, in the file's order.
    """

    ids: frozenset
    unknown_subjects: list[str]
    unknown_images: list[str]


def image_line(file_name: str) -> str:
    """The line that selects one image instead of a subject."""
    return f'{IMAGE_LINE}{file_name}'


def select_images(
    lines: Iterable[str], images: Mapping[Hashable, dict]
) -> Selection:
    """Select images by the lines of a split.

    A subject's id selects all of its images, ``image:<file_name>`` selects
    one. ``images`` maps ids to image records; a :class:`RecordIndex` makes
    several selections fast.
    """
    if not isinstance(images, RecordIndex):
        images = RecordIndex(images)
    ids: set = set()
    unknown_subjects, unknown_images = [], []
    for line in lines:
        if line.startswith(IMAGE_LINE):
            name = line[len(IMAGE_LINE) :].strip()
            found, unknown = images.by_name.get(name), unknown_images
        else:
            name = line
            found, unknown = images.by_subject.get(name), unknown_subjects
        if found is None:
            unknown.append(name)
        else:
            ids.update(found)
    return Selection(frozenset(ids), unknown_subjects, unknown_images)


def people_of(
    lines: Iterable[str], images: Mapping[Hashable, dict]
) -> set[str]:
    """The people in the images that a split selects.

    An image without a subject counts as itself, ``image:<file_name>``.
    Unknown lines are ignored.
    """
    people = set()
    for i in select_images(lines, images).ids:
        subject = subject_of(images[i])
        people.add(
            image_line(images[i]['file_name']) if subject is None else subject
        )
    return people


def alike_subjects(subjects: Iterable[str]) -> list[tuple[str, ...]]:
    """Find ids that differ only in case, spaces, dashes or zeros.

    ``S-1``, ``s-1`` and ``S1`` form a group, and so do ``7``, ``007`` and
    ``7.0``; ``a1`` and ``a10``, or ``1-23`` and ``12-3``, do not.

    Empty ids and repetitions are ignored. Groups are sorted in themselves,
    and by their first ids.
    """
    groups: dict[str, set[str]] = {}
    for subject in subjects:
        if subject.strip():
            groups.setdefault(_plain(subject), set()).add(subject)
    return sorted(tuple(sorted(g)) for g in groups.values() if len(g) > 1)


def _plain(subject: str) -> str:
    text = re.sub(r'(?<=[0-9])\.0$', '', subject.strip().casefold())
    # Between digits a mark stays: it separates two numbers.
    text = re.sub(r'(?<=[0-9])[\s_-]+(?=[0-9])', '/', text)
    text = re.sub(r'[\s_-]', '', text)
    text = re.sub(r'(?<![0-9])0+(?=[0-9])', '', text)
    # An id of marks only stays as it is.
    return text or subject
