"""Crops one picture of a set, and moves its points along.

See :mod:`mmpose_ctd.datasets.image_crop` for the geometry.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mmpose_ctd.datasets.annotation_formats import Refused
from mmpose_ctd.datasets.annotation_formats.pts_tem import read_tem
from mmpose_ctd.datasets.image_crop import ImageCrop
from mmpose_ctd.errors import InputError

from .recipe import Crop

__all__ = ['JPEG_QUALITY', 'Record', 'crop_picture', 'crop_points']

#: Of the published set.
JPEG_QUALITY = 93
# How far outside the picture a point may lie, as a share of its longer side.
# The template follows hair and neck, which a tight picture cuts.
_OUTSIDE = 0.25


@dataclass(frozen=True)
class Record:
    """A cropped picture.

    Attributes:
        image (dict): Its entry in the annotation files.
        keypoints (np.ndarray, optional): (N, 3): x, y in pixels of the
            crop, and visibility.
        identical (bool): Whether the file equals the published one.
    """

    image: dict
    keypoints: np.ndarray | None
    identical: bool


def crop_picture(
    src: Path, folder: Path, crop: Crop, index: int, points: int, size: int
) -> Record:
    """Write the crop of one picture.

    Args:
        src (Path): The checkout.
        folder (Path): Where the crop is written.
        crop (Crop): Which picture, and which square of it.
        index (int): The id of the image.
        points (int): Points that its template must have.
        size (int): Side of the crop, in pixels.

    Raises:
        Refused: If the picture or its template cannot be used; nothing
            is written then.
    """
    image = _read_image(src, crop)
    keypoints = None
    if crop.labelled:
        keypoints = crop_points(_read_points(src, crop, points), crop, size)
    pixels = square_of(crop, size).pixels(image)
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    data = cv2.imencode('.jpg', pixels, quality)[1].tobytes()
    (folder / crop.file_name).write_bytes(data)
    entry = {
        'id': index,
        'file_name': crop.file_name,
        'width': size,
        'height': size,
        'subject': crop.subject,
        'site': crop.site,
        'expression': crop.expression,
        'labelled': crop.labelled,
    }
    if crop.age is not None:
        entry['age'] = crop.age
    if crop.sex:
        entry['sex'] = crop.sex
    entry['source_crop'] = [crop.x, crop.y, crop.side]
    entry['source_size'] = [crop.width, crop.height]
    digest, known = hashlib.sha256(data).hexdigest(), crop.crop_sha256
    return Record(entry, keypoints, bool(known) and digest.startswith(known))


def square_of(crop: Crop, size: int) -> ImageCrop:
    """The square of a crop, brought to a size."""
    return ImageCrop(crop.x, crop.y, crop.side, crop.side, size, size)


def crop_points(points: np.ndarray, crop: Crop, size: int) -> np.ndarray:
    """Points of an original as keypoints of its crop.

    Args:
        points (np.ndarray): (N, 2), pixels of the original.
        crop (Crop): The square that was cut out.
        size (int): Its new side, in pixels.

    Returns:
        np.ndarray: (N, 3): x, y in pixels of the crop to 2 decimals, and
        visibility: 2 inside the crop, else 0.
    """
    moved = square_of(crop, size).forward(points)
    inside = ((moved >= 0) & (moved <= size - 1)).all(axis=1)
    return np.column_stack([np.round(moved, 2), 2.0 * inside])


def _read_image(src: Path, crop: Crop) -> np.ndarray:
    data = (src / crop.source).read_bytes()
    # The template counts stored pixels, however EXIF turns them.
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:  # an empty file
        image = None
    if image is None:
        raise Refused(
            f'{len(data)} bytes that are not an image',
            f'a JPEG of {crop.width}x{crop.height}',
            where=crop.source,
        )
    height, width = image.shape[:2]
    if (width, height) != (crop.width, crop.height):
        raise Refused(
            f'{width}x{height} pixels',
            f'{crop.width}x{crop.height} pixels',
            where=crop.source,
        )
    # OpenCV fills the missing part of a truncated JPEG with grey.
    _check_blob(data, crop.image_blob, crop.source)
    return image


def _read_points(src: Path, crop: Crop, count: int) -> np.ndarray:
    path, name = src / crop.template, crop.template
    try:
        points = read_tem(path)
    except InputError as error:
        raise Refused(error.found, error.expected, where=name) from None
    if len(points) != count:
        raise Refused(f'{len(points)} points', f'{count} points', where=name)
    size = np.array([crop.width, crop.height])
    slack = _OUTSIDE * size.max()
    far = ((points < -slack) | (points > size + slack)).any(axis=1)
    if far.any():
        index = int(far.argmax())
        x, y = points[index]
        raise Refused(
            f'point {index} at ({x:g}, {y:g}), far outside the image'
            + f', and {far.sum() - 1} more' * (far.sum() > 1),
            f'points within {crop.width}x{crop.height} or {slack:g} pixels '
            'around it',
            where=name,
        )
    # Git may have given a text file the line ends of another system.
    data = path.read_bytes().replace(b'\r\n', b'\n')
    _check_blob(data, crop.template_blob, name)
    return points


def _check_blob(data: bytes, expected: str, file: str) -> None:
    """Compare with git's id of a file's content."""
    head = f'blob {len(data)}\0'.encode()
    found = hashlib.sha1(head + data, usedforsecurity=False).hexdigest()
    if not found.startswith(expected):
        raise Refused(
            f'a damaged or another version (git blob {found[:12]})',
            f'git blob {expected}',
            where=file,
        )
