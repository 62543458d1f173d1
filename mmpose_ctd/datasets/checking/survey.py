"""Reads all of a data set that can be read, and collects what cannot."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.landmark_sides import partner_places

from ..face_detection import detect_faces
from ..image_file import IMAGE_SUFFIXES, open_photograph
from ..landmark_file import (
    LandmarkFile,
    image_problems,
    is_below,
    read_split,
    site_of,
    subject_of,
)
from ..split_selection import RecordIndex
from ..upright_image import read_photograph
from .registry import CheckFinding, Thresholds, error
from .sides import FaceShapes, compare_faces

# Side of the preview in pixels.
_PREVIEW = 128
# EXIF entries that say nothing about who, where and when.
_HARMLESS = {
    ExifTags.Base[name]
    for name in (
        *('Orientation', 'XResolution', 'YResolution', 'ResolutionUnit'),
        *('YCbCrPositioning', 'ColorSpace', 'ExifOffset', 'ExifVersion'),
        *('ExifImageWidth', 'ExifImageHeight'),
    )
}


@dataclass
class PhotoFile:
    """The content of an image's file."""

    #: Why it cannot be used; empty if it can.
    problem: str = ''
    #: Width and height of the upright image.
    size: tuple[int, int] | None = None
    #: Of EXIF; 1 is upright.
    orientation: int = 1
    #: Whether EXIF says where it was taken.
    gps: bool = False
    #: Number of EXIF entries that may say who, when or with what.
    private: int = 0
    #: (128, 128), grey, uint8.
    preview: np.ndarray | None = field(default=None, repr=False)
    #: As of :func:`.detect_faces`, if asked for.
    faces: list[tuple[float, ...]] = field(default_factory=list)


def read_photo_file(path: Path, find_faces: bool) -> PhotoFile:
    """Read a file to its end, and detect faces if asked to."""
    file = PhotoFile()
    try:
        with open_photograph(path, verify=False) as image:
            _read_exif(image, file)
        photograph = read_photograph(path)
    except InputError as fault:
        problem = InputError(
            where='its file', found=fault.found, expected=fault.expected
        )
        return PhotoFile(str(problem))
    file.size = photograph.size
    file.orientation = photograph.orientation
    grey = cv2.cvtColor(photograph.image, cv2.COLOR_BGR2GRAY)
    file.preview = np.asarray(
        Image.fromarray(grey).resize(
            (_PREVIEW, _PREVIEW), Image.Resampling.BOX
        )
    )
    if find_faces:
        file.faces = detect_faces(photograph.image)
    return file


def _read_exif(image: Image.Image, file: PhotoFile) -> None:
    # Viewers do not read a damaged block either.
    with contextlib.suppress(Exception):
        exif = image.getexif()
        file.gps = bool(exif.get_ifd(ExifTags.IFD.GPSInfo))
        tags = {*exif, *exif.get_ifd(ExifTags.IFD.Exif)}
        file.private = len(tags - _HARMLESS - {ExifTags.Base.GPSInfo})


@dataclass
class PhotoRecord:
    """An image record with the points of its first annotation."""

    #: Position in the file's ``images``, from 0.
    place: int
    record: dict
    #: How output calls it: its id if that is a number, else # and its place.
    number: str
    # These are empty if missing.
    subject: str
    site: str
    file_name: str
    #: Recorded width and height, if valid.
    size: tuple[int, int] | None
    path: Path | None
    #: (K, 2) in pixels of the image; NaN where missing.
    points: np.ndarray | None = None
    num_annotations: int = 0
    #: Readable annotations that differ.
    num_faces: int = 1

    @property
    def labelled(self) -> bool:
        """Whether any landmark is known."""
        return self.points is not None and bool(np.isfinite(self.points).any())

    def shown(self, show_ids: bool) -> str:
        """Its file name if ids may be shown, else its number."""
        return show_ids and self.file_name or self.number


class Survey:
    """The records, files and splits of a data set.

    Its arguments are those of :func:`.check`.

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
        img_dir: str,
        thresholds: Thresholds,
        teacher: str | None = None,
        on_file: Callable[[int, int], None] | None = None,
    ) -> None:
        self.root = root
        self.thresholds = thresholds
        self.teacher = teacher
        self.images_folder = root / img_dir
        self.problems: list[CheckFinding] = []
        self._on_file = on_file
        path = root / ann_file
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
        places = () if photo is None else (photo.place,)
        marks = () if landmark is None else (landmark,)
        self.problems.append(error(message, places, marks))

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
        size = record.get('width'), record.get('height')
        return PhotoRecord(
            place,
            record,
            # A text may name somebody.
            str(number) if type(number) is int else f'#{place + 1}',
            subject_of(record) or '',
            site_of(record),
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
            # A text may be personal data.
            hidden = [
                v if v is None or isinstance(v, (int, float)) else 'a text'
                for v in values
            ]
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
        return compare_faces(
            self.labelled_points,
            [photo.subject or f'#{photo.place}' for photo in photos],
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

    def places_of_files(self, fits: Callable) -> tuple[int, ...]:
        """Positions of the records whose :class:`PhotoFile` fits."""
        return tuple(i for i, file in enumerate(self.files) if fits(file))

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
