"""Reads an image's file, and keeps what the checks need of it."""

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image

from mmpose_ctd.errors import InputError

from ..face_detection import detect_faces
from ..image_file import open_photograph
from ..upright_image import PhotographSize, photograph_size, read_upright

# Side of the preview in pixels.
_PREVIEW = 128
# EXIF entries that say nothing about who, where and when.
_HARMLESS = {
    ExifTags.Base.Orientation,
    ExifTags.Base.XResolution,
    ExifTags.Base.YResolution,
    ExifTags.Base.ResolutionUnit,
    ExifTags.Base.YCbCrPositioning,
    ExifTags.Base.ColorSpace,
    ExifTags.Base.ExifOffset,
    ExifTags.Base.ExifVersion,
    ExifTags.Base.ExifImageWidth,
    ExifTags.Base.ExifImageHeight,
}


@dataclass
class PhotoFile:
    """The content of an image's file.

    Attributes:
        problem (str): Why it cannot be used; empty if it can.
        size (tuple[int, int], optional): Width and height of the upright
            image.
        orientation (int): EXIF orientation; 1 is upright.
        gps (bool): Whether EXIF says where it was taken.
        private (int): Number of EXIF entries that may say who, when or with
            what.
        preview (np.ndarray, optional): (128, 128), grey, uint8.
        faces (list[tuple]): Detected faces as x, y, width, height, largest
            first; empty without ``find_faces``.
    """

    problem: str = ''
    size: tuple[int, int] | None = None
    orientation: int = 1
    gps: bool = False
    private: int = 0
    preview: np.ndarray | None = field(default=None, repr=False)
    faces: list[tuple[float, float, float, float]] = field(
        default_factory=list
    )


def read_photo_file(path: Path, find_faces: bool = False) -> PhotoFile:
    """Read a file to its end.

    Args:
        path (Path): The file.
        find_faces (bool): Whether to detect faces. Defaults to ``False``.
    """
    file = PhotoFile()
    try:
        with open_photograph(path, verify=False) as image:
            stored = photograph_size(path).stored_size
            _read_exif(image, file)
        upright = read_upright(path)
    except InputError as error:
        problem = InputError(
            where='its file', found=error.found, expected=error.expected
        )
        return PhotoFile(str(problem))
    file.size = PhotographSize(stored, file.orientation).size
    grey = Image.fromarray(cv2.cvtColor(upright, cv2.COLOR_BGR2GRAY))
    file.preview = np.asarray(
        grey.resize((_PREVIEW, _PREVIEW), Image.Resampling.BOX)
    )
    if find_faces:
        file.faces = detect_faces(upright)
    return file


def _read_exif(image: Image.Image, file: PhotoFile) -> None:
    # Viewers do not read a damaged block either.
    with contextlib.suppress(Exception):
        exif = image.getexif()
        orientation = exif.get(ExifTags.Base.Orientation, 1)
        file.orientation = orientation if orientation in range(1, 9) else 1
        file.gps = bool(exif.get_ifd(ExifTags.IFD.GPSInfo))
        tags = {*exif, *exif.get_ifd(ExifTags.IFD.Exif)}
        file.private = len(tags - _HARMLESS - {ExifTags.Base.GPSInfo})
