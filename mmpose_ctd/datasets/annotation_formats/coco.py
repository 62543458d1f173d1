"""Reads COCO keypoints: one file of names, photographs and points."""

import numpy as np

from mmpose_ctd.errors import InputError

from ..landmark_file import LandmarkFile
from .point_record import PointRecord, Reading, Source

__all__ = ['read']

#: What an image record may say of a photograph.
FIELDS = ('subject', 'site', 'mm_per_px', 'age', 'sex')


def read(sources: list[Source]) -> Reading:
    """Read COCO keypoint files.

    Args:
        sources (list[Source]): The files.

    Returns:
        Reading: A record for each annotation that is not of a crowd.

    Raises:
        InputError: If a file is no COCO keypoint file of one category.
    """
    reading = Reading()
    for source in sources:
        file = LandmarkFile.read(source.path)
        file.path = source.name
        for annotation in file.annotations:
            if not annotation.get('iscrowd'):
                reading.records.append(_record(file, annotation))
    return reading


def _record(file: LandmarkFile, annotation: dict) -> PointRecord:
    image = file.images.get(annotation.get('image_id')) or {}
    where = f'{file.path}, annotation {annotation["id"]}'
    name = image.get('file_name')
    name = name if isinstance(name, str) else ''
    try:
        file.check_annotation(annotation)
        file.check_image(image)
    except InputError as error:
        problem = str(error).removeprefix(f'{file.path}: ')
        return PointRecord(where, name, problem=problem)
    values = np.array(annotation['keypoints'], dtype=float).reshape(-1, 3)
    points = np.where(values[:, 2:] > 0, values[:, :2], np.nan)
    return PointRecord(
        where,
        name,
        points,
        visible=values[:, 2],
        names=tuple(file.names),
        size=(image['width'], image['height']),
        fields={key: image[key] for key in FIELDS if key in image},
    )
