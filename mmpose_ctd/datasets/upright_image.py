"""Reads a photograph upright, as 8 bits of blue, green and red.

All tools read photographs here: a picture has the same pixels wherever it is
prepared, checked, trained on or measured.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import ExifTags, Image

from mmpose_ctd.errors import InputError

from .image_file import load_pixels, open_photograph, quietly, shown_name

# Tags of TIFF.
_WIDTH, _HEIGHT, _PAGE, _RAW = 256, 257, 254, 50706
_BITS, _PHOTOMETRIC, _WHITE = 258, 262, 281
# Pillow's modes that become 8 bits of RGB; no colour profile is applied.
_EIGHT_BITS = {'1', 'L', 'LA', 'La', 'P', 'PA', 'RGB', 'RGBX', 'RGBA', 'RGBa'}
_OTHER_COLOURS = {'CMYK', 'YCbCr'}
# Pixels that are converted at once, to limit the memory of copies.
_AT_ONCE = 16_000_000
# Grey level of 255 that a picture of 14 bits in 16 does not exceed.
_DARK = 64


@dataclass(frozen=True)
class PhotographSize:
    """Width and height of a photograph's stored pixels.

    The EXIF orientation is 1 to 8; 1 is upright.
    """

    stored_size: tuple[int, int]
    orientation: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright image, in pixels."""
        turned = self.orientation >= 5
        return self.stored_size[::-1] if turned else self.stored_size


@dataclass(frozen=True)
class Photograph(PhotographSize):
    """A decoded photograph: its upright image, (H, W, 3), uint8, BGR."""

    image: np.ndarray | None = None


def read_upright(
    source: str | os.PathLike | bytes, name: str | None = None
) -> np.ndarray:
    """Read a photograph upright.

    The EXIF orientation is applied. Grey pictures get three equal channels;
    of 16 bits a sample the upper 8 are kept; what is transparent becomes
    white; CMYK is converted without its colour profile.

    Args:
        source (str | os.PathLike | bytes): A file, or its content.
        name (str, optional): Its name in messages. Defaults to the file's
            name without its folder.

    Returns:
        np.ndarray: (H, W, 3), uint8, BGR.

    Raises:
        MissingFileError: If there is no such file.
        InputError: See :func:`.open_photograph`; also if its samples do not
            fit into 8 bits, or use few of 16 bits.
    """
    return read_photograph(source, name).image


def read_photograph(
    source: str | os.PathLike | bytes, name: str | None = None
) -> Photograph:
    """Read a photograph upright as :func:`read_upright`, and how it turned."""
    name = shown_name(source, name)
    with open_photograph(source, name) as picture:
        wide = _uses_16_bits(picture)
        tags = _tiff_tags(picture)
        if _RAW in tags or tags.get(_PAGE, 0) & 1:
            raise InputError(
                where=name,
                found="a camera's raw file, of which only a preview can be "
                'read',
                cure='Export it as JPEG.',
            )
        # Pillow turns a TIFF while loading it; a PNG's EXIF may follow its
        # pixels.
        before = _orientation(picture) if tags else None
        load_pixels(picture, name)
        left = _orientation(picture)
        image = _stored_pixels(picture, name)
    # Frees its pixels before turning copies them.
    del picture
    if wide and image.max() <= _DARK:
        raise InputError(
            where=name,
            found='its samples have 16 bits, of which at most 14 are used, '
            'so it would be nearly black',
            expected='samples up to 65535',
            cure='Export it with 8 bits a channel.',
        )
    image, orientation = _turned(image, left), before or left
    size = image.shape[1::-1]
    stored_size = size[::-1] if orientation >= 5 else size
    return Photograph(stored_size, orientation, image)


def photograph_size(source: str | os.PathLike | bytes) -> PhotographSize:
    """Read the size of a photograph from its header.

    A PNG is read to its end, as EXIF may follow the pixels. The source and
    the errors are those of :func:`.open_photograph`.
    """
    with open_photograph(source, verify=False) as picture:
        size, orientation = picture.size, _orientation(picture)
        if tags := _tiff_tags(picture):
            # Some releases of Pillow turn the size of a TIFF.
            size = int(tags[_WIDTH]), int(tags[_HEIGHT])
        return PhotographSize(size, orientation)


def _tiff_tags(picture: Image.Image) -> Mapping:
    return picture.tag_v2 if picture.format == 'TIFF' else {}


def _orientation(picture: Image.Image) -> int:
    try:
        with quietly():
            value = picture.getexif().get(ExifTags.Base.Orientation, 1)
    # Viewers ignore a damaged EXIF block, too.
    except Exception:
        return 1
    return value if value in range(1, 9) else 1


def _turned(image: np.ndarray, orientation: int) -> np.ndarray:
    """Turn stored pixels by EXIF (Exif 2.32, tag 0x0112)."""
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    # OpenCV needs contiguous memory.
    return np.ascontiguousarray(image)


def _stored_pixels(picture: Image.Image, name: str) -> np.ndarray:
    """The pixels before turning, (H, W, 3), uint8, BGR."""
    mode = picture.mode
    grey = mode.startswith('I;16') or (mode == 'I' and _uses_16_bits(picture))
    if not grey and mode not in _EIGHT_BITS | _OTHER_COLOURS:
        raise InputError(
            where=name,
            found=f'its pixels are of the kind {mode!r} (32 bits, '
            'floating-point numbers or laboratory colours)',
            cure='Export it as JPEG or PNG with 8 bits a channel.',
        )
    white, inverted = _grey_scale(picture) if grey else (0, False)
    image = np.empty((picture.height, picture.width, 3), np.uint8)
    height = max(1, _AT_ONCE // picture.width)
    for top in range(0, picture.height, height):
        rows, strip = image[top : top + height], picture
        if len(rows) < picture.height:
            strip = picture.crop((0, top, picture.width, top + len(rows)))
        if not grey:
            cv2.cvtColor(np.asarray(_to_rgb(strip)), cv2.COLOR_RGB2BGR, rows)
            continue
        # Multiples of 257 are what 8 bits become in 16.
        wide = np.asarray(strip).astype(np.uint32) * 255
        levels = ((wide + white // 2) // white).clip(0, 255).astype(np.uint8)
        rows[:] = (255 - levels if inverted else levels)[..., None]
    return image


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.has_transparency_data and picture.mode in _EIGHT_BITS:
        rgba = picture.convert('RGBA')
        white = Image.new('RGBA', rgba.size, 'white')
        picture = Image.alpha_composite(white, rgba)
    return picture if picture.mode == 'RGB' else picture.convert('RGB')


def _grey_scale(picture: Image.Image) -> tuple[int, bool]:
    """White level of 16 bits, as a TIFF may state it; whether 0 is white."""
    white, tags = 65535, _tiff_tags(picture)
    stated = tags.get(_WHITE, white)
    stated = max(stated) if isinstance(stated, tuple) else stated
    if 255 < stated < white and np.asarray(picture).max() <= stated:
        white = int(stated)
    # Pillow inverts 8 bits, but not 16.
    return white, tags.get(_PHOTOMETRIC) == 0


def _uses_16_bits(picture: Image.Image) -> bool:
    """Whether its samples have 16 bits. Call it before loading the pixels.

    Pillow keeps the upper 8 bits of colours; older releases open a grey PNG
    as integers of 32 bits.
    """
    if picture.format == 'TIFF':
        return 16 in picture.tag_v2.get(_BITS, ())
    if picture.format != 'PNG':
        return False
    if picture.mode == 'I':
        low, high = picture.getextrema()
        return low >= 0 and high <= 65535
    return picture.mode.startswith('I;16') or any(
        ';16' in str(tile[3]) for tile in picture.tile
    )
