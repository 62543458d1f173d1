"""Opens a photograph's file safely, or says why it cannot be read."""

import contextlib
import io
import os
import warnings
from collections.abc import Iterator

from PIL import Image, UnidentifiedImageError

from mmpose_ctd.errors import InputError, MissingFileError

__all__ = [
    'FORMATS',
    'IMAGE_SUFFIXES',
    'MAX_PIXELS',
    'load_pixels',
    'open_photograph',
    'quietly',
    'shown_name',
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

# Formats that hold one photograph and perhaps a preview of it.
_WITH_PREVIEW = {'MPO'}

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
    name = shown_name(source, name)
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
def quietly() -> Iterator[None]:
    """Without the warnings of large scans and of damaged EXIF."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        yield


@contextlib.contextmanager
def _explained(name: str, head: bytes = b'') -> Iterator[None]:
    """What Pillow raises, in words; only calls of Pillow belong here."""
    try:
        with quietly():
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


def shown_name(source: str | os.PathLike | bytes, name: str | None) -> str:
    """How messages call a photograph: as asked, or without its folder."""
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
