"""Reads a COCO keypoint file of landmarks, and trusts nothing in it."""

import os
import re
import reprlib
from dataclasses import dataclass, field, replace
from pathlib import PureWindowsPath

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.evaluation.functional.measurements import (
    Measurement,
    parse_measurements,
)

from .json_file import read_json
from .landmark_names import flip_partners, landmark_metainfo, numbered

__all__ = [
    'CONTROL',
    'IMAGE_LINE',
    'LandmarkFile',
    'flip_partners',
    'is_below',
    'landmark_metainfo',
    'read_split',
    'subject_of',
]

# A point this far outside the frame, in frame sizes, is a mistake.
_SLACK = 0.5
# Beyond any coordinate, and within what floats can be calculated with.
_LARGEST = 1e12
_COMMENT = re.compile(r'(^|\s)#.*')
# No file system has longer paths, nor has anybody a longer id.
_LONGEST_LINE = 4096
#: What no line of a split file holds: control characters but for tabs, and
#: half surrogate pairs, which JSON may have.
CONTROL = re.compile('[\0-\10\12-\37\x7f-\x9f\u2028\u2029\ud800-\udfff]')
#: What a split's line begins with that names a file instead of a subject.
IMAGE_LINE = 'image:'


@dataclass
class LandmarkFile:
    """A COCO keypoint file with one category.

    Attributes:
        path (str): Where it was read from.
        names (list[str]): The K landmarks' names, in order.
        skeleton (list): Pairs of 1-based landmark numbers.
        images (dict): Image id -> image record.
        annotations (list[dict]): Annotation records.
        measurements (tuple, optional): The measures that its category lists;
            ``None`` if it lists none.
        category (dict): Its category's record, as the file has it.
    """

    path: str
    names: list[str]
    skeleton: list
    images: dict[int, dict]
    annotations: list[dict]
    measurements: tuple[Measurement, ...] | None = None
    category: dict = field(default_factory=dict)

    @classmethod
    def read(cls, path: str, pass_over_unused: bool = False) -> 'LandmarkFile':
        """Read and check the file's structure.

        Args:
            path (str): The file.
            pass_over_unused (bool): Whether it may have other categories,
                without keypoints, that no annotation is of, as labelling
                tools export them. Defaults to False.

        Raises:
            MissingFileError: If there is no such file.
            InputError: If it is not a COCO keypoint file of one category.
        """
        content = _read_lists(path, ('images', 'annotations', 'categories'))
        if pass_over_unused:
            content['categories'] = _used_categories(content)
        names, skeleton = _category(path, content['categories'])
        images = _by_id(path, 'images', content['images'])
        annotations = _by_id(path, 'annotations', content['annotations'])
        measurements = content['categories'][0].get('measurements')
        if measurements is not None:
            measurements = parse_measurements(
                measurements, names, f"{path}: its category's measurements"
            )
        return cls(
            path,
            names,
            skeleton,
            images,
            list(annotations.values()),
            measurements,
            content['categories'][0],
        )

    def images_of(self, path: str) -> 'LandmarkFile':
        """The image records of another file, with this one's landmarks.

        Args:
            path (str): A file of image records; annotations and categories
                may be missing, and are not looked at.

        Raises:
            MissingFileError: If there is no such file.
            InputError: If it has no list of images.
        """
        images = _by_id(
            path, 'images', _read_lists(path, ('images',))['images']
        )
        return replace(self, path=path, images=images, annotations=[])

    def image_of(self, annotation: dict) -> dict:
        """The image record of an annotation.

        Raises:
            InputError: If the file has no such record.
        """
        key = annotation.get('image_id')
        image = self.images.get(key) if _is_id(key) else None
        if image is None:
            raise InputError(
                where=f'{self.path}: annotation id={annotation["id"]}',
                found=f'image_id={reprlib.repr(key)} is not among the '
                "file's images",
                cure="Add the image's record, or leave the annotation out.",
            )
        return image

    def check_annotation(self, annotation: dict) -> None:
        """Refuse an annotation whose coordinates cannot be right.

        Raises:
            InputError: Names the annotation, the landmark, and what is wrong:
                the number of values, NaN or infinity, or a labelled point far
                outside the image.
        """
        k = len(self.names)
        where = f'{self.path}: annotation id={annotation["id"]}'
        image = self.image_of(annotation)
        values = annotation.get('keypoints')
        if not isinstance(values, list) or len(values) != 3 * k:
            found = len(values) if isinstance(values, list) else 'no'
            raise InputError(
                where=where,
                found=f'{found} keypoint values',
                expected=f'3 x {k} (x, y, visibility of each landmark of the '
                'category)',
            )
        for i, name in enumerate(self.names):
            x, y, visible = values[3 * i : 3 * i + 3]
            numbers = all(map(_is_number, (x, y, visible)))
            if not numbers or visible not in (0, 1, 2):
                raise InputError(
                    where=where,
                    found=f'landmark {name}: (x, y, visibility) = '
                    f'({", ".join(map(reprlib.repr, (x, y, visible)))})',
                    expected='finite numbers and a visibility of 0 (not '
                    'labelled), 1 or 2',
                    cure='A missing landmark is 0, 0, 0.',
                )
            if visible > 0 and not self.is_near(image, x, y):
                raise InputError(
                    where=where,
                    found=f'landmark {name}: ({x:g}, {y:g}) lies far outside '
                    f'the {image["width"]}x{image["height"]} image',
                    cure='Coordinates are pixels of the image, from its top '
                    'left.',
                )

        points = {
            (x, y)
            for x, y, visible in zip(values[::3], values[1::3], values[2::3])
            if visible > 0
        }
        if k > 1 and points == {(0, 0)}:
            raise InputError(
                where=where,
                found='every labelled landmark is at (0, 0)',
                cure='A missing landmark has visibility 0.',
            )

    @staticmethod
    def is_near(image: dict, x: float, y: float) -> bool:
        """Whether a point is in the image or not far outside."""
        width, height = image['width'], image['height']
        return (
            -_SLACK * width <= x <= (1 + _SLACK) * width
            and -_SLACK * height <= y <= (1 + _SLACK) * height
        )

    def check_image(self, image: dict) -> None:
        """Refuse an image record without name or size, or with a wrong scale.

        Raises:
            InputError: Names the record and the field.
        """
        checks = {
            'file_name': (is_below, "a path below the images' folder"),
            'width': (_is_size, 'its width in whole pixels'),
            'height': (_is_size, 'its height in whole pixels'),
        }
        if image.get('mm_per_px') is not None:
            checks['mm_per_px'] = (_is_length, 'a number above 0')
        for key, (is_right, expected) in checks.items():
            if not is_right(image.get(key)):
                raise InputError(
                    where=f'{self.path}: image id={image["id"]}',
                    found=f'{key}={reprlib.repr(image.get(key))}',
                    expected=expected,
                )


def _read_lists(path: str, keys: tuple[str, ...]) -> dict:
    """A JSON file's content, which has these lists."""
    if not os.path.isfile(path):
        raise MissingFileError(
            where=path,
            found='the annotation file does not exist',
            cure='Set dataset.data_root and dataset.ann_file (the data root '
            'comes from the environment variable CTD_DATA_ROOT, default '
            "'data'). To try a config without its data: python "
            'tools/train.py CONFIG --stand-in',
        )
    content = read_json(
        path, path, 'Write it again, or correct dataset.ann_file.'
    )
    missing = [
        key
        for key in keys
        if not isinstance(content, dict)
        or not isinstance(content.get(key), list)
    ]
    if missing:
        raise InputError(
            f'{path}: no COCO keypoint file, the list(s) {missing} are '
            'missing.'
        )
    return content


def _is_name(value) -> bool:
    return isinstance(value, str) and value != '' and '\0' not in value


def _is_id(value) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def _is_number(value) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    # An integer may have more digits than a float can take.
    return number and abs(value) < _LARGEST


def is_below(value) -> bool:
    """Whether a file name stays in its folder, on any system."""
    if not _is_name(value):
        return False
    parts = value.replace('\\', '/').split('/')
    return bool(
        parts[0] and '..' not in parts and not PureWindowsPath(value).drive
    )


def _is_size(value) -> bool:
    return isinstance(value, int) and _is_number(value) and value > 0


def _is_length(value) -> bool:
    return _is_number(value) and value > 0


def _used_categories(content: dict) -> list:
    """The categories with keypoints or annotations."""
    used = [
        annotation.get('category_id')
        for annotation in content['annotations']
        if isinstance(annotation, dict)
    ]
    return [
        category
        for category in content['categories']
        if not isinstance(category, dict)
        or category.get('keypoints')
        or category.get('id') in used
    ]


def _category(path: str, categories: list) -> tuple[list[str], list]:
    """The landmarks' names and the skeleton of the one category."""
    if len(categories) != 1:
        raise InputError(
            f'{path}: found {len(categories)} categories; expected one, with '
            "the landmarks' names under 'keypoints'."
        )
    category = categories[0] if isinstance(categories[0], dict) else {}
    names = category.get('keypoints')
    if (
        not isinstance(names, list)
        or not names
        or not all(map(_is_name, names))
    ):
        raise InputError(
            where=path,
            found=f"its category has 'keypoints'={reprlib.repr(names)}",
            expected="the list of the landmarks' names",
        )
    numbers = range(1, len(names) + 1)
    skeleton = category.get('skeleton') or []
    for pair in skeleton if isinstance(skeleton, list) else [skeleton]:
        if (
            not isinstance(pair, list)
            or len(pair) != 2
            or not all(number in numbers for number in pair)
        ):
            raise InputError(
                where=path,
                found=f"its category's skeleton has {reprlib.repr(pair)}",
                expected=f'pairs of landmark numbers from 1 to {len(names)}',
            )
    return numbered(names), skeleton


def _by_id(path: str, kind: str, records: list) -> dict:
    """Image or annotation records by their id, which must be their own."""
    found: dict = {}
    for number, record in enumerate(records):
        key = record.get('id') if isinstance(record, dict) else None
        if not _is_id(key):
            raise InputError(
                f"{path}: {kind}[{number}] has no 'id'; expected a number of "
                'its own in each record.'
            )
        if key in found:
            raise InputError(
                f'{path}: {kind}[{number}] has the id {key!r} of another '
                'record; expected a number of its own in each.'
            )
        found[key] = record
    return found


def subject_of(image: dict) -> str | None:
    """The subject of an image record, as split files write it.

    A number names a subject as well.
    """
    subject = image.get('subject')
    return None if subject is None else str(subject).strip()


def _split_line(line: str) -> str:
    line = line.strip()
    return (
        line if line.startswith(IMAGE_LINE) else _COMMENT.sub('', line).strip()
    )


def read_split(path: str) -> list[str]:
    """Read a split file: one subject id a line, or ``image:<file_name>``.

    A ``#`` at the beginning of a line or after a space starts a comment; a
    file name may hold one, so that a line of an image is read as it is.

    Args:
        path (str): The file.

    Returns:
        list[str]: Its lines in order, each once.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is not text or names nobody.
    """
    if not os.path.isfile(path):
        raise MissingFileError(
            f'The split file {path!r} does not exist. dataset.split is a '
            'file of subject ids, one a line, relative to dataset.data_root.'
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
            number = 0
            while line := file.readline(_LONGEST_LINE + 1):
                number += 1
                if len(line) > _LONGEST_LINE:
                    raise refused(f'line {number} is very long')
                if CONTROL.search(line.strip()):
                    raise refused(f'line {number} has control characters')
                lines.append(_split_line(line))
    except UnicodeDecodeError as error:
        raise refused('not UTF-8') from error
    except OSError as error:
        raise refused(f'unreadable ({error.strerror})') from error
    subjects = list(dict.fromkeys(line for line in lines if line))
    if not subjects:
        raise refused('empty')
    return subjects
