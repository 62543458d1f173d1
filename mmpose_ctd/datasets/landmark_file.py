"""Reads COCO keypoint files and split files, and checks every value.

:meth:`LandmarkFile.scan` reads an annotation file as far as it can be read
and collects its problems; :meth:`LandmarkFile.read` raises the first one.
"""

import os
import re
import reprlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PureWindowsPath

import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.evaluation.functional.measurements import (
    Measurement,
    parse_measurements,
)

from .landmark_names import numbered
from .text_files import read_json

# A point this far outside the frame, in frame sizes, is a mistake.
_SLACK = 0.5
# Larger than any coordinate, and small enough to calculate with.
_LARGEST = 1e12
_COMMENT = re.compile(r'(^|\s)#.*')
# No file system has longer paths.
_LONGEST_LINE = 4096
#: Characters that no line of a split file has: control characters but tab,
#: and half surrogate pairs, which JSON may have.
CONTROL = re.compile('[\0-\10\12-\37\x7f-\x9f\u2028\u2029\ud800-\udfff]')
#: Prefix of a line of a split file that names one image, not a subject.
IMAGE_LINE = 'image:'


class AnnotationProblem(InputError):
    """A value of an annotation file that cannot be used.

    ``landmark`` is set if it is a coordinate. ``record`` is set for an
    unusable id: the list, and the record's position in it from 0.
    """

    def __init__(
        self, where, found, expected='', cure='', landmark=None, record=None
    ) -> None:
        super().__init__(
            where=where, found=found, expected=expected, cure=cure
        )
        self.landmark = landmark
        self.record = record


def _raise_first(problems: Iterable[InputError]) -> None:
    for problem in problems:
        raise problem


@dataclass
class LandmarkFile:
    """A COCO keypoint file with one category.

    Attributes:
        path (str): The file, as messages name it.
        names (list[str]): The K landmarks, in order.
        skeleton (list): Pairs of landmark numbers, from 1.
        images (dict): Image id -> image record.
        annotations (list[dict]): The annotation records with an id.
        measurements (tuple, optional): The measures that its category lists,
            if any.
        category (dict): Its category's record.
        image_records, annotation_records (list): All records, usable or not.
        problems (list[InputError]): Faults of the lists, the category and
            the ids. Values of records are checked by :meth:`check_image`
            and :meth:`check_annotation`, or listed by
            :func:`image_problems` and :meth:`annotation_problems`.
    """

    path: str
    names: list[str]
    skeleton: list
    images: dict[int, dict]
    annotations: list[dict]
    measurements: tuple[Measurement, ...] | None
    category: dict
    image_records: list
    annotation_records: list
    problems: list[InputError]

    @classmethod
    def read(cls, path: str, pass_over_unused: bool = False) -> 'LandmarkFile':
        """As :meth:`scan`, but raise the first problem."""
        file = cls.scan(path, pass_over_unused)
        _raise_first(file.problems)
        return file

    @classmethod
    def scan(cls, path: str, pass_over_unused: bool = False) -> 'LandmarkFile':
        """Read a file as far as it can be read, and collect its problems.

        ``pass_over_unused`` ignores categories without keypoints and
        annotations, as labelling tools export them.

        Raises:
            MissingFileError: If there is no such file.
            InputError: If it is not JSON, or has no list of images.
        """
        problems: list[InputError] = []
        content = _read_lists(
            path, ('images', 'annotations', 'categories'), problems
        )
        records = content['annotations']
        categories = content['categories']
        if pass_over_unused:
            used = [
                a.get('category_id') for a in records if isinstance(a, dict)
            ]
            categories = [
                c
                for c in categories
                if not isinstance(c, dict)
                or c.get('keypoints')
                or c.get('id') in used
            ]
        category, names, skeleton = _category(path, categories, problems)
        images = _by_id(path, 'images', content['images'], problems)
        annotations = _by_id(path, 'annotations', records, problems)
        measurements = None
        if (listed := category.get('measurements')) is not None:
            where = f"{path}: its category's measurements"
            try:
                measurements = parse_measurements(listed, names, where)
            except InputError as error:
                problems.append(error)
        return cls(
            path,
            names,
            skeleton,
            images,
            [*annotations.values()],
            measurements,
            category,
            content['images'],
            records,
            problems,
        )

    def images_of(self, path: str) -> 'LandmarkFile':
        """The image records of another file, with this file's landmarks.

        Its annotations and categories may be missing, and are not read.
        """
        problems: list[InputError] = []
        records = _read_lists(path, ('images',), problems)['images']
        images = _by_id(path, 'images', records, problems)
        _raise_first(problems)
        return replace(self, path=path, images=images, annotations=[])

    def image_of(self, annotation: dict) -> dict:
        """The image record of an annotation; InputError if it is missing."""
        key = annotation.get('image_id')
        image = self.images.get(key) if _is_id(key) else None
        if image is None:
            raise AnnotationProblem(
                f'{self.path}: annotation id={annotation.get("id")}',
                f'image_id={reprlib.repr(key)} is not among the images of '
                'the file',
                cure="Add the image's record, or leave the annotation out.",
            )
        return image

    def check_annotation(self, annotation: dict) -> None:
        """Raise the first of :meth:`annotation_problems`."""
        _raise_first(self.annotation_problems(annotation))

    def check_image(self, image: dict) -> None:
        """Raise the first of :func:`image_problems`."""
        _raise_first(image_problems(self.path, image))

    def annotation_problems(self, annotation: dict) -> Iterator[InputError]:
        """Find the values of an annotation that cannot be right.

        An unknown image, a wrong number of values, a value that is not a
        finite number, a labelled point far outside the image, or all of them
        at (0, 0).
        """
        where = f'{self.path}: annotation id={annotation.get("id")}'
        try:
            image = self.image_of(annotation)
        except InputError as error:
            yield error
            return
        k = len(self.names)
        values = annotation.get('keypoints')
        if not isinstance(values, list) or len(values) != 3 * k:
            found = len(values) if isinstance(values, list) else 'no'
            yield AnnotationProblem(
                where,
                f'{found} keypoint values',
                f'3 x {k} (x, y, visibility of each landmark of the category)',
            )
            return
        size = image.get('width'), image.get('height')
        for name, triple in zip(self.names, _triples(values)):
            x, y, visible = triple
            if not _is_point(triple):
                yield AnnotationProblem(
                    where,
                    f'landmark {name}: (x, y, visibility) = '
                    f'({", ".join(map(reprlib.repr, triple))})',
                    'finite numbers and a visibility of 0 (not labelled), 1 '
                    'or 2',
                    'A missing landmark is 0, 0, 0.',
                    landmark=name,
                )
            elif visible > 0 and not is_near(size, x, y):
                yield AnnotationProblem(
                    where,
                    f'landmark {name}: ({x:g}, {y:g}) lies far outside the '
                    f'{size[0]}x{size[1]} image',
                    cure='Coordinates are pixels of the image, from its top '
                    'left.',
                    landmark=name,
                )
        points = self.points(annotation)
        known = points[np.isfinite(points).all(axis=1)]
        if k > 1 and len(known) and not known.any():
            yield AnnotationProblem(
                where,
                'every labelled landmark is at (0, 0)',
                cure='A missing landmark has visibility 0.',
            )

    def points(self, annotation: dict) -> np.ndarray:
        """The labelled points of an annotation, (K, 2) in pixels.

        NaN where a landmark is missing or its values cannot be used.
        """
        points = np.full((len(self.names), 2), np.nan)
        values = annotation.get('keypoints')
        if isinstance(values, list) and len(values) == 3 * len(points):
            for i, triple in enumerate(_triples(values)):
                if _is_point(triple) and triple[2] > 0:
                    points[i] = triple[:2]
        return points


def is_near(size: Sequence, x: float, y: float) -> bool:
    """Whether a point is in an image of a size, or not far outside.

    True if the size (width, height) is not one.
    """
    return not all(map(_is_size, size)) or all(
        -_SLACK * side <= v <= (1 + _SLACK) * side
        for v, side in zip((x, y), size)
    )


def image_problems(path: str, image: dict) -> Iterator[InputError]:
    """Find the fields of an image record that cannot be right.

    A ``file_name`` outside the folder, a width or height that is not a number
    of pixels, or an ``mm_per_px`` of 0 or less.
    """
    for key, is_right, expected in (
        ('file_name', is_below, "a path below the images' folder"),
        ('width', _is_size, 'its width in whole pixels'),
        ('height', _is_size, 'its height in whole pixels'),
        ('mm_per_px', _is_scale, 'a number above 0'),
    ):
        if not is_right(image.get(key)):
            yield AnnotationProblem(
                f'{path}: image id={image.get("id")}',
                f'{key}={reprlib.repr(image.get(key))}',
                expected,
            )


def _read_lists(
    path: str, keys: tuple[str, ...], problems: list[InputError]
) -> dict[str, list]:
    """Lists of a JSON file; a missing one is empty, and a problem."""
    if not os.path.isfile(path):
        raise MissingFileError(
            where='dataset.ann_file',
            found=f'the annotation file {path!r} does not exist',
            cure='A relative path counts from the current folder: start '
            'there, or set dataset.data_root in the config (configs of this '
            'project take it from the environment variable CTD_DATA_ROOT, '
            "default 'data'). To try a config without its data: python "
            'tools/train.py CONFIG --stand-in',
        )
    content = read_json(
        path, path, 'Write it again, or correct dataset.ann_file.'
    )
    lists = content if isinstance(content, dict) else {}
    missing = [k for k in keys if not isinstance(lists.get(k), list)]
    if missing:
        problems.append(
            AnnotationProblem(
                path,
                f'not a COCO keypoint file, the list(s) {missing} are missing',
            )
        )
        if 'images' in missing:
            _raise_first(problems)
    return {k: [] if k in missing else lists[k] for k in keys}


def is_real(value: object) -> bool:
    """Whether a value of a JSON file is a finite number."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    # An integer may have more digits than a float holds.
    return number and abs(value) < _LARGEST


def _triples(values: list) -> list[list]:
    return [values[i : i + 3] for i in range(0, len(values), 3)]


def _is_point(triple: list) -> bool:
    return all(map(is_real, triple)) and triple[2] in (0, 1, 2)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != '' and '\0' not in value


def _is_id(value: object) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and is_real(value) and value > 0


def _is_scale(value: object) -> bool:
    return value is None or (is_real(value) and value > 0)


def is_below(value: object) -> bool:
    """Whether a file name stays in its folder, on any system."""
    if not _is_name(value):
        return False
    parts = value.replace('\\', '/').split('/')
    return bool(
        parts[0] and '..' not in parts and not PureWindowsPath(value).drive
    )


def _category(
    path: str, categories: list, problems: list[InputError]
) -> tuple[dict, list[str], list]:
    """The first category, its landmarks' names and its skeleton."""

    def add(found: str, expected: str) -> None:
        problems.append(AnnotationProblem(path, found, expected))

    if len(categories) != 1:
        add(
            f'found {len(categories)} categories',
            "one, with the landmarks' names under 'keypoints'",
        )
    category = next(iter(categories), None)
    category = category if isinstance(category, dict) else {}
    names = category.get('keypoints')
    listed = names if isinstance(names, list) else []
    if not listed or not all(map(_is_name, listed)):
        add(
            f"its category has 'keypoints'={reprlib.repr(names)}",
            "the list of the landmarks' names",
        )
    skeleton = category.get('skeleton') or []
    numbers = range(1, len(listed) + 1)
    for pair in skeleton if isinstance(skeleton, list) else [skeleton]:
        is_pair = isinstance(pair, list) and len(pair) == 2
        if not is_pair or not all(number in numbers for number in pair):
            add(
                f"its category's skeleton has {reprlib.repr(pair)}",
                f'pairs of landmark numbers from 1 to {len(listed)}',
            )
            skeleton = []
    return category, numbered([*map(str, listed)]), skeleton


def _by_id(
    path: str, kind: str, records: list, problems: list[InputError]
) -> dict:
    """Image or annotation records by their id."""
    found: dict = {}
    for number, record in enumerate(records):
        key = record.get('id') if isinstance(record, dict) else None
        if _is_id(key) and key not in found:
            found[key] = record
            continue
        found_id = f'has the id {key!r} of another record'
        problems.append(
            AnnotationProblem(
                f'{path}: {kind}[{number}]',
                found_id if _is_id(key) else "has no 'id'",
                'a number of its own in each record',
                record=(kind, number),
            )
        )
    return found


def face_category(names: Sequence[str]) -> dict:
    """COCO's record of the only category of a file, with its landmarks."""
    return dict(
        id=1,
        name='face',
        supercategory='face',
        keypoints=[*names],
        skeleton=[],
    )


def face_annotation(
    i: int, keypoints: Iterable[Sequence], size: tuple[int, int]
) -> dict:
    """COCO's record of the only face of an image, with a box of all of it.

    ``i`` is the image's id, also the record's; ``keypoints`` are x, y and
    visibility of each landmark, ``size`` is the image's width and height.
    """
    points = [*keypoints]
    width, height = size
    return dict(
        id=i,
        image_id=i,
        category_id=1,
        keypoints=[value for point in points for value in point],
        num_keypoints=sum(v > 0 for *_, v in points),
        bbox=[0, 0, width, height],
        area=width * height,
        iscrowd=0,
    )


def subject_of(image: dict) -> str | None:
    """The subject of an image record, as split files write it."""
    subject = image.get('subject')
    return None if subject is None else str(subject).strip()


def site_of(image: dict) -> str:
    """The site of an image record; ``''`` where it has none."""
    site = image.get('site')
    return '' if site is None else str(site).strip()


def read_split(path: str) -> list[str]:
    """Read a split file: one subject id a line, or ``image:<file_name>``.

    A ``#`` at the beginning of a line or after a space starts a comment, but
    not in a line of an image: a file name may have one. Lines are in order,
    each once. Files that are missing, empty or not text are refused.
    """
    if not os.path.isfile(path):
        raise MissingFileError(
            where='dataset.split',
            found=f'the split file {path!r} does not exist',
            expected='a file of subject ids, one a line, relative to '
            'dataset.data_root',
        )

    def refused(found: str) -> InputError:
        return InputError(
            where=f'The split file {path!r}',
            found=found,
            expected='plain text: one subject id a line',
            cure='Write it with mmpose_ctd split, or save it as UTF-8.',
        )

    lines = []
    try:
        with open(path, encoding='utf-8-sig') as file:
            read = partial(file.readline, _LONGEST_LINE + 1)
            for number, line in enumerate(iter(read, ''), start=1):
                if len(line) > _LONGEST_LINE:
                    raise refused(f'line {number} is very long')
                line = line.strip()
                if CONTROL.search(line):
                    raise refused(f'line {number} has control characters')
                if not line.startswith(IMAGE_LINE):
                    line = _COMMENT.sub('', line).strip()
                lines.append(line)
    except UnicodeDecodeError as error:
        raise refused('not UTF-8') from error
    except OSError as error:
        raise refused(f'unreadable ({error.strerror})') from error
    subjects = list(dict.fromkeys(filter(None, lines)))
    if not subjects:
        raise refused('empty')
    return subjects
