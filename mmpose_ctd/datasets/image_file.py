"""Opens the file of a photograph safely, or says why it cannot be read."""

import contextlib
import io
import os
import warnings
from collections.abc import Iterator

from PIL import Image, UnidentifiedImageError

from mmpose_ctd.errors import InputError, MissingFileError

#: The formats that are decoded, whatever the suffix. Pillow knows more; one
#: of them (EPS) starts an interpreter.
FORMATS = ('JPEG', 'PNG', 'TIFF', 'BMP', 'DIB', 'WEBP', 'GIF')
#: Suffixes of photographs. HEIC and AVIF are included, so that these files
#: are refused with a cure instead of being overlooked.
IMAGE_SUFFIXES = frozenset(
    ('.jpg', '.jpeg', '.jpe', '.jfif', '.jfi', '.jif', '.pjpeg', '.pjp')
    + ('.mpo', '.png', '.tif', '.tiff', '.bmp', '.dib', '.webp', '.gif')
    + ('.heic', '.heif', '.avif')
)
#: Larger images are refused before they are decoded. Reading takes up to 10
#: bytes of memory a pixel.
MAX_PIXELS = 120_000_000

# Formats that hold one photograph and perhaps its preview.
_WITH_PREVIEW = {'MPO'}

_EXPORT = 'Export it as JPEG or PNG.'
_AGAIN = 'Copy it again from the camera or the archive.'
_HEIC = (
    'Export it as JPEG in the original size, or set the camera to "most '
    'compatible".'
)
_FETCH = 'Fetch the photographs with `git'
# First bytes, their offset, the kind of file, the cure. The first match wins.
_KINDS = (
    (b'ftypavif', 4, 'an AVIF file, which is not read', _EXPORT),
    (b'ftypcrx', 4, "a camera's raw file", 'Export it as JPEG.'),
    (b'ftypm', 4, 'a HEIF file or a film', _EXPORT),
    (b'ftyphe', 4, "an iPhone's HEIC file, which is not read", _HEIC),
    (b'ftyp', 4, 'a film or another container, not a photograph', _EXPORT),
    (b'%PDF', 0, 'a PDF, not an image', 'Export the photograph as JPEG.'),
    (b'%!PS', 0, 'PostScript (EPS), which is never run', _EXPORT),
    (b'8BPS', 0, 'a Photoshop file, which is not read', _EXPORT),
    (b'DICM', 128, 'a DICOM file, which is not read', _EXPORT),
    (b'\0\0\0\x0cjP', 0, 'a JPEG 2000 file, which is not read', _EXPORT),
    (b'PK\x03\x04', 0, 'a ZIP archive or an Office file', 'Unpack it.'),
    (
        b'version https://git-lfs',
        0,
        'a pointer of Git LFS',
        f'{_FETCH} lfs pull`.',
    ),
    (b'/annex/objects/', 0, 'a pointer of git-annex', f'{_FETCH} annex get`.'),
    (b'<svg', 0, 'an SVG drawing, not a photograph', _EXPORT),
    (b'<', 0, 'a web page or a drawing, not a photograph', _AGAIN),
)


@contextlib.contextmanager
def open_photograph(
    source: str | os.PathLike | bytes,
    name: str | None = None,
    verify: bool = True,
) -> Iterator[Image.Image]:
    """Open a photograph with Pillow, safely.

    Its format is one of ``FORMATS``, it has at most ``MAX_PIXELS`` and one
    image, and the checksums of a PNG are right. Decode its pixels with
    :func:`load_pixels`.

    Args:
        source (str | os.PathLike | bytes): A file or its content.
        name (str, optional): Its name in messages. Defaults to the file's
            name without its folder.
        verify (bool): Whether to compare the checksums. Defaults to True.

    Yields:
        Image.Image: As stored; its pixels are not loaded.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is empty, damaged, too large, not an image, or
            several images.
    """
    name = shown_name(source, name)
    with contextlib.ExitStack() as stack:
        if isinstance(source, bytes):
            file = io.BytesIO(source)
        elif os.path.isfile(source):
            with _explained(name):
                file = stack.enter_context(open(source, 'rb'))
        else:
            raise MissingFileError(
                where=name,
                found='no such image file',
                cure='Correct the name, or copy the file to its place.',
            )
        head = file.read(1024)
        if not head:
            raise InputError(
                where=name, found='the file is empty', cure=_AGAIN
            )
        with _explained(name, head):
            picture = stack.enter_context(_opened(file))
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise _too_large(name, f'{width}x{height} pixels')
            frames = getattr(picture, 'n_frames', 1)
            if frames > 1 and picture.format not in _WITH_PREVIEW:
                raise InputError(
                    where=name,
                    found=f'holds {frames} images',
                    expected='one',
                    cure='Export the one that was labelled.',
                )
            if verify and picture.format == 'PNG':
                # verify() reads the whole file and closes the picture.
                picture.verify()
                picture = stack.enter_context(_opened(file))
        yield picture


def load_pixels(picture: Image.Image, name: str) -> None:
    """Decode all pixels; InputError if the file is damaged or cut off."""
    with _explained(name):
        picture.load()


def shown_name(source: str | os.PathLike | bytes, name: str | None) -> str:
    """``name``, or that of the file without its folder."""
    if name is not None:
        return name
    if isinstance(source, bytes):
        return 'an image'
    return os.path.basename(os.fspath(source))


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Suppress warnings about large scans and damaged EXIF."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        yield


def _opened(file) -> Image.Image:
    file.seek(0)
    return Image.open(file, formats=FORMATS)


@contextlib.contextmanager
def _explained(name: str, head: bytes = b'') -> Iterator[None]:
    """Turn any error of Pillow into an InputError."""
    try:
        with quietly():
            yield
    except InputError:
        raise
    except UnidentifiedImageError as error:
        raise _unknown(head, name) from error
    except Image.DecompressionBombError as error:
        raise _too_large(name, 'too many pixels') from error
    except MemoryError as error:
        found = 'too large for the memory that is left'
        cure = 'Close other programs, or export it smaller.'
        raise InputError(where=name, found=found, cure=cure) from error
    # Pillow's decoders raise any exception on a damaged file.
    except Exception as error:
        # Of the system, such as a missing permission. The text of an OSError
        # would show folders.
        reason = getattr(error, 'strerror', None)
        found = 'cut off or damaged, it cannot be read as a whole'
        found += f' ({reason})' if reason else ''
        raise InputError(where=name, found=found, cure=_AGAIN) from error


def _too_large(name: str, found: str) -> InputError:
    return InputError(
        where=name,
        found=found,
        expected=f'at most {MAX_PIXELS // 1_000_000} million pixels',
        cure='Export it smaller, and label the exported file.',
    )


def _unknown(head: bytes, name: str) -> InputError:
    """Say what a file of another format probably is."""
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
