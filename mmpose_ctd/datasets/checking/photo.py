"""An image record of a set, and what its file says."""

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image

from mmpose_ctd.errors import InputError

from ..face_detection import detect_faces
from ..image_file import open_photograph
from ..upright_image import photograph_size, read_upright

__all__ = ['Photo', 'PhotoFile', 'read_photo_file']

# Side of the small picture that duplicates are looked for with, in pixels.
PREVIEW = 128

# EXIF that says nothing about who, where and when.
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
class Photo:
    """An image record with the points of its first annotation.

    Attributes:
        place (int): Position in the file's ``images``, from 0.
        record (dict): The record as it is written.
        number (str): What names it to people: its id, if that is a number.
        subject (str): Empty if there is none.
        site (str): Empty if there is none.
        file_name (str): Empty if there is none.
        size (tuple[int, int], optional): Width and height as recorded, if
            they can be.
        path (Path, optional): Where its file should be.
        points (np.ndarray, optional): (K, 2) in pixels of the image; NaN
            where missing. None without an annotation that can be read.
        num_annotations (int): How many annotations name it.
        num_faces (int): How many of those that can be read differ.
    """

    place: int
    record: dict
    number: str
    subject: str
    site: str
    file_name: str
    size: tuple[int, int] | None
    path: Path | None
    points: np.ndarray | None = None
    num_annotations: int = 0
    num_faces: int = 1

    @property
    def labelled(self) -> bool:
        """Whether any landmark is known."""
        return self.points is not None and bool(np.isfinite(self.points).any())


@dataclass
class PhotoFile:
    """What reading an image's file showed.

    Attributes:
        problem (str): Why it cannot be used; empty if it can.
        size (tuple[int, int], optional): Width and height as stored.
        orientation (int): EXIF orientation, 1 where the file is upright.
        gps (bool): Whether it says where it was taken.
        private (int): How many EXIF entries may say who, when or with what.
        preview (np.ndarray, optional): (PREVIEW, PREVIEW), grey, uint8.
        faces (list[tuple]): x, y, width, height of the faces that are
            detected, the largest first; empty if none was looked for.
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

    @property
    def upright_size(self) -> tuple[int, int] | None:
        """Width and height of the upright image."""
        # Orientations 5 to 8 exchange the sides.
        turned = self.size is not None and self.orientation >= 5
        return self.size[::-1] if turned else self.size


def read_photo_file(path: Path, find_faces: bool = False) -> PhotoFile:
    """Read all of an image's file, and keep little of it.

    Args:
        path (Path): The file.
        find_faces (bool): Whether to look for faces. Defaults to ``False``.
    """
    try:
        with open_photograph(path, verify=False) as image:
            found = PhotoFile(size=photograph_size(path).stored_size)
            _read_exif(image, found)
        upright = read_upright(path)
        grey = cv2.cvtColor(upright, cv2.COLOR_BGR2GRAY)
    except InputError as error:
        problem = InputError(
            where='its file', found=error.found, expected=error.expected
        )
        return PhotoFile(str(problem))
    small = Image.fromarray(grey).resize(
        (PREVIEW, PREVIEW), Image.Resampling.BOX
    )
    found.preview = np.asarray(small)
    if find_faces:
        found.faces = detect_faces(upright)
    return found


def _read_exif(image: Image.Image, found: PhotoFile) -> None:
    # A damaged block is not read by cameras' software either.
    with contextlib.suppress(Exception):
        exif = image.getexif()
        orientation = exif.get(ExifTags.Base.Orientation, 1)
        found.orientation = orientation if orientation in range(1, 9) else 1
        found.gps = bool(exif.get_ifd(ExifTags.IFD.GPSInfo))
        tags = {*exif, *exif.get_ifd(ExifTags.IFD.Exif)}
        found.private = len(tags - _HARMLESS - {ExifTags.Base.GPSInfo})
