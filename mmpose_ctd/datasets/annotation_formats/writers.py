"""Writes points as annotation tools open them: what the readers read.

A writer takes N photographs, whose points are in the axes of its format, and
the K landmarks. It returns the content of each file by name.
"""

import json
import os
import posixpath
from collections.abc import Callable, Sequence
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np

from mmpose_ctd.errors import InputError
from mmpose_ctd.table_cells import csv_text

from ..landmark_file import face_annotation

#: Decimals of a written coordinate. Not 3: 1.034 may be a thousand.
DECIMALS = 4
# Labelme 5 and later read files of this version.
_LABELME = '5.5.0'


class PhotographPoints(NamedTuple):
    """The points of one photograph, to be written.

    Attributes:
        image (str): Name of the photograph, relative to its folder, with
            ``/``.
        size (tuple[int, int]): Width and height of the upright photograph.
        points (np.ndarray): (K, 2), x and y in pixels of it; NaN where
            missing. In the arguments of a writer: in the format's axes.
    """

    image: str
    size: tuple[int, int]
    points: np.ndarray


Writer = Callable[[Sequence[PhotographPoints], Sequence[str], str], dict]


def _rows(
    points: np.ndarray, between: str = ' ', missing: str = '-1'
) -> list[str]:
    """``x y`` of each point."""
    return [
        between.join(
            f'{v:.{DECIMALS}f}' if np.isfinite(pair).all() else missing
            for v in pair
        )
        for pair in points
    ]


def _known(photo: PhotographPoints, names: Sequence[str]) -> list[tuple]:
    """Name, x and y of the points that are not missing."""
    return [
        (name, *(round(float(v), DECIMALS) for v in pair))
        for name, pair in zip(names, photo.points, strict=True)
        if np.isfinite(pair).all()
    ]


def _for_each(
    photographs: Sequence[PhotographPoints],
    suffix: str,
    content: Callable[[PhotographPoints], str],
) -> dict[str, str]:
    """A file for each photograph, of its name with another suffix."""
    found: dict[str, str] = {}
    for photo in photographs:
        name = os.path.splitext(photo.image)[0] + suffix
        if name in found:
            raise InputError(
                where=photo.image,
                found=f'another photograph would have the file {name!r}, too',
                cure='Rename one of them, or choose a format with one file '
                'for all: csv, coco, cvat or tps.',
            )
        found[name] = content(photo)
    return found


def write_tps(photographs, names, folder) -> dict[str, str]:
    """A file of tpsDig."""
    specimens = [
        [f'LM={len(names)}', *_rows(p.points), f'IMAGE={p.image}', f'ID={i}']
        for i, p in enumerate(photographs)
    ]
    lines = [line for specimen in specimens for line in specimen]
    return {'points.tps': '\n'.join([*lines, ''])}


def write_pts(photographs, names, folder) -> dict[str, str]:
    """iBUG's files."""
    head = ['version: 1', f'n_points: {len(names)}', '{']
    return _for_each(
        photographs,
        '.pts',
        lambda photo: '\n'.join([*head, *_rows(photo.points), '}', '']),
    )


def write_tem(photographs, names, folder) -> dict[str, str]:
    """WebMorph's files, without lines."""
    return _for_each(
        photographs,
        '.tem',
        lambda photo: '\n'.join(
            [str(len(names)), *_rows(photo.points, '\t'), '0', '']
        ),
    )


def write_csv(photographs, names, folder) -> dict[str, str]:
    """A table with a row for each point."""
    rows = (
        [photo.image, name, *row.split(',')]
        for photo in photographs
        for name, row in zip(
            names, _rows(photo.points, ',', 'NA'), strict=True
        )
    )
    return {'points.csv': csv_text(['image', 'landmark', 'x', 'y'], rows)}


def write_coco(photographs, names, folder) -> dict[str, str]:
    """Keypoints of one category."""
    images, annotations = [], []
    for i, photo in enumerate(photographs, 1):
        width, height = photo.size
        images.append(
            dict(id=i, file_name=photo.image, width=width, height=height)
        )
        known = {name: (x, y, 2) for name, x, y in _known(photo, names)}
        points = (known.get(name, (0, 0, 0)) for name in names)
        annotations.append(face_annotation(i, points, photo.size))
    category = dict(id=1, name='face', keypoints=[*names], skeleton=[])
    content = dict(
        images=images, annotations=annotations, categories=[category]
    )
    return {'points.json': json.dumps(content, ensure_ascii=False)}


def write_labelme(photographs, names, folder) -> dict[str, str]:
    """LabelMe's files; ``folder`` leads from them to the photographs."""

    def content(photo: PhotographPoints) -> str:
        shapes = [
            dict(
                label=name,
                points=[[x, y]],
                group_id=None,
                description='',
                shape_type='point',
                flags={},
            )
            for name, x, y in _known(photo, names)
        ]
        # imagePath is relative to the file, which lies as deep as the image.
        up = '../' * photo.image.count('/')
        return json.dumps(
            dict(
                version=_LABELME,
                flags={},
                shapes=shapes,
                imagePath=posixpath.join(up, folder, photo.image),
                imageData=None,
                imageHeight=photo.size[1],
                imageWidth=photo.size[0],
            ),
            ensure_ascii=False,
            indent=2,
        )

    return _for_each(photographs, '.json', content)


def write_cvat(photographs, names, folder) -> dict[str, str]:
    """CVAT for images 1.1, as its *Upload annotations* takes it."""
    root = ElementTree.Element('annotations')
    ElementTree.SubElement(root, 'version').text = '1.1'
    for i, photo in enumerate(photographs):
        image = ElementTree.SubElement(
            root,
            'image',
            id=str(i),
            name=photo.image,
            width=str(photo.size[0]),
            height=str(photo.size[1]),
        )
        for name, x, y in _known(photo, names):
            ElementTree.SubElement(
                image,
                'points',
                label=name,
                source='auto',
                occluded='0',
                points=f'{x:.{DECIMALS}f},{y:.{DECIMALS}f}',
                z_order='0',
            )
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding='unicode')
    return {
        'annotations.xml': f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'
    }
