"""Reads COCO keypoints, and LabelMe's files: one for each photograph."""

import posixpath
import re
import reprlib
from collections import Counter

import numpy as np

from mmpose_ctd.errors import InputError

from ..landmark_file import LandmarkFile, is_below, is_real
from ..text_files import read_json
from .cells import checked_age, person_texts
from .foreign import foreign_json
from .point_record import (
    Reading,
    ReadOptions,
    Refused,
    Source,
    is_number,
    repeated_name,
)


def read_coco(sources: list[Source], options: ReadOptions) -> Reading:
    """Read COCO files: a record for each annotation that is not of a crowd.

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
                    source, where, '', lambda f=file, a=one: _annotated(f, a)
                )
    return reading


def _annotated(file: LandmarkFile, annotation: dict) -> dict:
    image = file.image_of(annotation)
    name = image.get('file_name')
    name = name if is_below(name) else ''
    try:
        file.check_image(image)
        file.check_annotation(annotation)
        own, its = file.category.get('id'), annotation.get('category_id')
        if own != its and None not in (own, its):
            only = f'{reprlib.repr(own)}, the only category of the file'
            raise _refused(its, 'category_id', only)
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
            raise _refused(value, key, 'text')
    for key in ('mm_per_px', 'age'):
        value = image.get(key)
        # pandas writes NaN for a missing value.
        if value is None or value != value:
            continue
        if not is_real(value):
            raise _refused(value, key, 'a number')
        fields[key] = float(value)
    checked_age(fields.get('age', 0), str(image.get('age')))
    return fields | person_texts(texts)


def read_labelme(sources: list[Source], options: ReadOptions) -> Reading:
    """Read LabelMe files; a point's label is the landmark's name."""
    others: Counter = Counter()
    reading = Reading.of_files(sources, lambda s: _shapes(s, others))
    reading.notes = [
        f'{count} shapes of the kind {kind!r} are ignored; only points are '
        'read.'
        for kind, count in others.items()
    ]
    return reading


def _shapes(source: Source, others: Counter) -> dict:
    content = read_json(source.path, source.name)
    if other := foreign_json(source.name, content):
        raise other
    if not isinstance(content, dict):
        raise _refused(content, '', 'an object { }')
    names, points, ignored = [], [], Counter()
    for i, shape in enumerate(_list(content.get('shapes'), 'shapes')):
        where = f'shapes[{i}]'
        if not isinstance(shape, dict):
            raise _refused(shape, where, 'an object { }')
        kind = shape.get('shape_type', 'polygon')
        if kind != 'point':
            ignored[str(kind)[:40]] += 1
            continue
        names.append(_text(shape.get('label'), f'{where}.label').strip())
        pair = _list(shape.get('points'), f'{where}.points', 1)[0]
        pair = _list(pair, f'{where}.points[0]', 2)
        points.append([_number(v, f'{where}.points') for v in pair])
    others += ignored
    if not names and ignored:
        kinds = ', '.join(f'{n} {kind}' for kind, n in ignored.items())
        raise Refused(
            f'no shape of the type point, but {kinds}',
            'points',
            'In LabelMe, click landmarks with Edit, Create Point, each with '
            'a label of its own.',
        )
    sides = [content.get(key) for key in ('imageWidth', 'imageHeight')]
    size = None if None in sides else [_number(v, 'image size') for v in sides]
    only_numbers = bool(names) and all(map(is_number, names))
    return dict(
        image=_photograph(source.name, content.get('imagePath')),
        points=points,
        names=tuple(names),
        counts={'': len(names)} if only_numbers else {},
        size=size,
        is_of_file_name=True,
    )


def _photograph(source: str, path) -> str:
    """The photograph's path below the folder that the user gave.

    imagePath is relative to the file. ``..`` above the user's folder is
    dropped: the lookup of the photograph compares the remaining folders.
    """
    path = _text(path or '', 'imagePath').replace('\\', '/')
    if not path.strip():
        return ''
    if re.match('(/|[A-Za-z]:)', path):
        return path
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    return re.sub(r'^(\.\./)+', '', path)


def _refused(value: object, where: str, expected: str) -> Refused:
    return Refused(f'{where}={reprlib.repr(value)}'.lstrip('='), expected)


def _list(value: object, where: str, length: int | None = None) -> list:
    if not isinstance(value, list) or length not in (None, len(value)):
        many = '' if length is None else f' of {length}'
        raise _refused(value, where, f'a list{many}')
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or '\0' in value:
        raise _refused(value, where, 'text')
    return value


def _number(value: object, where: str) -> float:
    is_one = isinstance(value, (int, float)) and not isinstance(value, bool)
    # An integer may have more digits than a float holds.
    if not is_one or abs(value) > 1e300:
        raise _refused(value, where, 'a number')
    return float(value)
