"""Photographs as people see them."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from refusals import refused

from mmpose_ctd.datasets import image_file, upright_image
from mmpose_ctd.datasets.upright_image import (
    photograph_size,
    read_photograph,
    read_upright,
)
from mmpose_ctd.errors import InputError

# What each EXIF orientation asks a viewer to do, after the standard's table
# of where row 0 and column 0 of the stored pixels lie.
TURNS = {
    1: lambda a: a,
    # It does not exist.
    9: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a.swapaxes(0, 1), 2),
    8: np.rot90,
}


#: Two pictures for a file of several.
FILM = [Image.new('RGB', (7, 5)), Image.new('RGB', (7, 5), 'red')]


@pytest.fixture
def pixels() -> np.ndarray:
    """RGB."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)


def save(path, array, **kwargs):
    Image.fromarray(array).save(path, **kwargs)
    return path


@pytest.mark.parametrize('suffix', ['.png', '.tif', '.webp'])
def test_the_exif_orientation_is_applied(tmp_path, pixels, suffix):
    for orientation, turn in TURNS.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        options = dict(lossless=True) if suffix == '.webp' else {}
        path = save(tmp_path / f'顔 {suffix}', pixels, exif=exif, **options)
        found = read_photograph(path)
        expected = turn(pixels)
        assert np.array_equal(found.image[:, :, ::-1], expected)
        assert found.orientation == (orientation if orientation < 9 else 1)
        assert found.size == expected.shape[1::-1]
        header = photograph_size(path)
        assert header.size == found.size
        assert header.stored_size == found.stored_size == (7, 5)


def test_a_damaged_exif_block_does_not_harm_the_picture(tmp_path):
    grey = np.full((16, 16, 3), 120, np.uint8)
    path = save(tmp_path / 'a.jpg', grey, exif=b'Exif\0\0II*\0\xff\xff\xff')
    assert read_upright(path).shape == (16, 16, 3)


@pytest.mark.parametrize('suffix', ['.png', '.tif'])
def test_sixteen_bits_become_eight(tmp_path, pixels, suffix):
    grey = pixels[..., 0]
    path = save(tmp_path / f'a{suffix}', grey.astype(np.uint16) * 257)
    assert np.array_equal(read_upright(path)[..., 0], grey)


def test_what_is_transparent_becomes_white(tmp_path, pixels):
    alpha = np.full((5, 7, 1), 255, np.uint8)
    alpha[0, 0] = 0
    rgba = np.concatenate([pixels, alpha], axis=2)
    image = read_upright(save(tmp_path / 'a.png', rgba))
    assert image[0, 0].tolist() == [255, 255, 255]
    assert np.array_equal(image[1:, :, ::-1], pixels[1:])


def test_cmyk_keeps_its_hues(tmp_path):
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    path = tmp_path / 'a.jpg'
    Image.fromarray(red).convert('CMYK').save(path, quality=95)
    blue, green, found = read_upright(path)[8, 8].tolist()
    assert abs(found - 200) < 8
    assert max(blue, green) < 8


@pytest.mark.parametrize(
    'array, options, found',
    [
        (np.zeros((4, 4), np.float32), {}, "'F'"),
        (FILM[0], dict(save_all=True, append_images=FILM), 'holds 3 images'),
        (FILM[0], dict(tiffinfo={254: 1}), 'raw'),
        (FILM[0], dict(tiffinfo={50706: b'\1\4\0\0'}), 'raw'),
    ],
)
def test_a_tiff_that_is_no_photograph_is_refused(
    tmp_path, array, options, found
):
    path = save(tmp_path / 'depth.tif', np.asarray(array), **options)
    with refused('depth.tif', found=found) as info:
        read_upright(path)
    assert info.value.cure


@pytest.mark.parametrize(
    'content, words',
    [
        (None, 'x.jpg: no such'),
        (b'', 'the file is empty'),
        (b'Hello, this is a letter.', 'no image that can'),
        (b'<!DOCTYPE html><html>not found</html>', 'web page'),
        (b'version https://git-lfs.github.com/spec/v1\n', 'git lfs pull'),
        (b'\0' * 128 + b'DICM', 'DICOM'),
        (b'%PDF-1.4 ...', 'a PDF'),
        (b'\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'HEIC.*Export it as JPEG'),
    ],
)
def test_what_is_no_image_is_named_for_what_it_is(tmp_path, content, words):
    path = tmp_path / 'x.jpg'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=words) as info:
        read_upright(path)
    assert str(tmp_path) not in str(info.value)


@pytest.mark.parametrize('name', ['MAX_IMAGE_PIXELS', 'unknown'])
def test_a_bomb_is_refused(tmp_path, monkeypatch, name):
    path = save(tmp_path / 'a.png', np.zeros((50, 50, 3), np.uint8))
    # Pillow's limit or ours, whichever is lower.
    monkeypatch.setattr(Image, name, 1000, raising=False)
    monkeypatch.setattr(image_file, 'MAX_PIXELS', 2499)
    for read in (read_upright, photograph_size):
        with pytest.raises(InputError, match='million pixels'):
            read(path)


def test_a_stream_with_a_preview_gives_the_photograph(tmp_path, pixels):
    photograph, preview = Image.new('RGB', (32, 24)), Image.new('RGB', (8, 6))
    data = io.BytesIO()
    photograph.save(data, 'MPO', save_all=True, append_images=[preview])
    path = tmp_path / 'a.jpg'
    path.write_bytes(data.getvalue())
    assert read_upright(path).shape == (24, 32, 3)


def test_the_content_counts_not_the_name(tmp_path, pixels):
    path = tmp_path / 'a.jpe'
    Image.fromarray(pixels).quantize(64).save(path, 'PNG')
    assert np.array_equal(read_upright(path.read_bytes()), read_upright(path))


@pytest.mark.parametrize('kind', ['EPS', 'PPM'])
def test_no_other_decoder_of_pillow_is_started(tmp_path, kind):
    path = tmp_path / 'a.jpg'
    Image.new('RGB', (16, 16)).save(path, kind)
    with pytest.raises(InputError):
        read_upright(path)


class TestFewerBitsInSixteen:
    """Cameras store 10, 12 or 14 bits in files of 16."""

    LEVELS = np.arange(256, dtype=np.uint16).reshape(16, 16)

    @pytest.mark.parametrize('suffix', ['.png', '.tif'])
    def test_are_refused_where_nothing_states_them(self, tmp_path, suffix):
        path = save(tmp_path / f'a{suffix}', self.LEVELS * 16)
        with refused(cure='8 bits'):
            read_upright(path)

    def test_are_scaled_where_a_tiff_states_them(self, tmp_path):
        values = (self.LEVELS.astype(int) * 4095 // 255).astype(np.uint16)
        path = save(tmp_path / 'a.tif', values, tiffinfo={281: 4095})
        found = read_upright(path)[..., 0]
        assert np.abs(found.astype(int) - self.LEVELS).max() <= 1

    def test_of_colours_are_refused(self, tmp_path):
        """Pillow keeps the upper bytes, which 12 bits hardly use."""
        colours = np.stack([self.LEVELS * 16] * 3, axis=2)
        assert cv2.imwrite(str(tmp_path / 'a.png'), colours)
        with pytest.raises(InputError):
            read_upright(tmp_path / 'a.png')
        assert cv2.imwrite(str(tmp_path / 'b.png'), colours * 16)
        found = read_upright(tmp_path / 'b.png')
        assert np.array_equal(found[..., 0], self.LEVELS)

    def test_a_dark_picture_of_eight_bits_is_read(self, tmp_path):
        dark = np.full((8, 8), 3, np.uint8)
        assert read_upright(save(tmp_path / 'a.png', dark)).max() == 3

    def test_white_may_be_zero(self, tmp_path):
        wide = self.LEVELS * 257
        path = save(tmp_path / 'a.tif', wide, tiffinfo={262: 0})
        with Image.open(path) as picture:
            inverted = picture.tag_v2[262] == 0
        found = read_upright(path)[..., 0]
        expected = 255 - self.LEVELS if inverted else self.LEVELS
        assert np.array_equal(found, expected)


def test_a_large_scan_is_converted_in_parts(tmp_path, pixels, monkeypatch):
    """As a whole or in strips of few rows, with alpha, turned."""
    alpha = np.full((5, 7, 1), 255, np.uint8)
    alpha[2] = 7
    exif = Image.Exif()
    exif[0x0112] = 6
    rgba = np.concatenate([pixels, alpha], axis=2)
    path = save(tmp_path / 'a.png', rgba, exif=exif)
    whole = read_upright(path)
    monkeypatch.setattr(upright_image, '_AT_ONCE', 15)
    assert np.array_equal(read_upright(path), whole)
