"""Reads a photograph as people see it, or says why it cannot be read."""

import os
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from mmpose_ctd.errors import InputError, MissingFileError

__all__ = ['Photograph', 'read_photograph', 'read_upright']

# 8 bits a sample, with or without alpha, and what becomes that without loss.
_EIGHT_BITS = {'1', 'L', 'LA', 'La', 'P', 'PA', 'RGB', 'RGBX', 'RGBA', 'RGBa'}
# Colours of print and video; the embedded colour profile is not consulted.
_OTHER_COLOURS = {'CMYK', 'YCbCr', 'LAB', 'HSV'}
# Formats that hold one photograph and perhaps a preview beside it.
_WITH_PREVIEW = {'MPO'}
# The brands of the HEIF box with which an iPhone's photographs begin.
_HEIF = (b'heic', b'heix', b'hevc', b'heim', b'heis', b'mif1', b'msf1')


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


def read_upright(path: str | os.PathLike) -> np.ndarray:
    """Read a photograph upright.

    Applied is the EXIF orientation, as every viewer does. Grey pictures get
    three equal channels; of 16 bits a sample the upper 8 are kept; what is
    transparent becomes white; CMYK is converted without its colour profile.

    Args:
        path (str | os.PathLike): A file that Pillow reads: JPEG, PNG, TIFF,
            BMP, WebP ...

    Returns:
        np.ndarray: Shape (H, W, 3), uint8, BGR.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is empty, damaged, cut off, no image, several
            images, or has samples that do not fit into 8 bits. The message
            names the file without its folder.
    """
    return read_photograph(path).image


def read_photograph(path: str | os.PathLike) -> Photograph:
    """Read a photograph upright, and remember how it is stored.

    Args:
        path (str | os.PathLike): See :func:`read_upright`.

    Returns:
        Photograph: The upright image and the orientation applied.

    Raises:
        MissingFileError: If there is no such file.
        InputError: See :func:`read_upright`.
    """
    name = os.path.basename(os.fspath(path))
    if not os.path.isfile(path):
        raise MissingFileError(f'{name}: no such image file.')
    if os.path.getsize(path) == 0:
        raise InputError(f'{name}: the file is empty; copy it anew.')
    try:
        with warnings.catch_warnings():
            # Of large scans; beyond twice its limit Pillow refuses.
            warnings.simplefilter('ignore')
            with Image.open(path) as picture:
                return _decode(picture, name)
    except InputError:
        raise
    except UnidentifiedImageError as error:
        raise InputError(f'{name}: {_kind(path)}') from error
    except Image.DecompressionBombError as error:
        raise InputError(
            f'{name}: more than {2 * Image.MAX_IMAGE_PIXELS / 1e6:.0f} '
            'million pixels; expected a photograph. Export it smaller.'
        ) from error
    # Pillow's decoders raise whatever a damaged file leads them to.
    except Exception as error:
        # Of the system, such as a missing right; an OSError's own text
        # would name folders, and Pillow's speaks of its decoders.
        reason = getattr(error, 'strerror', None)
        raise InputError(
            f'{name}: cut off or damaged, it cannot be read as a whole'
            f'{f" ({reason})" if reason else ""}. Copy it anew from the '
            'camera or the archive.'
        ) from error


def _decode(picture: Image.Image, name: str) -> Photograph:
    frames = getattr(picture, 'n_frames', 1)
    if frames > 1 and picture.format not in _WITH_PREVIEW:
        raise InputError(
            f'{name}: holds {frames} images; expected one. Export the one '
            'that was labelled.'
        )
    # Before the pixels are loaded: Pillow turns a TIFF while it does.
    orientation = _orientation(picture)
    picture.load()
    upright = ImageOps.exif_transpose(picture) if orientation > 1 else picture
    rgb = np.asarray(_to_rgb(upright, name))
    # OpenCV wants its own, contiguous memory.
    return Photograph(np.ascontiguousarray(rgb[:, :, ::-1]), orientation)


def _orientation(picture: Image.Image) -> int:
    try:
        value = picture.getexif().get(ExifTags.Base.Orientation, 1)
    # A damaged EXIF block does not harm the picture; viewers ignore it.
    except Exception:
        return 1
    return value if value in range(1, 9) else 1


def _to_rgb(picture: Image.Image, name: str) -> Image.Image:
    mode = picture.mode
    if mode.startswith('I;16') or (mode == 'I' and _is_16_bit(picture)):
        # Multiples of 257 are what 8 bits become in 16.
        values = np.asarray(picture).astype(np.uint32)
        grey = ((values + 128) // 257).clip(0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert('RGB')
    if picture.has_transparency_data and mode in _EIGHT_BITS:
        rgba = picture.convert('RGBA')
        white = Image.new('RGBA', rgba.size, 'white')
        return Image.alpha_composite(white, rgba).convert('RGB')
    if mode in _EIGHT_BITS | _OTHER_COLOURS:
        return picture.convert('RGB')
    raise InputError(
        f'{name}: its pixels are of the kind {mode!r} (32 bits or '
        'floating-point numbers), which is no photograph. Export it as JPEG '
        'or PNG with 8 bits a channel.'
    )


def _is_16_bit(picture: Image.Image) -> bool:
    """Whether whole numbers of 32 bits hold a picture of 16.

    Pillow's older releases open a grey PNG of 16 bits like that.
    """
    low, high = picture.getextrema()
    return picture.format == 'PNG' and low >= 0 and high <= 65535


def _kind(path: str | os.PathLike) -> str:
    """What a file that Pillow does not know probably is."""
    with open(path, 'rb') as file:
        head = file.read(12)
    if head[4:8] == b'ftyp' and head[8:12] in _HEIF:
        return (
            "an iPhone's HEIC file, which is not read. Export it as JPEG in "
            'the original size, or set the camera to "most compatible".'
        )
    if head[4:8] == b'ftyp':
        return 'a film or another container, no photograph. Export a JPEG.'
    if head[:4] == b'%PDF':
        return 'a PDF, no image. Export the photograph as JPEG.'
    return (
        "no image that can be read; it may be damaged, or of a camera's own "
        'raw format. Export it as JPEG or PNG.'
    )
