"""Reads a photograph as people see it, or says why it cannot be read.

All tools read photographs here, so a picture that is prepared, trained on,
checked and measured has the same pixels everywhere.
"""

import os
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image

from mmpose_ctd.errors import InputError

from .image_file import load_pixels, open_photograph, quietly, shown_name
from .image_pixels import refuse_dark, stored_pixels, uses_16_bits

__all__ = [
    'Photograph',
    'PhotographSize',
    'photograph_size',
    'read_photograph',
    'read_upright',
]

# Tags of TIFF: columns, rows, what kind of page it is, the mark of a camera's
# raw file.
_WIDTH, _HEIGHT, _PAGE, _RAW = 256, 257, 254, 50706


@dataclass(frozen=True)
class PhotographSize:
    """How large a photograph is, and how it is stored.

    Attributes:
        stored_size (tuple[int, int]): Width and height of the pixels as they
            are stored in the file.
        orientation (int): EXIF orientation, 1 to 8; 1 is none.
    """

    stored_size: tuple[int, int]
    orientation: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright image, in pixels."""
        turned = self.orientation >= 5
        return self.stored_size[::-1] if turned else self.stored_size


@dataclass(frozen=True)
class Photograph:
    """A decoded photograph.

    Attributes:
        image (np.ndarray): Upright, shape (H, W, 3), uint8, BGR.
        orientation (int): The EXIF orientation that was applied, 1 to 8; 1
            is none.
    """

    image: np.ndarray
    orientation: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright image, in pixels."""
        height, width = self.image.shape[:2]
        return width, height

    @property
    def stored_size(self) -> tuple[int, int]:
        """Width and height of the pixels as they are stored in the file."""
        return self.size[::-1] if self.orientation >= 5 else self.size


def read_upright(
    source: str | os.PathLike | bytes, name: str | None = None
) -> np.ndarray:
    """Read a photograph upright.

    Applied is the EXIF orientation, as every viewer does. Grey pictures get
    three equal channels; of 16 bits a sample the upper 8 are kept; what is
    transparent becomes white; CMYK is converted without its colour profile.

    Args:
        source (str | os.PathLike | bytes): A file of one of ``FORMATS``, or
            its content.
        name (str, optional): How messages call it. Defaults to the file's
            name without its folder.

    Returns:
        np.ndarray: Shape (H, W, 3), uint8, BGR.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is empty, damaged, cut off, no image, several
            images, larger than ``MAX_PIXELS``, or has samples that do not fit
            into 8 bits or use a small part of 16.
    """
    return read_photograph(source, name).image


def read_photograph(
    source: str | os.PathLike | bytes, name: str | None = None
) -> Photograph:
    """Read a photograph upright, and remember how it is stored.

    Args:
        source (str | os.PathLike | bytes): See :func:`read_upright`.
        name (str, optional): See :func:`read_upright`.

    Returns:
        Photograph: The upright image and the orientation applied.

    Raises:
        MissingFileError: If there is no such file.
        InputError: See :func:`read_upright`.
    """
    name = shown_name(source, name)
    with open_photograph(source, name) as picture:
        wide = uses_16_bits(picture)
        _refuse_raw(picture, name)
        # Pillow turns a TIFF while it loads it, and loads a PNG to find EXIF.
        turned = picture.format == 'TIFF'
        before = _orientation(picture) if turned else 1
        load_pixels(picture, name)
        left = _orientation(picture)
        orientation = before if turned else left
        image = stored_pixels(picture, name)
    # Its pixels, before the copies that turning makes.
    del picture
    if wide:
        refuse_dark(image, name)
    return Photograph(_turned(image, left), orientation)


def photograph_size(source: str | os.PathLike | bytes) -> PhotographSize:
    """Read a photograph's size.

    Only the header is read, but of a PNG, in which EXIF may follow the pixels.

    Args:
        source (str | os.PathLike | bytes): See :func:`read_upright`.

    Returns:
        PhotographSize: Its size and orientation.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is no image that is read, or too large.
    """
    with open_photograph(source, verify=False) as picture:
        size, orientation = picture.size, _orientation(picture)
        if picture.format == 'TIFF':
            # Pillow turns its size beforehand, in some releases.
            tags = picture.tag_v2
            size = int(tags[_WIDTH]), int(tags[_HEIGHT])
        return PhotographSize(size, orientation)


def _refuse_raw(picture: Image.Image, name: str) -> None:
    """Refuse the preview of a camera's raw file."""
    if picture.format != 'TIFF':
        return
    tags = picture.tag_v2
    if _RAW in tags or tags.get(_PAGE, 0) & 1:
        raise InputError(
            where=name,
            found="a camera's raw file, of which only a preview can be read",
            cure='Export it as JPEG.',
        )


def _orientation(picture: Image.Image) -> int:
    try:
        with quietly():
            value = picture.getexif().get(ExifTags.Base.Orientation, 1)
    # A damaged EXIF block does not harm the picture; viewers ignore it.
    except Exception:
        return 1
    return value if value in range(1, 9) else 1


def _turned(image: np.ndarray, orientation: int) -> np.ndarray:
    """Rows and columns where EXIF wants them (Exif 2.32, tag 0x0112)."""
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    # OpenCV wants its own, contiguous memory.
    return np.ascontiguousarray(image)
