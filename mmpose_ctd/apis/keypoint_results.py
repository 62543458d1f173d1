"""Reads the landmarks that a program wrote for images."""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError


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
    file = Path(file)
    if not file.is_file():
        raise MissingFileError(
            f'{file} does not exist; expected a file of predicted landmarks.'
        )
    try:
        content = json.loads(file.read_text(encoding='utf-8'))
        if not isinstance(content, list):
            content = content['keypoints']
        found: dict[int | str, np.ndarray] = {}
        for entry in content:
            image = entry['image_id']
            values = [float(v) for v in entry['keypoints']]
            if image in found:
                raise InputError(f'{file}: two predictions for id={image}.')
            if len(values) % 3 or not all(map(math.isfinite, values)):
                raise InputError(
                    f'{file}: image id={image}: expected x, y, score of each '
                    f'landmark, finite numbers; found {len(values)} values.'
                )
            found[image] = np.reshape(values, (-1, 3))[:, :2]
    except InputError:
        raise
    except (ValueError, LookupError, TypeError) as error:
        raise InputError(
            f'{file}: expected {{"keypoints": [{{"image_id", "keypoints"}}, '
            f'...]}} ({error!r}).'
        ) from error
    return found


def points_of_images(
    file: str | Path, images: Sequence, num_landmarks: Iterable[int]
) -> list[np.ndarray]:
    """The landmarks of these images.

    Args:
        file (str or Path): See :func:`read_keypoint_results`.
        images (Sequence): Ids of N images.
        num_landmarks (Iterable[int]): K of each.

    Returns:
        list[np.ndarray]: N times (K, 2), pixels of the image.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If an image is not in it, or has another number of
            points.
    """
    points = read_keypoint_results(file)
    for image, number in zip(images, num_landmarks):
        if image not in points:
            raise InputError(
                f'{file}: no prediction for the image id={image}; one for '
                'every tested image is expected.'
            )
        if len(points[image]) != number:
            raise InputError(
                f'{file}: image id={image} has {len(points[image])} points, '
                f'the dataset {number}.'
            )
    return [points[image] for image in images]
