"""Distances between predicted and true landmarks.

N: images, K: landmarks.
"""

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
        visible (np.ndarray): Nonzero where the truth is known, (N, K).

    Returns:
        np.ndarray: Distances in the unit of the input, shape (N, K), NaN
        where the landmark is not visible.

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
    # `visible` of NaN would compare as visible: not knowing is not seeing.
    visible = np.nan_to_num(visible.astype(np.float64)) > 0
    _require_finite('pred', pred, np.ones_like(visible))
    _require_finite('gt', gt, visible)
    # A point nobody marked may hold anything; keep it out of the arithmetic.
    gt = np.where(visible[..., None], gt, 0.0)
    distances = np.hypot(*np.moveaxis(pred - gt, -1, 0))
    return np.where(visible, distances, np.nan)


def image_errors(errors: np.ndarray) -> np.ndarray:
    """Mean over the visible landmarks of each image.

    Args:
        errors (np.ndarray): Result of :func:`point_errors`, shape (N, K).

    Returns:
        np.ndarray: Error of each image in the unit of the input, shape (N,),
        NaN for an image without a visible landmark.

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
    count = known.sum(axis=1)
    total = np.where(known, errors, 0.0).sum(axis=1)
    # 0 / 0 is meant: NaN marks an image that cannot be judged.
    with np.errstate(invalid='ignore'):
        return total / count


def _require_finite(name: str, points: np.ndarray, where: np.ndarray) -> None:
    bad = where & ~np.isfinite(points).all(axis=-1)
    if bad.any():
        image, landmark = np.argwhere(bad)[0]
        raise InputError(
            f'{name} is not finite in {int(bad.sum())} of {bad.size} '
            f'landmarks; the first is image {image}, landmark {landmark}: '
            f'{points[image, landmark].tolist()}.'
        )
