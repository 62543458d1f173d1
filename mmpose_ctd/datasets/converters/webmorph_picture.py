"""One picture of a set: read, checked, cropped, and its points moved along.

See :mod:`mmpose_ctd.datasets.image_crop` for the geometry.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..image_crop import ImageCrop
from .webmorph_recipe import Crop
from .webmorph_tem import RecordRefused, read_tem

#: What the published set was made with.
SIZE = 256
JPEG_QUALITY = 93
#: How far outside the picture a point may lie, as a share of its longer
#: side. The template follows hair and neck, which a tight picture cuts.
OUTSIDE = 0.25


@dataclass(frozen=True)
class Record:
    """A converted picture.

    Attributes:
        image (dict): Its entry in the annotation files.
        keypoints (np.ndarray, optional): (N, 3): x, y in pixels of the
            crop, and visibility (2 inside the crop, else 0).
        identical (bool): Whether the file is byte for byte the published.
    """

    image: dict
    keypoints: np.ndarray | None
    identical: bool


def _square(crop: Crop, size: int) -> ImageCrop:
    return ImageCrop(crop.x, crop.y, crop.side, crop.side, size, size)


def crop_image(image: np.ndarray, crop: Crop, size: int) -> np.ndarray:
    """Cuts out a square and resizes it.

    Args:
        image (np.ndarray): (H, W, 3), uint8.
        crop (Crop): Which square; outside the image its border is repeated.
        size (int): Side of the result, in pixels.

    Returns:
        np.ndarray: (size, size, 3), uint8.
    """
    return _square(crop, size).pixels(image)


def crop_points(points: np.ndarray, crop: Crop, size: int) -> np.ndarray:
    """Points of an original as keypoints of its crop.

    Args:
        points (np.ndarray): (N, 2), pixels of the original.
        crop (Crop): The square that was cut out.
        size (int): The side it was brought to, in pixels.

    Returns:
        np.ndarray: (N, 3): x, y in pixels of the crop to 2 decimals, and
        visibility: 2 inside the crop, else 0.
    """
    moved = _square(crop, size).forward(points)
    inside = ((moved >= 0) & (moved <= size - 1)).all(axis=1)
    return np.column_stack([np.round(moved, 2), 2.0 * inside])


def _check_blob(data: bytes, expected: str, file: str) -> None:
    """Compares with the id that git gives a file's content."""
    head = f'blob {len(data)}\0'.encode()
    found = hashlib.sha1(head + data, usedforsecurity=False).hexdigest()
    if not found.startswith(expected):
        raise RecordRefused(
            file,
            f'a damaged or another version (git blob {found[:12]})',
            f'git blob {expected}',
        )


def _read_image(src: Path, crop: Crop) -> np.ndarray:
    data = (src / crop.source).read_bytes()
    # The template counts stored pixels, whatever EXIF says about turning.
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:  # an empty file
        image = None
    if image is None:
        raise RecordRefused(
            crop.source,
            f'{len(data)} bytes that are no image',
            f'a JPEG of {crop.width}x{crop.height}',
        )
    height, width = image.shape[:2]
    if (width, height) != (crop.width, crop.height):
        raise RecordRefused(
            crop.source,
            f'{width}x{height} pixels',
            f'{crop.width}x{crop.height} pixels',
        )
    # OpenCV fills the missing part of a truncated JPEG with grey; only the
    # content's id tells.
    _check_blob(data, crop.image_blob, crop.source)
    return image


def _read_points(src: Path, crop: Crop, count: int) -> np.ndarray:
    path = src / crop.template
    try:
        points, _ = read_tem(path)
    except RecordRefused as error:
        raise RecordRefused(
            crop.template, error.found, error.expected
        ) from None
    if len(points) != count:
        raise RecordRefused(
            crop.template, f'{len(points)} points', f'{count} points'
        )
    size = np.array([crop.width, crop.height])
    slack = OUTSIDE * size.max()
    far = ((points < -slack) | (points > size + slack)).any(axis=1)
    if far.any():
        index = int(far.argmax())
        x, y = points[index]
        raise RecordRefused(
            crop.template,
            f'point {index} at ({x:g}, {y:g}), far outside the image'
            + (f', and {far.sum() - 1} more' if far.sum() > 1 else ''),
            f'points within {crop.width}x{crop.height} or {slack:g} pixels '
            'around it',
        )
    # Git may have given a text file the line ends of another system.
    data = path.read_bytes().replace(b'\r\n', b'\n')
    _check_blob(data, crop.template_blob, crop.template)
    return points


def convert_picture(
    src: Path,
    folder: Path,
    crop: Crop,
    index: int,
    point_count: int,
    size: int,
) -> Record:
    """Writes the crop of one picture.

    Args:
        src (Path): The checkout.
        folder (Path): Where the crop is written.
        crop (Crop): Which picture, and which square of it.
        index (int): The id of the image.
        point_count (int): Points that its template must have.
        size (int): Side of the crop, in pixels.

    Raises:
        RecordRefused: Where the picture or its template cannot be used;
            nothing is written then.
    """
    image = _read_image(src, crop)
    keypoints = None
    if crop.labelled:
        points = _read_points(src, crop, point_count)
        keypoints = crop_points(points, crop, size)
    _, data = cv2.imencode(
        '.jpg',
        crop_image(image, crop, size),
        [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY],
    )
    (folder / crop.file_name).write_bytes(data.tobytes())
    digest = hashlib.sha256(data.tobytes()).hexdigest()
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
    identical = bool(crop.crop_sha256) and digest.startswith(crop.crop_sha256)
    return Record(entry, keypoints, identical)
