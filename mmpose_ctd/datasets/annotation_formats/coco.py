"""Reads COCO keypoints: one file of names, photographs and points."""

import reprlib

import numpy as np

from mmpose_ctd.errors import InputError

from ..landmark_file import LandmarkFile, is_below, is_real
from .person_cells import checked_age, person_texts
from .point_record import (
    Reading,
    ReadOptions,
    Refused,
    Source,
    repeated_name,
)


def read(sources: list[Source], options: ReadOptions) -> Reading:
    """Read COCO keypoint files.

    Args:
        sources (list[Source]): The files.
        options (ReadOptions): Not used.

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
        for one in file.annotations:
            if not one.get('iscrowd'):
                where = f'{source.name}, annotation {one["id"]}'
                reading.add(
                    source, where, '', lambda f=file, a=one: _record(f, a)
                )
    return reading


def _record(file: LandmarkFile, annotation: dict) -> dict:
    image = file.image_of(annotation)
    name = image.get('file_name')
    name = name if is_below(name) else ''
    try:
        file.check_image(image)
        file.check_annotation(annotation)
        own, its = file.category.get('id'), annotation.get('category_id')
        if own != its and None not in (own, its):
            raise Refused(
                f'category_id={reprlib.repr(its)}',
                f'{reprlib.repr(own)}, the only category of the file',
            )
        fields = _fields(image)
    except InputError as error:
        return dict(image=name, problem=error.text(with_where=False))
    values = np.array(annotation['keypoints'], dtype=float).reshape(-1, 3)
    return dict(
        image=name,
        points=values[:, :2],
        visible=values[:, 2],
        names=tuple(file.names),
        size=(image['width'], image['height']),
        fields=fields,
    )


def _fields(image: dict) -> dict:
    """Subject, site, sex, age and scale of an image record."""
    texts, fields = {}, {}
    for key in ('subject', 'site', 'sex'):
        value = image.get(key)
        if isinstance(value, str):
            texts[key] = value
        elif isinstance(value, int) and not isinstance(value, bool):
            fields[key] = value
        elif value is not None:
            raise Refused(f'{key}={reprlib.repr(value)}', 'text')
    for key in ('mm_per_px', 'age'):
        value = image.get(key)
        # pandas writes NaN for a missing value.
        if value is None or value != value:
            continue
        if not is_real(value):
            raise Refused(f'{key}={reprlib.repr(value)}', 'a number')
        fields[key] = float(value)
    checked_age(fields.get('age', 0), str(image.get('age')))
    return fields | person_texts(texts)
