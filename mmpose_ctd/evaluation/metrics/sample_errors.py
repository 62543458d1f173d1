"""Landmark errors of one data sample.

n: instances of the sample, K: landmarks.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mmpose_ctd.errors import InputError

from ..functional import point_errors
from .error_units import Unit, record_name, unit_scale


class SamplePoints(NamedTuple):
    """Prediction and truth of a sample, in pixels of the original image."""

    pred: np.ndarray  #: (n, K, 2)
    gt: np.ndarray  #: (n, K, 2)
    visible: np.ndarray  #: (n, K), bool


def sample_points(sample: Mapping) -> SamplePoints:
    """Read the points of a data sample.

    Args:
        sample (Mapping): ``PoseDataSample.to_dict()`` after prediction, with
            ``gt_instances`` and ``pred_instances`` in image pixels.

    Returns:
        SamplePoints: Arrays of float64 and bool.
    """
    pred = _points(sample, 'pred_instances')
    gt = _points(sample, 'gt_instances')
    if pred.shape != gt.shape:
        raise InputError(
            f'{record_name(sample)}: predicted keypoints {pred.shape} and '
            f'true keypoints {gt.shape} differ in shape (instances, '
            "landmarks, 2). Does the head's out_channels fit the dataset?"
        )
    visible = sample['gt_instances'].get('keypoints_visible')
    if visible is None:
        visible = np.ones(gt.shape[:2])
    visible = _to_numpy(visible)
    if visible.ndim == 3:  # MMPose may append weights to the visibility
        visible = visible[..., 0]
    visible = np.nan_to_num(visible.astype(np.float64)) > 0
    return SamplePoints(pred, gt, visible)


def sample_errors(
    sample: Mapping,
    unit: Unit = 'image',
    name_to_id: Mapping[str, int] | None = None,
) -> np.ndarray:
    """Errors of the landmarks of a sample in the unit asked for.

    .. math:: e_k = \\lVert s \\odot (p_k - g_k) \\rVert_2

    with the scale s of :func:`unit_scale` from image pixels to the unit,
    along x and y.

    Args:
        sample (Mapping): As for :func:`sample_points`.
        unit (str or tuple): Result of ``checked_unit``.
        name_to_id (Mapping, optional): Index of each landmark name.

    Returns:
        np.ndarray: Errors, shape (n, K); NaN for invisible landmarks, and
        for all landmarks of an instance that the unit cannot measure.
    """
    pred, gt, visible = sample_points(sample)
    scale = unit_scale(unit, sample, gt, visible, name_to_id)[:, None]
    measured = np.isfinite(scale).all(axis=-1)
    factor = np.where(np.isfinite(scale), scale, 1.0)
    try:
        # Truth where nothing is visible may hold anything, NaN included.
        return point_errors(pred * factor, gt * factor, visible & measured)
    except ValueError as error:
        raise InputError(f'{record_name(sample)}: {error}') from error


def truth_digest(parts: Sequence[np.ndarray | str]) -> str:
    """Sixteen characters by which two tests on the same truth are known.

    Args:
        parts (Sequence): True points in image pixels, to a hundredth, or
            digests.
    """
    digest = hashlib.sha256()
    for part in parts:
        if not isinstance(part, str):
            # + 0 turns -0 into 0; what is invisible may be NaN.
            part = (np.nan_to_num(np.round(part, 2)) + 0.0).tolist()
        digest.update(repr(part).encode())
    return digest.hexdigest()[:16]


def _points(sample: Mapping, field: str) -> np.ndarray:
    instances = sample.get(field)
    if instances is None or instances.get('keypoints') is None:
        raise InputError(
            f'{record_name(sample)} has no keypoints in {field!r}: an error '
            'needs a prediction and a labelled truth.'
        )
    points = _to_numpy(instances['keypoints'])[..., :2].astype(np.float64)
    if points.ndim != 3:
        raise InputError(
            f'{record_name(sample)}: keypoints in {field!r} must be '
            f'(instances, landmarks, 2), found {points.shape}.'
        )
    return points


def _to_numpy(value) -> np.ndarray:
    # A tensor in bfloat16 or on a GPU has no numpy view of its own.
    if hasattr(value, 'detach'):
        value = value.detach().cpu().double().numpy()
    return np.asarray(value)
