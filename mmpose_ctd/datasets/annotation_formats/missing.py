"""Which points are missing: one rule for all formats."""

import numpy as np

from mmpose_ctd.errors import InputError

__all__ = ['settle_missing']


def settle_missing(
    points: np.ndarray, visible: np.ndarray, labels: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Mark the points of a record that are missing.

    A point is missing where

    - its coordinates are empty, or a word such as NA or NaN (readers give
      NaN for them);
    - both coordinates are the same negative whole number, as programs write
      it for missing: -1, -1 or -999, -999. Other negative coordinates lie
      outside the photograph, which is refused later;
    - the file says that it is not visible: COCO's visibility 0, CVAT's
      ``outside``, a word such as FALSE in a column ``visible``.

    A point at exactly (0, 0) is not settled here: it may be missing, or the
    origin of coordinates that are no pixels, such as a baseline of shape
    coordinates. It refuses the record, unless the user states which
    (``--zero-is-missing``).

    All numbers are as the file has them, before its first pixel and the
    direction of y are accounted for.

    Args:
        points (np.ndarray): (N, 2), NaN where a coordinate is missing.
        visible (np.ndarray): (N,), COCO's visibility.
        labels (list[str]): What to call the points in an error.

    Returns:
        tuple[np.ndarray, np.ndarray]: Points, (NaN, NaN) where missing, and
        visibility, 0 there.

    Raises:
        InputError: If only one coordinate of a point is missing or -1, or
            one is infinite.
    """
    for i in np.flatnonzero(np.isinf(points).any(axis=1)):
        raise InputError(
            found=f'point {labels[i]}: a coordinate is infinite',
            expected='pixels of the photograph',
        )
    known = ~np.isnan(points)
    for i in np.flatnonzero((known.sum(axis=1) == 1) & (visible != 0)):
        raise InputError(
            found=f'point {labels[i]}: only one of x, y is there',
            expected='both, or none where it is missing',
        )
    x, y = points.T
    for i in np.flatnonzero(((x == -1) != (y == -1)) & (visible != 0)):
        raise InputError(
            found=f'point {labels[i]}: only one of x, y is -1',
            expected='both, where it is missing',
        )
    code = (x == y) & (x < 0) & (x == np.floor(x))
    missing = ~known.all(axis=1) | code | (visible == 0)
    points = np.where(missing[:, None], np.nan, points)
    return points, np.where(missing, 0, visible).astype(int)
