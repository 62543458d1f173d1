"""Brings a record's coordinates into the pixels of its upright photograph."""

import numpy as np

from ..annotation_formats import Refused
from ..upright_image import Photograph


def in_pixels(
    points: np.ndarray,
    unit: str | None,
    size: tuple[int, int],
    scale: float | None,
) -> np.ndarray:
    """Coordinates (N, 2) in pixels; axes and origin stay the format's.

    ``size`` is the photograph's as it was clicked; ``scale`` is the length of
    a pixel in the record.

    Raises:
        Refused: If the record has no scale to divide by.
    """
    if unit in (None, 'px'):
        return points
    if unit == 'scaled':
        if scale is None:
            raise Refused(
                found='has no SCALE=, by which --unit scaled divides'
            )
        return points / scale
    whole = dict(share=1, percent=100, permille=1000).get(unit)
    if whole is None:
        return points * float(unit)
    return points * np.array(size) / whole


def turn_upright(
    points: np.ndarray, orientation: int, stored_size: tuple[int, int]
) -> np.ndarray:
    """Points (N, 2) of the stored pixels as points of the upright image.

    ``orientation``, 1 to 8, says where row 0 and column 0 of the stored
    pixels lie (Exif 2.32, tag 0x0112). Pixels have their centres at integers.
    """
    last = np.array(stored_size) - 1.0
    x, y = points[:, 0], points[:, 1]
    u, v = last[0] - x, last[1] - y
    turned = {
        1: (x, y),
        2: (u, y),
        3: (u, v),
        4: (x, v),
        5: (y, x),
        6: (v, x),
        7: (v, u),
        8: (y, u),
    }[orientation]
    return np.stack(turned, axis=1)


def clicked_size(
    photograph: Photograph, frame: str, size: tuple[int, int] | None
) -> tuple[bool, tuple[int, int]]:
    """Find the frame in which points were clicked: upright or stored.

    ``'auto'`` takes the one that fits the ``size`` in the record; upright if
    it fits both or is unknown.

    Returns:
        tuple[bool, tuple[int, int]]: Whether it is the stored frame; its
        width and height.

    Raises:
        Refused: If the record's size fits no frame of the photograph.
    """
    upright, stored = photograph.size, photograph.stored_size
    if size is not None and size not in (upright, stored):
        raise Refused(
            found=f'was labelled at {size[0]}x{size[1]} pixels, the '
            f'photograph has {upright[0]}x{upright[1]}: another version of it',
            cure='Put the one that was labelled into IMAGES.',
        )
    if frame == 'auto':
        frame = 'stored' if size not in (None, upright) else 'upright'
    if size is not None:
        expected = stored if frame == 'stored' else upright
        if size != expected:
            raise Refused(
                found=f'was labelled at {size[0]}x{size[1]} pixels, but '
                f'--frame {frame} means {expected[0]}x{expected[1]}',
                cure='Leave --frame out.',
            )
    if frame == 'stored':
        return True, stored
    return False, upright


def to_upright(
    points: np.ndarray,
    photograph: Photograph,
    is_stored: bool,
    first_pixel: float,
    y_up: bool,
) -> np.ndarray:
    """Bring points (N, 2) from a format's axes into the upright image.

    ``first_pixel`` is the coordinate of the centre of the corner pixel; with
    ``y_up``, y counts from the lower edge. The result has the centre of the
    top left pixel at (0, 0).
    """
    size = photograph.stored_size if is_stored else photograph.size
    points = points - first_pixel
    if y_up:
        points = np.stack([points[:, 0], size[1] - 1 - points[:, 1]], axis=1)
    if is_stored:
        points = turn_upright(points, photograph.orientation, size)
    return points
