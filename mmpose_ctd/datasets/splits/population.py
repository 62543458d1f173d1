"""The subjects and images of a data set that can be split."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mmpose_ctd.errors import InputError

from ..landmark_file import LandmarkFile, site_of, subject_of
from ..split_selection import RecordIndex, select_images


@dataclass
class Population:
    """The labelled images of an annotation file, by subject and site.

    Attributes:
        path (str): The annotation file.
        images (RecordIndex): Image id -> image record, of all images.
        labelled (dict): Image id -> image record, of labelled images.
        by_subject (dict[str, list]): Subject -> its labelled image records.
        notes (list[str]): What is excluded and why, a sentence each.
    """

    path: str
    images: RecordIndex
    labelled: dict
    by_subject: dict[str, list[dict]]
    notes: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: str) -> 'Population':
        """Read an annotation file.

        Raises:
            MissingFileError: If there is no such file.
            InputError: If it, or a record, cannot be used.
        """
        file = LandmarkFile.read(path)
        ids = set()
        for annotation in file.annotations:
            file.check_annotation(annotation)
            if any(v > 0 for v in annotation['keypoints'][2::3]):
                ids.add(annotation['image_id'])
        labelled = {i: r for i, r in file.images.items() if i in ids}
        if not labelled:
            raise InputError(
                where=path,
                found='no image with a labelled landmark',
                expected='images to split',
            )
        by_subject: dict[str, list[dict]] = {}
        nobody = 0
        for image in labelled.values():
            file.check_image(image)
            subject = subject_of(image)
            if subject:
                by_subject.setdefault(subject, []).append(image)
            else:
                nobody += 1
        notes = [
            f'{nobody} labelled images have no subject: only --scheme image '
            'uses them.'
        ] * (nobody > 0)
        unlabelled = len(file.images) - len(labelled)
        if unlabelled:
            notes.append(f'{unlabelled} images without labels do not count.')
        images = RecordIndex(file.images)
        return cls(path, images, labelled, by_subject, notes)

    def site_of(self, subject: str) -> str:
        """The site of most of a subject's images, by name if two tie.

        ``''`` is no site.
        """
        counts = Counter(map(site_of, self.by_subject[subject]))
        return min(counts, key=lambda site: (-counts[site], site))

    def units(self, by_site: bool) -> list[tuple[str, str]]:
        """All subjects, each with its site or ``''``.

        Raises:
            InputError: If no labelled image has a subject.
        """
        if not self.by_subject:
            raise InputError(
                where=self.path,
                found="no labelled image record has a 'subject'",
                expected='subjects, who must not be on two sides of a split',
                cure='Add the field; --scheme image splits by photograph.',
            )
        return [
            (subject, self.site_of(subject) if by_site else '')
            for subject in sorted(self.by_subject)
        ]

    def sizes(self, lines: Sequence[str]) -> tuple[int, int, dict[str, int]]:
        """Count subjects, labelled images, and subjects by site of a split."""
        ids = select_images(lines, self.images).ids
        chosen = [self.labelled[i] for i in ids if i in self.labelled]
        pairs = {(subject_of(i) or '', site_of(i)) for i in chosen}
        sites = Counter(site for subject, site in pairs if subject)
        people = {subject for subject, _ in pairs} - {''}
        return len(people), len(chosen), dict(sorted(sites.items()))

    def subjects_in(self, lines: Iterable[str]) -> set[str]:
        """The subjects of the images that a split selects.

        Raises:
            InputError: If a line selects nothing.
        """
        chosen = select_images(lines, self.images)
        unknown = len(chosen.unknown_subjects) + len(chosen.unknown_images)
        if unknown:
            raise InputError(
                where=self.path,
                found=f'{unknown} lines of the existing test or val split '
                'name no subject or image',
                cure='Correct them, or move the files away to draw new ones.',
            )
        return {subject_of(self.images[i]) for i in chosen.ids} - {None, ''}
