"""Reads the landmarks that a program wrote for images."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from mmpose_ctd.errors import InputError
from mmpose_ctd.files import json_file


def read_keypoint_results(file: str | Path) -> dict[int | str, np.ndarray]:
    """Landmarks of images, as COCO's keypoint results.

    Args:
        file (str or Path): ``[{"image_id": ..., "keypoints": [x, y, score,
            ...]}, ...]``, in pixels of the image, alone or as
            ``{"keypoints": [...]}``; what else an entry holds is not read.

    Returns:
        dict: Id of an image -> (K, 2).

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is anything else, a number is not finite, or an
            image has two entries.
    """
    found: dict[int | str, np.ndarray] = {}
    expected = '{"keypoints": [{"image_id", "keypoints"}, ...]}'
    with json_file(file, expected) as content:
        if not isinstance(content, list):
            content = content['keypoints']
        for entry in content:
            image = entry['image_id']
            values = [float(v) for v in entry['keypoints']]
            where = f'{file}: image id={image}'
            if image in found:
                raise InputError(where=where, found='two predictions')
            if len(values) % 3 or not all(map(math.isfinite, values)):
                raise InputError(
                    where=where,
                    found=f'{len(values)} values',
                    expected='x, y, score of each landmark, finite numbers',
                )
            found[image] = np.reshape(values, (-1, 3))[:, :2]
    return found


def points_of_images(
    file: str | Path, images: Sequence, num_landmarks: Iterable[int]
) -> list[np.ndarray]:
    """The landmarks of N images, N times (K, 2), pixels of the image.

    ``images`` are their ids, ``num_landmarks`` the K of each.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If an image is not in it, or has another number of
            points.
    """
    points = read_keypoint_results(file)
    for image, number in zip(images, num_landmarks):
        where = f'{file}: image id={image}'
        if image not in points:
            raise InputError(
                where=where,
                found='no prediction',
                expected='one for every tested image',
            )
        if len(points[image]) != number:
            raise InputError(
                where=where,
                found=f'{len(points[image])} points',
                expected=f'{number}, as in the dataset',
            )
    return [points[image] for image in images]
