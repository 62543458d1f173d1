"""Reads COCO keypoints: one file of names, photographs and points."""

import reprlib

import numpy as np

from mmpose_ctd.errors import InputError

from ..landmark_file import LandmarkFile
from .json_values import as_number, as_text
from .person_cells import checked_age, person_texts
from .point_record import (
    PointRecord,
    Reading,
    ReadOptions,
    Refused,
    Source,
    repeated_name,
)

__all__ = ['read']

# What an image record may say of a photograph.
_TEXTS = ('subject', 'site', 'sex')
_NUMBERS = ('mm_per_px', 'age')


def read(sources: list[Source], options: ReadOptions) -> Reading:
    """Read COCO keypoint files.

    Args:
        sources (list[Source]): The files.
        options (ReadOptions): Not used: the format fixes what it settles.

    Returns:
        Reading: A record for each annotation that is not of a crowd.

    Raises:
        InputError: If a file is not a COCO keypoint file of one category
            with different names.
    """
    reading = Reading()
    for source in sources:
        file = LandmarkFile.read(source.path, pass_over_unused=True)
        file.path = source.name
        if repeated := repeated_name(file.category['keypoints']):
            raise InputError(
                where=source.name,
                found=f'{repeated[0]!r} and {repeated[1]!r} among the '
                "category's keypoints",
                expected='a name of its own for each landmark',
            )
        for annotation in file.annotations:
            if not annotation.get('iscrowd'):
                reading.add(_record(file, annotation), source)
    return reading


def _record(file: LandmarkFile, annotation: dict) -> PointRecord:
    image, name = {}, ''
    where = f'{file.path}, annotation {annotation["id"]}'
    try:
        image = file.image_of(annotation)
        name = as_text(image.get('file_name', ''), 'file_name')
        file.check_image(image)
        file.check_annotation(annotation)
        _check_category(file, annotation)
        fields = _fields(image)
    except InputError as error:
        # The place within the file, which `where` has already.
        problem = error.text(with_where=False)
        return PointRecord(where, name, problem=problem)
    values = np.array(annotation['keypoints'], dtype=float).reshape(-1, 3)
    return PointRecord(
        where,
        name,
        values[:, :2],
        visible=values[:, 2],
        names=tuple(file.names),
        size=(image['width'], image['height']),
        fields=fields,
    )


def _check_category(file: LandmarkFile, annotation: dict) -> None:
    own, its = file.category.get('id'), annotation.get('category_id')
    if own != its and None not in (own, its):
        raise Refused(
            found=f'category_id={reprlib.repr(its)}',
            expected=f"{reprlib.repr(own)}, the file's only category",
        )


def _fields(image: dict) -> dict:
    fields = {}
    for key in (*_TEXTS, *_NUMBERS):
        value = image.get(key)
        if value is None:
            continue
        if key in _NUMBERS:
            fields[key] = as_number(value, key)
            if key == 'age':
                checked_age(fields[key], str(value))
        elif isinstance(value, bool) or not isinstance(value, (int, str)):
            raise Refused(
                found=f'{key}={reprlib.repr(value)}', expected='text'
            )
        else:
            fields[key] = value
    texts = {k: v for k, v in fields.items() if isinstance(v, str)}
    others = {k: v for k, v in fields.items() if k not in texts}
    return others | person_texts(texts)
