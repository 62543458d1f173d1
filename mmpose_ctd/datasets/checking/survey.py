"""Reads all of a data set that can be read, and collects what cannot."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.landmark_sides import partner_places

from ..image_file import IMAGE_SUFFIXES
from ..json_file import read_json
from ..landmark_file import LandmarkFile, is_below, read_split, subject_of
from ..landmark_names import numbered
from ..split_selection import RecordIndex
from .photo_file import PhotoFile, read_photo_file
from .registry import CheckFinding, Thresholds, error
from .shapes import FaceShapes, compare_faces

__all__ = ['PhotoRecord', 'Survey']


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
        content = self._read_content(self.root / ann_file)
        self.names = self._names(content['categories'])
        self.photos = [
            self._photo(i, record)
            for i, record in enumerate(content['images'])
        ]
        self._by_id: dict = {}
        for photo in self.photos:
            self._register(photo)
        for i, annotation in enumerate(content['annotations']):
            self._annotate(f'annotation {i + 1}', annotation)

    def _problem(self, message: str, photo=None, landmark: str = '') -> None:
        self.problems.append(
            error(
                message,
                () if photo is None else (photo.place,),
                (landmark,) if landmark else (),
            )
        )

    def _read_content(self, path: Path) -> dict:
        if not path.is_file():
            raise MissingFileError(
                where=str(path),
                found='no such annotation file',
                cure='Give --ann-file, relative to the data set.',
            )
        content = read_json(path, str(path), 'Write it again.')
        lists = {
            key: content[key]
            for key in ('images', 'annotations', 'categories')
            if isinstance(content, dict) and isinstance(content.get(key), list)
        }
        if 'images' not in lists:
            raise InputError(
                where=str(path),
                found="no list 'images'",
                expected='a COCO keypoint file',
            )
        for key in ('annotations', 'categories'):
            if key not in lists:
                self._problem(f"the file has no list '{key}'")
        return dict(annotations=[], categories=[]) | lists

    def _names(self, categories: list) -> list[str]:
        if len(categories) != 1:
            self._problem(
                f'{len(categories)} categories; expected one, with the '
                "landmarks' names"
            )
        first = categories[0] if categories else {}
        names = first.get('keypoints') if isinstance(first, dict) else None
        if not isinstance(names, list) or not names:
            self._problem("the category has no list 'keypoints' of names")
            return []
        if not all(isinstance(n, str) and n for n in names):
            self._problem('some landmarks of the category have no name')
        return numbered([str(name) for name in names])

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

    def _register(self, photo: PhotoRecord) -> None:
        """Collect what is wrong with an image record."""
        key = photo.record.get('id')
        if not isinstance(key, (int, str)):
            self._problem("the image record has no 'id'", photo)
        elif key in self._by_id:
            self._problem(
                "the image record's id is that of another record", photo
            )
        else:
            self._by_id[key] = photo
        # check_image stops at the first fault: give it one field at a time.
        valid = dict(id=0, file_name='a', width=1, height=1)
        for field in ('file_name', 'width', 'height', 'mm_per_px'):
            value = photo.record.get(field)
            try:
                LandmarkFile('', [], [], {}, []).check_image(
                    {**valid, field: value}
                )
            except InputError as fault:
                shown = field if field == 'file_name' else fault.found
                self._problem(
                    f'the image record has {shown}; expected {fault.expected}',
                    photo,
                )

    def _annotate(self, where: str, annotation) -> None:
        """Add an annotation's valid points to its image."""
        if not isinstance(annotation, dict):
            self._problem(f'{where} is not a record')
            return
        photo = self._by_id.get(annotation.get('image_id'))
        if photo is None:
            self._problem(
                f'{where}: its image_id is not among the images. Add the '
                "image's record, or leave the annotation out"
            )
            return
        photo.num_annotations += 1
        values = annotation.get('keypoints')
        k = len(self.names)
        if not isinstance(values, list) or len(values) != 3 * k:
            found = len(values) if isinstance(values, list) else 'no'
            self._problem(
                f'{where}: {found} keypoint values; expected 3 x {k}', photo
            )
            return
        points = np.full((k, 2), np.nan)
        for i, name in enumerate(self.names):
            triple = values[3 * i : 3 * i + 3]
            numbers = all(
                isinstance(v, (int, float)) and math.isfinite(v)
                for v in triple
            )
            if not numbers or not 0 <= triple[2] <= 2:
                self._problem(
                    f'{name}: (x, y, visibility) = '
                    f'({", ".join(map(_shown, triple))}); expected finite '
                    'numbers and a visibility of 0, 1 or 2. A missing '
                    'landmark is 0, 0, 0',
                    photo,
                    name,
                )
            elif triple[2] > 0:
                points[i] = triple[:2]
        known = points[np.isfinite(points).all(axis=1)]
        if k > 1 and len(known) and not known.any():
            self._problem(
                'every labelled landmark is at (0, 0). A missing landmark '
                'has visibility 0',
                photo,
            )
            points[:] = np.nan
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


def _shown(value) -> str:
    """A keypoint's value; anything but a number may be personal."""
    if isinstance(value, (int, float)):
        return f'{value:g}'
    return 'null' if value is None else 'a text'
