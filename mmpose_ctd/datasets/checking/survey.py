"""Reads all of a data set that can be read, and collects what cannot."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.landmark_sides import partner_places

from ..image_file import IMAGE_SUFFIXES
from ..landmark_file import (
    LandmarkFile,
    image_problems,
    is_below,
    read_split,
    subject_of,
)
from ..split_selection import RecordIndex
from .photo_file import PhotoFile, read_photo_file
from .registry import CheckFinding, Thresholds, error
from .shapes import FaceShapes, compare_faces


@dataclass
class PhotoRecord:
    """An image record with the points of its first annotation.

    Attributes:
        place (int): Position in the file's ``images``, from 0.
        record (dict): The record as written.
        number (str): How output calls it: its id if that is a number, else
            ``#`` and its position.
        subject (str): Empty if missing.
        site (str): Empty if missing.
        file_name (str): Empty if missing.
        size (tuple[int, int], optional): Recorded width and height, if valid.
        path (Path, optional): Where its file should be.
        points (np.ndarray, optional): (K, 2) in pixels of the image; NaN
            where missing. None without a readable annotation.
        num_annotations (int): Annotations of this image.
        num_faces (int): Readable annotations of it that differ.
    """

    place: int
    record: dict
    number: str
    subject: str
    site: str
    file_name: str
    size: tuple[int, int] | None
    path: Path | None
    points: np.ndarray | None = None
    num_annotations: int = 0
    num_faces: int = 1

    @property
    def labelled(self) -> bool:
        """Whether any landmark is known."""
        return self.points is not None and bool(np.isfinite(self.points).any())


class Survey:
    """The records, files and splits of a data set.

    Args:
        root (Path): The data set's folder.
        ann_file (str): Annotation file, relative to it.
        img_dir (str): The images' folder, relative to it. Defaults to
            ``'images'``.
        thresholds (Thresholds, optional): Defaults to the documented ones.
        teacher (str, optional): File of the face-recognition network for the
            check ``same-person``. Defaults to None: that check is skipped.
        on_file (Callable, optional): Called with the number of image files
            read and the number of all, for a progress bar.

    Attributes:
        names (list[str]): The K landmarks.
        photos (list[PhotoRecord]): One for each image record.
        problems (list[CheckFinding]): Unusable parts of the annotation file.

    Raises:
        MissingFileError: If a folder or file is missing.
        InputError: If the annotation file is not a COCO keypoint file.
    """

    def __init__(
        self,
        root: Path,
        ann_file: str,
        img_dir: str = 'images',
        thresholds: Thresholds | None = None,
        teacher: str | None = None,
        on_file: Callable[[int, int], None] | None = None,
    ) -> None:
        self.root = Path(root)
        self.thresholds = thresholds or Thresholds()
        self.teacher = teacher
        self.images_folder = self.root / img_dir
        self.problems: list[CheckFinding] = []
        self._on_file = on_file
        path = self.root / ann_file
        if not path.is_file():
            raise MissingFileError(
                where=str(path),
                found='no such annotation file',
                cure='Give --ann-file, relative to the data set.',
            )
        file = LandmarkFile.scan(str(path))
        self.names = file.names
        self.photos = [
            self._photo(i, record)
            for i, record in enumerate(file.image_records)
        ]
        for fault in file.problems:
            self._file_problem(fault)
        for photo in self.photos:
            self._image_problems(photo)
        by_record = {id(photo.record): photo for photo in self.photos}
        by_id = {k: by_record[id(r)] for k, r in file.images.items()}
        for i, annotation in enumerate(file.annotation_records):
            if isinstance(annotation, dict):
                photo = by_id.get(annotation.get('image_id'))
                self._annotate(file, f'annotation {i + 1}', annotation, photo)

    def _problem(self, message: str, photo=None, landmark=None) -> None:
        self.problems.append(
            error(
                message,
                () if photo is None else (photo.place,),
                () if landmark is None else (landmark,),
            )
        )

    def _file_problem(self, fault: InputError) -> None:
        # A record's id may be the name of a person: do not quote it.
        match getattr(fault, 'record', None):
            case None:
                self._problem(fault.text(with_where=False))
            case 'images', place:
                self._problem(
                    "the image record has no 'id' of its own",
                    self.photos[place],
                )
            case _, place:
                self._problem(f"annotation {place + 1} has no 'id' of its own")

    def _photo(self, place: int, record) -> PhotoRecord:
        record = record if isinstance(record, dict) else {}
        number, name = record.get('id'), record.get('file_name')
        site = record.get('site')
        size = record.get('width'), record.get('height')
        return PhotoRecord(
            place,
            record,
            # A text may name somebody.
            str(number) if type(number) is int else f'#{place + 1}',
            subject_of(record) or '',
            '' if site is None else str(site).strip(),
            name if isinstance(name, str) else '',
            size if all(type(s) is int and s > 0 for s in size) else None,
            self.images_folder / name if is_below(name) else None,
        )

    def _image_problems(self, photo: PhotoRecord) -> None:
        record = photo.record
        if photo.path is None:
            self._problem(
                "the image record has no file_name below the images' folder",
                photo,
            )
            record = {**record, 'file_name': 'hidden'}
        for fault in image_problems('', record):
            self._problem(
                f'the image record has {fault.text(with_where=False)}', photo
            )

    def _annotate(
        self,
        file: LandmarkFile,
        where: str,
        annotation: dict,
        photo: PhotoRecord | None,
    ) -> None:
        """Add an annotation's valid points to its image."""
        if photo is None:
            self._problem(
                f'{where}: its image_id is not among the images. Add the '
                "image's record, or leave the annotation out"
            )
            return
        photo.num_annotations += 1
        points = file.points(annotation)
        values = annotation.get('keypoints')
        if isinstance(values, list):
            hidden = [v if _is_harmless(v) else 'a text' for v in values]
            annotation = {**annotation, 'keypoints': hidden}
        is_usable = True
        for fault in file.annotation_problems(annotation):
            if fault.landmark is None:
                is_usable = False
            elif np.isfinite(points[self.names.index(fault.landmark)]).all():
                # Far outside the image: check ``frame`` reports it.
                continue
            text = fault.text(with_where=False)
            self._problem(f'{where}: {text}', photo, fault.landmark)
        if not is_usable:
            return
        if photo.points is None:
            photo.points = points
        elif not np.array_equal(photo.points, points, equal_nan=True):
            photo.num_faces += 1

    @property
    def labelled(self) -> list[PhotoRecord]:
        """The records with a known landmark."""
        return [photo for photo in self.photos if photo.labelled]

    @property
    def labelled_points(self) -> np.ndarray:
        """Points of :attr:`labelled`, (N, K, 2); NaN where missing."""
        points = [photo.points for photo in self.labelled]
        return np.array(points).reshape(-1, len(self.names), 2)

    @cached_property
    def partners(self) -> list[int]:
        """For each landmark the position of its mirror image among them."""
        return partner_places(self.names)

    @cached_property
    def shapes(self) -> FaceShapes | None:
        """The labelled faces compared with each other.

        None with too few faces or landmarks.
        """
        photos = self.labelled
        if len(photos) < self.thresholds.min_faces or len(self.names) < 4:
            return None
        subjects = [photo.subject or f'#{photo.place}' for photo in photos]
        return compare_faces(
            self.labelled_points,
            subjects,
            self.names,
            self.partners,
            self.thresholds.outlier_z,
            [photo.place for photo in photos],
        )

    @cached_property
    def files(self) -> list[PhotoFile]:
        """The content of each record's image file, read once."""
        found = []
        for photo in self.photos:
            found.append(
                PhotoFile('its record names no file')
                if photo.path is None
                else read_photo_file(photo.path, photo.labelled)
            )
            if self._on_file is not None:
                self._on_file(len(found), len(self.photos))
        return found

    @cached_property
    def stray_files(self) -> list[str]:
        """Image files that no record names."""
        named = {p.path.resolve() for p in self.photos if p.path}
        return sorted(
            str(file.relative_to(self.images_folder))
            for file in self.images_folder.rglob('*')
            if file.suffix.lower() in IMAGE_SUFFIXES
            and not file.name.startswith('.')
            and file.resolve() not in named
        )

    @cached_property
    def splits(self) -> dict[str, list[str] | InputError]:
        """Split file -> its lines, or why it cannot be read."""
        found: dict = {}
        for file in sorted((self.root / 'splits').glob('*.txt')):
            try:
                found[file.stem] = read_split(str(file))
            except InputError as fault:
                found[file.stem] = fault
        return found

    @cached_property
    def records(self) -> RecordIndex:
        """Position -> image record, of those with a file name."""
        return RecordIndex(
            (p.place, p.record) for p in self.photos if p.file_name
        )


def _is_harmless(value) -> bool:
    """Whether a keypoint's value cannot be personal data."""
    return value is None or isinstance(value, (int, float))
