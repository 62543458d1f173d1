"""Reads a data set as far as it can be read, and collects what cannot."""

import math
from collections.abc import Callable
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
from .finding import Finding, Severity
from .photo import Photo, PhotoFile, read_photo_file

__all__ = ['Survey']


class Survey:
    """All of a data set that the checks look at.

    Nothing is refused: what cannot be used becomes a finding, and the rest
    is read on.

    Args:
        root (Path): The data set's folder.
        ann_file (str): Annotation file, relative to it.
        img_dir (str): The images' folder. Defaults to ``'images'``.
        teacher (str, optional): File of the face-recognition network that
            ``same-person`` looks with. Defaults to ``None``: not at all.
        on_file (Callable, optional): Called after each image file that was
            read, for a progress bar.

    Attributes:
        names (list[str]): The K landmarks.
        photos (list[Photo]): One an image record.
        problems (list[Finding]): What of the annotation file cannot be read.

    Raises:
        MissingFileError: If there is no such folder or file.
        InputError: If the file is not JSON, or no COCO keypoint file.
    """

    def __init__(
        self,
        root: Path,
        ann_file: str,
        img_dir: str = 'images',
        teacher: str | None = None,
        on_file: Callable[[], None] | None = None,
    ) -> None:
        self.root = Path(root)
        self.ann_file = ann_file
        self.teacher = teacher
        self.images_folder = self.root / img_dir
        self.problems: list[Finding] = []
        self._on_file = on_file
        content = self._read_content()
        self.names = self._names(content['categories'])
        self.photos = [
            self._photo(i, record)
            for i, record in enumerate(content['images'])
        ]
        self._by_id: dict = {}
        for photo in self.photos:
            self._register(photo)
        for i, annotation in enumerate(content['annotations']):
            self._annotate(i, annotation)

    def _read_content(self) -> dict:
        path = self.root / self.ann_file
        if not path.is_file():
            raise MissingFileError(
                f'The annotation file {str(path)!r} does not exist. Give '
                '--ann-file, relative to the data set.'
            )
        content = read_json(path, str(path), 'Write it again.')
        lists = ('images', 'annotations', 'categories')
        missing = [
            key
            for key in lists
            if not isinstance(content, dict)
            or not isinstance(content.get(key), list)
        ]
        if 'images' in missing:
            raise InputError(
                f'{path}: no COCO keypoint file, the list(s) {missing} are '
                'missing.'
            )
        for key in missing:
            self._problem(f"the file has no list '{key}'")
        return {key: content.get(key) or [] for key in lists}

    def _problem(self, message: str, photo: Photo | None = None) -> None:
        place = () if photo is None else (photo.place,)
        self.problems.append(Finding(Severity.ERROR, message, place))

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

    def _photo(self, place: int, record) -> Photo:
        whole = record if isinstance(record, dict) else {}
        number = whole.get('id')
        name = whole.get('file_name')
        name = name if isinstance(name, str) else ''
        size = whole.get('width'), whole.get('height')
        usable = all(type(side) is int and side > 0 for side in size)
        site = whole.get('site')
        return Photo(
            place,
            whole,
            # A text may name somebody.
            str(number) if type(number) is int else f'#{place + 1}',
            subject_of(whole) or '',
            '' if site is None else str(site).strip(),
            name,
            size if usable else None,
            self.images_folder / name if is_below(name) else None,
        )

    def _register(self, photo: Photo) -> None:
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
        # LandmarkFile stops at the first fault of a record; here each field
        # is asked for alone, with the others as they should be.
        right = dict(id=0, file_name='a', width=1, height=1)
        for field in ('file_name', 'width', 'height', 'mm_per_px'):
            value = photo.record.get(field)
            try:
                LandmarkFile('', [], [], {}, []).check_image(
                    {**right, field: value}
                )
            except InputError as error:
                shown = field if field == 'file_name' else error.found
                self._problem(
                    f'the image record has {shown}; expected {error.expected}',
                    photo,
                )

    def _annotate(self, place: int, annotation) -> None:
        """Give an annotation's points to its image, as far as they go."""
        what = f'annotation {place + 1}'
        if not isinstance(annotation, dict):
            self._problem(f'{what} is no record')
            return
        photo = self._by_id.get(annotation.get('image_id'))
        if photo is None:
            self._problem(
                f'{what}: its image_id is not among the images. Add the '
                "image's record, or leave the annotation out"
            )
            return
        photo.num_annotations += 1
        values = annotation.get('keypoints')
        k = len(self.names)
        if not isinstance(values, list) or len(values) != 3 * k:
            found = len(values) if isinstance(values, list) else 'no'
            self._problem(
                f'{what}: {found} keypoint values; expected 3 x {k}', photo
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
                self.problems.append(
                    Finding(
                        Severity.ERROR,
                        f'{name}: (x, y, visibility) = '
                        f'({", ".join(map(_shown, triple))}); expected '
                        'finite numbers and a visibility of 0, 1 or 2. A '
                        'missing landmark is 0, 0, 0',
                        (photo.place,),
                        (name,),
                    )
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
    def labelled(self) -> list[Photo]:
        """The photographs with a known landmark."""
        return [photo for photo in self.photos if photo.labelled]

    @cached_property
    def partners(self) -> list[int]:
        """For each landmark the place of its mirror image among them."""
        return partner_places(self.names)

    @cached_property
    def files(self) -> list[PhotoFile]:
        """What each image's file says, read once."""
        found = []
        for photo in self.photos:
            found.append(
                PhotoFile('its record names no file')
                if photo.path is None
                else read_photo_file(photo.path, photo.labelled)
            )
            if self._on_file is not None:
                self._on_file()
        return found

    @cached_property
    def stray_files(self) -> list[str]:
        """Image files that no record names."""
        if not self.images_folder.is_dir():
            return []
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
            except InputError as error:
                found[file.stem] = error
        return found

    @cached_property
    def records(self) -> RecordIndex:
        """Place -> image record, as far as it has a file name."""
        return RecordIndex(
            (p.place, p.record) for p in self.photos if p.file_name
        )


def _shown(value) -> str:
    """A value of a keypoint; anything but a number may be personal."""
    if isinstance(value, (int, float)):
        return f'{value:g}'
    return 'null' if value is None else 'a text'
