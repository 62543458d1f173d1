"""The pixels of an opened photograph as 8 bits of blue, green and red."""

import cv2
import numpy as np
from PIL import Image

from mmpose_ctd.errors import InputError

__all__ = ['refuse_dark', 'stored_pixels', 'uses_16_bits']

# 8 bits a sample, with or without alpha, and what becomes that without loss.
_EIGHT_BITS = {'1', 'L', 'LA', 'La', 'P', 'PA', 'RGB', 'RGBX', 'RGBA', 'RGBa'}
# Colours of print and video; the embedded colour profile is not consulted.
_OTHER_COLOURS = {'CMYK', 'YCbCr'}
# Pixels that are converted at once: the copies of a large scan stay small.
_AT_ONCE = 16_000_000
# Grey levels of 255 that a picture of 16 bits surpasses; 14 bits do not.
_DARK = 64
# Tags of TIFF: whether black is 0, and the white level.
_PHOTOMETRIC, _WHITE = 262, 281


def stored_pixels(picture: Image.Image, name: str) -> np.ndarray:
    """The pixels as they are stored, before EXIF turns them.

    Args:
        picture (Image.Image): Its pixels are loaded.
        name (str): How messages call it.

    Returns:
        np.ndarray: (H, W, 3), uint8, BGR.

    Raises:
        InputError: If its samples do not fit into 8 bits.
    """
    mode = picture.mode
    grey = mode.startswith('I;16') or (mode == 'I' and uses_16_bits(picture))
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


def uses_16_bits(picture: Image.Image) -> bool:
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


def refuse_dark(image: np.ndarray, name: str) -> None:
    """Refuse what was made of few of 16 bits, and would be nearly black.

    Args:
        image (np.ndarray): (H, W, 3), uint8.
        name (str): How messages call it.

    Raises:
        InputError: If no level surpasses what 14 bits reach.
    """
    if image.max() <= _DARK:
        raise InputError(
            where=name,
            found='its samples have 16 bits, of which at most 14 are used, '
            'so it would be nearly black',
            expected='samples up to 65535',
            cure='Export it with 8 bits a channel.',
        )
