"""Brings a record's points into the pixels of its upright photograph."""

import numpy as np

from ..annotation_formats import Refused
from ..upright_image import Photograph

__all__ = ['clicked_size', 'to_upright', 'turn_upright']


def turn_upright(
    points: np.ndarray, orientation: int, stored_size: tuple[int, int]
) -> np.ndarray:
    """Points of the stored pixels as points of the upright image.

    Args:
        points (np.ndarray): (N, 2), the centre of the top left stored pixel
            at (0, 0).
        orientation (int): EXIF orientation, 1 to 8: where row 0 and column 0
            of the stored pixels lie (Exif 2.32, tag 0x0112).
        stored_size (tuple[int, int]): Width and height of the stored pixels.

    Returns:
        np.ndarray: (N, 2), pixels of the upright image.
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
    """Which frame points were clicked in: the upright or the stored one.

    Args:
        photograph (Photograph): The image.
        frame (str): ``'upright'``, ``'stored'``, or ``'auto'``: what the size
            in the record fits, upright where it fits both or is unknown.
        size (tuple[int, int], optional): Width and height in the record.

    Returns:
        tuple[bool, tuple[int, int]]: Whether it is the stored frame, and its
        width and height.

    Raises:
        Refused: If the record's size is none of the photograph's.
    """
    upright, stored = photograph.size, photograph.stored_size
    if size is not None and size not in (upright, stored):
        raise Refused(
            f'was labelled at {size[0]}x{size[1]} pixels, the photograph has '
            f'{upright[0]}x{upright[1]}: another version of it. Put the one '
            'that was labelled into IMAGES'
        )
    if frame == 'auto':
        frame = 'stored' if size not in (None, upright) else 'upright'
    if size is not None:
        expected = stored if frame == 'stored' else upright
        if size != expected:
            raise Refused(
                f'was labelled at {size[0]}x{size[1]} pixels, but --frame '
                f'{frame} means {expected[0]}x{expected[1]}; leave it out'
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
    """Points as a format has them, in pixels of the upright image.

    Args:
        points (np.ndarray): (N, 2).
        photograph (Photograph): The image.
        is_stored (bool): Whether they were clicked in the stored pixels.
        first_pixel (float): Coordinate of the centre of the corner pixel.
        y_up (bool): Whether y counts from the lower edge.

    Returns:
        np.ndarray: (N, 2), the centre of the top left pixel at (0, 0).
    """
    size = photograph.stored_size if is_stored else photograph.size
    points = points - first_pixel
    if y_up:
        points = np.stack([points[:, 0], size[1] - 1 - points[:, 1]], axis=1)
    if is_stored:
        points = turn_upright(points, photograph.orientation, size)
    return points
