"""Which images the lines of a split file select."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from .landmark_file import IMAGE_LINE, subject_of

__all__ = [
    'RecordIndex',
    'Selection',
    'image_line',
    'people_of',
    'select_images',
]


class RecordIndex(dict):
    """Image id -> image record, with the records' subjects and names.

    Many splits of one set are looked up without reading all records again.
    """

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


def _indexed(images: Mapping[Hashable, dict]) -> RecordIndex:
    return images if isinstance(images, RecordIndex) else RecordIndex(images)


@dataclass(frozen=True)
class Selection:
    """What a split's lines stand for in an annotation file.

    Attributes:
        ids (frozenset): Ids of the selected image records.
        unknown_subjects (list[str]): Lines that are no image record's
            subject, in the file's order.
        unknown_images (list[str]): File names that no image record has.
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
    """Look a split's lines up among image records.

    Args:
        lines (Iterable[str]): Of :func:`~mmpose_ctd.datasets.landmark_file.
            read_split`: a subject's id selects all of its images,
            ``image:<file_name>`` selects one.
        images (Mapping): Image id -> image record; an :class:`RecordIndex`
            where several splits are looked up.
    """
    images = _indexed(images)
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
    """Who is seen in what a split selects.

    Args:
        lines (Iterable[str]): Of a split file.
        images (Mapping): Image id -> image record.

    Returns:
        set[str]: Subject ids; an image of unknown subject stands for itself,
        as ``image:<file_name>``. Unknown lines are left out.
    """
    people = set()
    for i in select_images(lines, images).ids:
        subject = subject_of(images[i])
        people.add(
            image_line(images[i]['file_name']) if subject is None else subject
        )
    return people
