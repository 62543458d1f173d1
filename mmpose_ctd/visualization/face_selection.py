"""Which faces of a test set to show."""

import numpy as np


def select_faces(errors: np.ndarray, num_faces: int) -> list[int]:
    """Faces from the best to the worst, evenly spread over the ranks.

    Three faces are the best, the median and the worst.

    Args:
        errors (np.ndarray): Error of each face, (N,); NaN is not chosen.
        num_faces (int): How many; fewer if there are not as many.

    Returns:
        list[int]: Indices into ``errors``, of increasing error.

    Examples:
        >>> select_faces([3., 1., 9., 2., np.nan, 4.], num_faces=3)
        [1, 0, 2]
    """
    errors = np.asarray(errors, dtype=np.float64)
    if errors.ndim != 1:
        raise ValueError(f'errors must be (N,), found shape {errors.shape}.')
    if num_faces < 2:
        raise ValueError(f'num_faces must be at least 2, found {num_faces}.')
    ranked = np.argsort(errors, kind='stable')
    ranked = ranked[: np.count_nonzero(~np.isnan(errors))]
    if ranked.size == 0:
        raise ValueError('no face has an error that is not NaN.')
    steps = min(num_faces, ranked.size)
    places = np.linspace(0, ranked.size - 1, steps).round().astype(int)
    return ranked[places].tolist()
