"""Distances of landmarks, and the ME, CED, FR and AUC of errors.

As in Z. Fu, J. Jiao, M. Suttie, J. A. Noble, "Cross-Task Representation
Learning for Anatomical Landmark Detection", MLMI 2020. N: images or errors,
K: landmarks. NaN, an error that could not be measured, is left out.
"""

import math

import numpy as np

from mmpose_ctd.errors import InputError


def point_errors(
    pred: np.ndarray, gt: np.ndarray, visible: np.ndarray
) -> np.ndarray:
    """Euclidean distance of every landmark from its true position.

    .. math:: e_{ik} = \\lVert p_{ik} - g_{ik} \\rVert_2

    Args:
        pred (np.ndarray): Predicted positions, shape (N, K, 2), finite.
        gt (np.ndarray): True positions in the unit of ``pred``, shape
            (N, K, 2), finite where visible.
        visible (np.ndarray): Above 0 where the truth is known, (N, K).

    Returns:
        np.ndarray: Distances in the unit of the input, shape (N, K), NaN
        where the landmark is not visible.

    Raises:
        InputError: If a shape or a position is wrong.

    Examples:
        >>> point_errors([[[3., 4.], [9., 9.]]], [[[0., 0.], [0., 0.]]],
        ...              [[1, 0]])
        array([[ 5., nan]])
    """
    pred = np.asarray(pred, dtype=np.float64)
    gt = np.asarray(gt, dtype=np.float64)
    visible = np.asarray(visible)
    if pred.ndim != 3 or pred.shape[-1] != 2:
        raise InputError(f'pred must be (N, K, 2), found {pred.shape}.')
    if gt.shape != pred.shape:
        raise InputError(
            f'gt must have the shape of pred, {pred.shape}, found {gt.shape}.'
        )
    if visible.shape != pred.shape[:2]:
        raise InputError(
            f'visible must be (N, K) = {pred.shape[:2]}, found '
            f'{visible.shape}; of (N, K, 2) take [..., 0].'
        )
    # A visibility of NaN counts as invisible.
    visible = np.nan_to_num(visible.astype(np.float64)) > 0
    for name, points, needed in (('pred', pred, True), ('gt', gt, visible)):
        bad = ~np.isfinite(points).all(axis=-1) & needed
        if bad.any():
            image, landmark = np.argwhere(bad)[0]
            raise InputError(
                f'{name} is not finite in {int(bad.sum())} of {bad.size} '
                f'landmarks; the first is image {image}, landmark '
                f'{landmark}: {points[image, landmark].tolist()}.'
            )
    # An invisible point may hold anything.
    gt = np.where(visible[..., None], gt, 0.0)
    distances = np.hypot(*np.moveaxis(pred - gt, -1, 0))
    return np.where(visible, distances, np.nan)


def image_errors(errors: np.ndarray) -> np.ndarray:
    """Mean over the visible landmarks of each image.

    Args:
        errors (np.ndarray): Result of :func:`point_errors`, shape (N, K).

    Returns:
        np.ndarray: Shape (N,), NaN for an image without visible landmark.

    Examples:
        >>> image_errors([[1., 3.], [2., np.nan], [np.nan, np.nan]])
        array([ 2.,  2., nan])
    """
    errors = np.asarray(errors, dtype=np.float64)
    if errors.ndim != 2:
        raise InputError(
            f'errors must be (N, K), found shape {errors.shape}; '
            'point_errors() gives it.'
        )
    known = ~np.isnan(errors)
    total = np.where(known, errors, 0.0).sum(axis=1)
    with np.errstate(invalid='ignore'):
        return total / known.sum(axis=1)


def mean_error(errors: np.ndarray) -> float:
    """ME, the mean of the errors (N,), in their unit.

    .. math:: ME = \\frac{1}{N} \\sum_i e_i

    Examples:
        >>> mean_error([1., 2., np.nan])
        1.5
    """
    return float(_known(errors).mean())


def cumulative_error_distribution(
    errors: np.ndarray, thresholds: np.ndarray
) -> np.ndarray:
    """CED, the share of errors (N,) that do not exceed each threshold.

    .. math:: CED(t) = \\frac{1}{N} \\, |\\{i : e_i \\le t\\}|

    Args:
        errors (np.ndarray): Errors, shape (N,).
        thresholds (np.ndarray): Of any shape, in the unit of ``errors``.

    Returns:
        np.ndarray: Shares in [0, 1], shape of ``thresholds``.

    Examples:
        >>> cumulative_error_distribution([1., 2., 4.], [0., 2., 9.]).round(3)
        array([0.   , 0.667, 1.   ])
    """
    known = np.sort(_known(errors))
    thresholds = np.asarray(thresholds, dtype=np.float64)
    if np.isnan(thresholds).any():
        raise InputError('thresholds holds NaN; give numbers.')
    return np.searchsorted(known, thresholds, side='right') / known.size


def failure_rate(errors: np.ndarray, threshold: float) -> float:
    """FR, the share of errors (N,) above tau, a number above 0.

    .. math:: FR = \\frac{1}{N} \\, |\\{i : e_i > \\tau\\}| = 1 - CED(\\tau)

    Examples:
        >>> failure_rate([1., 5., 6., 7.], threshold=5)
        0.5
    """
    threshold = checked_threshold(threshold)
    return float((_known(errors) > threshold).mean())


def area_under_ced(errors: np.ndarray, threshold: float) -> float:
    """AUC, the area under the CED of errors (N,) on [0, tau], over tau.

    The CED is a step function, so its area needs no grid:

    .. math::
        AUC = \\frac{1}{\\tau} \\int_0^\\tau CED(t)\\, dt
            = \\frac{1}{N} \\sum_i \\max(0, 1 - e_i / \\tau)

    Examples:
        >>> area_under_ced([0., 2.5, 9.], threshold=5)
        0.5
    """
    threshold = checked_threshold(threshold)
    errors = _known(errors)
    return float(np.maximum(0.0, 1.0 - errors / threshold).mean())


def checked_threshold(threshold: float, name: str = 'threshold') -> float:
    """``threshold`` as a float, if it is a positive finite number."""
    try:
        value = float(threshold)
    except (TypeError, ValueError):
        value = math.nan
    if not 0 < value < math.inf:
        raise InputError(
            where=name,
            found=repr(threshold),
            expected='a positive finite number',
        )
    return value


def _known(errors: np.ndarray) -> np.ndarray:
    """The errors that are not NaN, as float64, at least one."""
    errors = np.asarray(errors, dtype=np.float64)
    if errors.ndim != 1:
        raise InputError(
            f'errors must be a vector (N,), found shape {errors.shape}; '
            'reduce (N, K) point errors with image_errors() first.'
        )
    known = errors[~np.isnan(errors)]
    if known.size == 0:
        raise InputError(
            f'all {errors.size} errors are NaN: no image has a visible '
            'landmark.'
        )
    if not (np.isfinite(known) & (known >= 0)).all():
        raise InputError(
            'errors must be finite and not negative, or NaN where nothing '
            f'was measured; found {known.min():g} to {known.max():g}.'
        )
    return known
