"""Reads a photograph as people see it, or says why it cannot be read.

All tools read photographs here, so a picture that is prepared, trained on,
checked and measured has the same pixels everywhere.
"""

import contextlib
import io
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from mmpose_ctd.errors import InputError, MissingFileError

__all__ = [
    'FORMATS',
    'IMAGE_SUFFIXES',
    'MAX_PIXELS',
    'Photograph',
    'PhotographSize',
    'load_pixels',
    'open_photograph',
    'photograph_size',
    'read_photograph',
    'read_upright',
]

#: What is decoded, whatever a file is called. Pillow knows more formats: one
#: of them (EPS) starts an interpreter.
FORMATS = ('JPEG', 'PNG', 'TIFF', 'BMP', 'DIB', 'WEBP', 'GIF')
#: Files that are taken for photographs. Those of HEIC and AVIF are among them
#: to be refused with a cure instead of being overlooked.
IMAGE_SUFFIXES = frozenset(
    ('.jpg', '.jpeg', '.jpe', '.jfif', '.jfi', '.jif', '.pjpeg', '.pjp')
    + ('.mpo', '.png', '.tif', '.tiff', '.bmp', '.dib', '.webp', '.gif')
    + ('.heic', '.heif', '.avif')
)
#: More pixels are refused before any is decoded. Reading takes up to 10 bytes
#: of memory a pixel.
MAX_PIXELS = 120_000_000

# 8 bits a sample, with or without alpha, and what becomes that without loss.
_EIGHT_BITS = {'1', 'L', 'LA', 'La', 'P', 'PA', 'RGB', 'RGBX', 'RGBA', 'RGBa'}
# Colours of print and video; the embedded colour profile is not consulted.
_OTHER_COLOURS = {'CMYK', 'YCbCr'}
# Formats that hold one photograph and perhaps a preview of it.
_WITH_PREVIEW = {'MPO'}
# Pixels that are converted at once: the copies of a large scan stay small.
_AT_ONCE = 16_000_000
# Grey levels of 255 that a picture of 16 bits surpasses; 14 bits do not.
_DARK = 64
# Tags of TIFF: columns, rows, what kind of page it is, whether black is 0,
# the white level, the mark of a camera's raw file.
_WIDTH, _HEIGHT, _PAGE = 256, 257, 254
_PHOTOMETRIC, _WHITE, _RAW = 262, 281, 50706

_EXPORT = 'Export it as JPEG or PNG.'
_AGAIN = 'Copy it again from the camera or the archive.'
# Beginning of a file, offset, what it is, what to do. The first one counts.
_KINDS = (
    (b'ftypavif', 4, 'an AVIF file, which is not read', _EXPORT),
    (b'ftypcrx', 4, "a camera's raw file", 'Export it as JPEG.'),
    (b'ftypmif1', 4, 'a HEIF file, which is not read', _EXPORT),
    (b'ftypmsf1', 4, 'a HEIF file, which is not read', _EXPORT),
    (
        b'ftyphe',
        4,
        "an iPhone's HEIC file, which is not read",
        'Export it as JPEG in the original size, or set the camera to "most '
        'compatible".',
    ),
    (b'ftyp', 4, 'a film or another container, no photograph', _EXPORT),
    (b'%PDF', 0, 'a PDF, no image', 'Export the photograph as JPEG.'),
    (b'%!PS', 0, 'PostScript (EPS), which is never run', _EXPORT),
    (b'\xc5\xd0\xd3\xc6', 0, 'PostScript (EPS), which is never run', _EXPORT),
    (b'8BPS', 0, 'a Photoshop file, which is not read', _EXPORT),
    (b'DICM', 128, 'a DICOM file, which is not read', _EXPORT),
    (b'\0\0\0\x0cjP', 0, 'a JPEG 2000 file, which is not read', _EXPORT),
    (b'\xff\x4f\xff\x51', 0, 'a JPEG 2000 file, which is not read', _EXPORT),
    (b'PK\x03\x04', 0, 'a ZIP archive or an Office file', 'Unpack it.'),
    (
        b'version https://git-lfs',
        0,
        'a pointer of Git LFS, not the photograph',
        'Fetch the photographs with `git lfs pull`.',
    ),
    (
        b'/annex/objects/',
        0,
        'a pointer of git-annex, not the photograph',
        'Fetch the photographs with `git annex get`.',
    ),
    (b'<svg', 0, 'an SVG drawing, no photograph', _EXPORT),
    (b'<', 0, 'a web page or a drawing, no photograph', _AGAIN),
)


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
    name = _name(source, name)
    with open_photograph(source, name) as picture:
        wide = _is_16_bit(picture)
        _refuse_raw(picture, name)
        # Pillow turns a TIFF while it loads it, and loads a PNG to find EXIF.
        turned = picture.format == 'TIFF'
        before = _orientation(picture) if turned else 1
        load_pixels(picture, name)
        left = _orientation(picture)
        orientation = before if turned else left
        image = _to_bgr(picture, name)
    # Its pixels, before the copies that turning makes.
    del picture
    if wide and image.max() <= _DARK:
        raise InputError(
            where=name,
            found='its samples have 16 bits, of which at most 14 are used, '
            'so it would be nearly black',
            expected='samples up to 65535',
            cure='Export it with 8 bits a channel.',
        )
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


@contextlib.contextmanager
def open_photograph(
    source: str | os.PathLike | bytes,
    name: str | None = None,
    verify: bool = True,
) -> Iterator[Image.Image]:
    """Open a photograph with Pillow, safely.

    Its format is one of ``FORMATS``, its size below ``MAX_PIXELS``, it holds
    one image, and the checksums of a PNG are right. Decode its pixels with
    :func:`load_pixels`.

    Args:
        source (str | os.PathLike | bytes): See :func:`read_upright`.
        name (str, optional): See :func:`read_upright`.
        verify (bool): Whether the checksums are compared. Defaults to True.

    Yields:
        Image.Image: As it is stored; its pixels are not loaded.

    Raises:
        MissingFileError: If there is no such file.
        InputError: See :func:`read_upright`.
    """
    name = _name(source, name)
    if not isinstance(source, bytes) and not os.path.isfile(source):
        raise MissingFileError(
            where=name,
            found='no such image file',
            cure='Correct the name, or copy the file to its place.',
        )
    with contextlib.ExitStack() as stack:
        if isinstance(source, bytes):
            file = io.BytesIO(source)
        else:
            with _explained(name):
                file = stack.enter_context(open(source, 'rb'))
        head = file.read(1024)
        if not head:
            raise InputError(
                where=name, found='the file is empty', cure=_AGAIN
            )
        with _explained(name, head):
            picture = stack.enter_context(_opened(file))
            _check(picture, name)
            if verify and picture.format == 'PNG':
                # It reads to the end of the file and closes the picture.
                picture.verify()
                picture = stack.enter_context(_opened(file))
        yield picture


def load_pixels(picture: Image.Image, name: str) -> None:
    """Decode all pixels of an opened photograph.

    Raises:
        InputError: If it is damaged or cut off.
    """
    with _explained(name):
        picture.load()


def _opened(file) -> Image.Image:
    file.seek(0)
    return Image.open(file, formats=FORMATS)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    # Of large scans, where our limit counts, and of damaged EXIF.
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        yield


@contextlib.contextmanager
def _explained(name: str, head: bytes = b'') -> Iterator[None]:
    """What Pillow raises, in words; only calls of Pillow belong here."""
    try:
        with _quietly():
            yield
    except InputError:
        raise
    except UnidentifiedImageError as error:
        raise _unknown(head, name) from error
    except Image.DecompressionBombError as error:
        raise _too_large(name) from error
    except MemoryError as error:
        raise InputError(
            where=name,
            found='too large for the memory that is left',
            cure='Close other programs, or export it smaller.',
        ) from error
    # Pillow's decoders raise whatever a damaged file leads them to.
    except Exception as error:
        # Of the system, such as a missing right; an OSError's own text
        # would name folders, and Pillow's speaks of its decoders.
        reason = getattr(error, 'strerror', None)
        raise InputError(
            where=name,
            found='cut off or damaged, it cannot be read as a whole'
            + (f' ({reason})' if reason else ''),
            cure=_AGAIN,
        ) from error


def _name(source: str | os.PathLike | bytes, name: str | None) -> str:
    if name is not None:
        return name
    if isinstance(source, bytes):
        return 'an image'
    return os.path.basename(os.fspath(source))


def _check(picture: Image.Image, name: str) -> None:
    """Refuse by the header what would be too large, or is not one image."""
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise _too_large(name, picture.size)
    frames = getattr(picture, 'n_frames', 1)
    if frames > 1 and picture.format not in _WITH_PREVIEW:
        raise InputError(
            where=name,
            found=f'holds {frames} images',
            expected='one',
            cure='Export the one that was labelled.',
        )


def _too_large(name: str, size: tuple[int, int] | None = None) -> InputError:
    found = f'{size[0]}x{size[1]} pixels' if size else 'too many pixels'
    return InputError(
        where=name,
        found=found,
        expected=f'at most {MAX_PIXELS // 1_000_000} million pixels',
        cure='Export it smaller, and label what was exported.',
    )


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
        with _quietly():
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


def _to_bgr(picture: Image.Image, name: str) -> np.ndarray:
    """The pixels as they are stored, (H, W, 3), uint8."""
    mode = picture.mode
    grey = mode.startswith('I;16') or (mode == 'I' and _is_16_bit(picture))
    if not grey and mode not in _EIGHT_BITS | _OTHER_COLOURS:
        raise InputError(
            where=name,
            found=f'its pixels are of the kind {mode!r} (32 bits, '
            'floating-point numbers or laboratory colours)',
            cure='Export it as JPEG or PNG with 8 bits a channel.',
        )
    level = _grey_levels(picture) if grey else None
    image = np.empty((picture.height, picture.width, 3), np.uint8)
    height = max(1, _AT_ONCE // picture.width)
    for top in range(0, picture.height, height):
        rows, strip = image[top : top + height], picture
        if len(rows) < picture.height:
            strip = picture.crop((0, top, picture.width, top + len(rows)))
        if grey:
            rows[:] = level(np.asarray(strip))[..., None]
        else:
            cv2.cvtColor(np.asarray(_to_rgb(strip)), cv2.COLOR_RGB2BGR, rows)
    return image


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.has_transparency_data and picture.mode in _EIGHT_BITS:
        rgba = picture.convert('RGBA')
        white = Image.new('RGBA', rgba.size, 'white')
        picture = Image.alpha_composite(white, rgba)
    return picture if picture.mode == 'RGB' else picture.convert('RGB')


def _grey_levels(picture: Image.Image):
    """What makes 8 bits of 16: up to the white level that a TIFF states."""
    white, inverted = 65535, False
    if picture.format == 'TIFF':
        stated = picture.tag_v2.get(_WHITE, white)
        stated = max(stated) if isinstance(stated, tuple) else stated
        values = np.asarray(picture)
        if 255 < stated < white and values.max() <= stated:
            white = int(stated)
        # Pillow inverts 8 bits, but not 16.
        inverted = picture.tag_v2.get(_PHOTOMETRIC) == 0

    def level(values: np.ndarray) -> np.ndarray:
        # Multiples of 257 are what 8 bits become in 16.
        wide = values.astype(np.uint32) * 255
        grey = ((wide + white // 2) // white).clip(0, 255).astype(np.uint8)
        return 255 - grey if inverted else grey

    return level


def _is_16_bit(picture: Image.Image) -> bool:
    """Whether its samples have 16 bits; ask before the pixels are loaded.

    Of colours Pillow keeps the upper 8 bits; older releases open a grey PNG
    as whole numbers of 32 bits.
    """
    if picture.format == 'TIFF':
        return 16 in picture.tag_v2.get(258, ())
    if picture.format != 'PNG':
        return False
    if picture.mode == 'I':
        low, high = picture.getextrema()
        return low >= 0 and high <= 65535
    return picture.mode.startswith('I;16') or any(
        ';16' in str(tile[3]) for tile in picture.tile
    )


def _unknown(head: bytes, name: str) -> InputError:
    """What a file that is of none of ``FORMATS`` probably is."""
    text = head.removeprefix(b'\xef\xbb\xbf').lstrip()
    if b'<svg' in text:
        text = b'<svg'
    for mark, offset, found, cure in _KINDS:
        if (head[offset:] if offset else text).startswith(mark):
            return InputError(where=name, found=found, cure=cure)
    return InputError(
        where=name,
        found='no image that can be read; it may be damaged, or of a '
        "camera's own raw format",
        cure=_EXPORT,
    )
