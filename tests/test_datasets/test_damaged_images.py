"""Damaged photographs are refused, or read without harm."""

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mmpose_ctd.datasets.image_file import MAX_PIXELS
from mmpose_ctd.datasets.upright_image import photograph_size, read_upright
from mmpose_ctd.errors import InputError

EXIF = Image.Exif()
EXIF[0x0112] = 6
EXIF[0x010E] = 'a face'
#: Format and options of Pillow's ``save``.
KINDS = {
    'png': ('PNG', dict(exif=EXIF)),
    'png-palette': ('PNG', {}),
    'png-16': ('PNG', {}),
    'jpeg': ('JPEG', dict(exif=EXIF)),
    'tiff': ('TIFF', dict(exif=EXIF)),
    'tiff-lzw': ('TIFF', dict(compression='tiff_lzw')),
    'tiff-jpeg': ('TIFF', dict(compression='jpeg')),
    'bmp': ('BMP', {}),
    'webp': ('WEBP', dict(exif=EXIF)),
    'gif': ('GIF', {}),
}
#: What says of itself when bits have changed.
CHECKSUMS = ('png', 'png-palette', 'png-16')


def encoded(kind: str) -> bytes:
    """A photograph of 24 x 16 pixels, smooth with some noise."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:16, :24]
    smooth = np.stack([rows * 12, columns * 9, rows * 5 + columns], axis=2)
    pixels = (smooth + rng.integers(0, 20, smooth.shape)).astype(np.uint8)
    picture = Image.fromarray(pixels)
    if kind == 'png-16':
        grey = pixels[..., 0].astype(np.uint16) * 257
        picture = Image.fromarray(grey)
    elif kind in ('png-palette', 'gif'):
        picture = picture.quantize(32)
    name, options = KINDS[kind]
    file = io.BytesIO()
    picture.save(file, name, **options)
    return file.getvalue()


WHOLE = {kind: encoded(kind) for kind in KINDS}


def outcome(data: bytes) -> np.ndarray | None:
    """The pixels; None if it is refused. Anything else raises."""
    try:
        image = read_upright(data, 'a.jpg')
    except InputError as error:
        assert error.where == 'a.jpg' and error.found and error.cure
        return None
    assert image.dtype == np.uint8 and image.shape[2] == 3
    assert image.shape[0] * image.shape[1] <= MAX_PIXELS
    return image


def same(found: np.ndarray, kind: str) -> bool:
    return np.array_equal(found, outcome(WHOLE[kind]))


#: A few bytes that change: place as a share of the file, and new value.
CHANGES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)),
    min_size=1,
    max_size=4,
)
FUZZ = settings(
    max_examples=max(settings().max_examples // 8, 8),
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
)


@pytest.mark.parametrize('kind', KINDS)
@FUZZ
@given(changes=CHANGES)
def test_changed_bytes(kind, changes):
    data = bytearray(WHOLE[kind])
    for place, mask in changes:
        data[int(place * len(data))] ^= mask
    data = bytes(data)
    found = outcome(data)
    try:
        width, height = photograph_size(data).size
    except InputError:
        pass
    else:
        assert 0 < width * height <= MAX_PIXELS
    if kind in CHECKSUMS and found is not None:
        # Bytes after the pixels, such as those of the end chunk itself.
        assert same(found, kind)


@pytest.mark.parametrize('kind', KINDS)
def test_a_file_that_is_cut_off_anywhere(kind):
    """Refused, or only what follows the pixels was lost."""
    whole = WHOLE[kind]
    step = 1 if kind in CHECKSUMS else 3
    for length in range(0, len(whole), step):
        found = outcome(whole[:length])
        assert found is None or same(found, kind), length
