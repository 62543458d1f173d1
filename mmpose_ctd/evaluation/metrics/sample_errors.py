"""Landmark errors of one data sample, in any unit.

n: instances of the sample, K: landmarks.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mmpose_ctd.errors import InputError

from ..functional import point_errors

Unit = str | tuple[str, str]

#: Unit -> how an axis label names it.
LABELS = {'input': 'input px', 'image': 'image px', 'mm': 'mm'}
_MEANING = {
    'input_size': 'width and height of the network input in pixels',
    'input_scale': 'width and height of the crop in image pixels',
    'mm_per_px': 'millimetres per image pixel',
}


class SamplePoints(NamedTuple):
    """Prediction and truth of a sample, in pixels of the original image."""

    pred: np.ndarray  #: (n, K, 2)
    gt: np.ndarray  #: (n, K, 2)
    visible: np.ndarray  #: (n, K), bool


def sample_points(sample: Mapping) -> SamplePoints:
    """Read the points of a data sample.

    It is ``PoseDataSample.to_dict()`` after prediction, with ``gt_instances``
    and ``pred_instances`` in image pixels.

    Raises:
        InputError: If points are missing, or their shapes do not fit.
    """
    pred, gt = (
        _points(sample, field) for field in ('pred_instances', 'gt_instances')
    )
    if pred.shape != gt.shape:
        raise InputError(
            where=record_name(sample),
            found=f'predicted keypoints of shape {pred.shape}',
            expected=f'{gt.shape}, that of the true ones (instances, '
            'landmarks, 2)',
            cure="Does the head's out_channels fit the dataset?",
        )
    visible = sample['gt_instances'].get('keypoints_visible')
    visible = np.ones(gt.shape[:2]) if visible is None else _to_numpy(visible)
    if visible.ndim == 3:  # MMPose may append weights to the visibility
        visible = visible[..., 0]
    visible = np.nan_to_num(visible.astype(np.float64)) > 0
    return SamplePoints(pred, gt, visible)


def _points(sample: Mapping, field: str) -> np.ndarray:
    instances = sample.get(field)
    points = None if instances is None else instances.get('keypoints')
    if points is not None:
        points = _to_numpy(points)[..., :2].astype(np.float64)
    if points is None or points.ndim != 3:
        found = 'no keypoints'
        if points is not None:
            found = f'keypoints of shape {points.shape}'
        raise InputError(
            where=record_name(sample),
            found=f'{found} in {field!r}',
            expected='a prediction and a labelled truth, each (instances, '
            'landmarks, 2)',
        )
    return points


def _to_numpy(value) -> np.ndarray:
    # A tensor in bfloat16 or on a GPU has no numpy view of its own.
    if hasattr(value, 'detach'):
        value = value.detach().cpu().double().numpy()
    return np.asarray(value)


def sample_errors(
    sample: Mapping,
    unit: Unit = 'image',
    name_to_id: Mapping[str, int] | None = None,
) -> np.ndarray:
    """Errors of the landmarks of a sample.

    .. math:: e_k = \\lVert s \\odot (p_k - g_k) \\rVert_2

    with s of :func:`unit_scale`.

    Returns:
        np.ndarray: Errors, shape (n, K); NaN for invisible landmarks, and
        for all landmarks of an instance that the unit cannot measure.
    """
    pred, gt, visible = sample_points(sample)
    scale = unit_scale(unit, sample, gt, visible, name_to_id)[:, None]
    measured = np.isfinite(scale).all(axis=-1)
    factor = np.where(np.isfinite(scale), scale, 1.0)
    try:
        return point_errors(pred * factor, gt * factor, visible & measured)
    except InputError as error:
        raise InputError(f'{record_name(sample)}: {error}') from error


def truth_digest(parts: Sequence[np.ndarray | str]) -> str:
    """Sixteen characters that are equal for tests on equal true points.

    Parts are true points in image pixels, compared to a hundredth, or
    digests.
    """
    digest = hashlib.sha256()
    for part in parts:
        if not isinstance(part, str):
            # + 0 turns -0 into 0; what is invisible may be NaN.
            part = (np.nan_to_num(np.round(part, 2)) + 0.0).tolist()
        digest.update(repr(part).encode())
    return digest.hexdigest()[:16]


def record_name(sample: Mapping) -> str:
    """Name a record by its numbers, never by a file or a person."""
    return f'record id {sample.get("id")} (image id {sample.get("img_id")})'


# -------------------------------------------------------------------- units


def checked_unit(unit: str | Sequence[str]) -> Unit:
    """``unit`` as one of ``LABELS``, or a tuple of two landmark names."""
    if isinstance(unit, str) and unit in LABELS:
        return unit
    if (
        isinstance(unit, Sequence)
        and not isinstance(unit, str)
        and all(isinstance(name, str) for name in unit)
        and len(unit) == len(set(unit)) == 2
    ):
        return tuple(unit)
    raise InputError(
        where='unit',
        found=repr(unit),
        expected=f'one of {sorted(LABELS)} or two different landmark names '
        '[name_a, name_b]',
    )


def unit_label(unit: str | Sequence[str]) -> str:
    """Short name of the unit for axes and tables.

    Examples:
        >>> unit_label('input'), unit_label(['eye_R', 'eye_L'])
        ('input px', 'x eye_R-eye_L')
    """
    unit = checked_unit(unit)
    return LABELS[unit] if isinstance(unit, str) else 'x ' + '-'.join(unit)


def unit_scale(
    unit: Unit,
    sample: Mapping,
    gt: np.ndarray,
    visible: np.ndarray,
    name_to_id: Mapping[str, int] | None = None,
) -> np.ndarray:
    """Units per image pixel along x and y, for each instance of a sample.

    ``gt`` are true points in image pixels, (n, K, 2), ``visible`` is (n, K);
    a unit of two names needs their indices in ``name_to_id``.

    Returns:
        np.ndarray: Positive scales, shape (n, 2); NaN where the two points
        of the unit are not visible or coincide.

    Raises:
        InputError: If the sample has no field, or the dataset no landmark,
            that the unit needs.
    """
    num = len(gt)
    if unit == 'image':
        return np.ones((num, 2))
    if unit == 'input':
        size = _per_instance(sample, 'input_size', num)
        return size / _per_instance(sample, 'input_scale', num)
    if unit == 'mm':
        return _per_instance(sample, 'mm_per_px', num)
    for name in unit:
        if name not in (name_to_id or {}):
            raise InputError(
                where=f'unit={list(unit)}',
                found=f'the dataset has no landmark {name!r}',
                expected=f'two of {sorted(name_to_id)}'
                if name_to_id
                else "a dataset with 'keypoint_name2id' in its metainfo",
            )
    pair = [name_to_id[name] for name in unit]
    distance = np.hypot(*(gt[:, pair[0]] - gt[:, pair[1]]).T)
    known = visible[:, pair].all(axis=1)
    known &= np.isfinite(distance) & (distance > 0)
    scale = np.full(num, np.nan)
    scale[known] = 1 / distance[known]
    return np.repeat(scale[:, None], 2, axis=1)


def _per_instance(sample: Mapping, key: str, num: int) -> np.ndarray:
    """A positive field of the metainfo as (n, 2), x and y."""
    value = sample.get(key)
    try:
        size = np.asarray(value, dtype=np.float64)
        if size.ndim == 1 and size.shape != (2,):
            size = size[:, None]
        size = np.broadcast_to(size, (num, 2))
    except (TypeError, ValueError):
        size = np.zeros(2)
    if not (np.isfinite(size).all() and (size > 0).all()):
        raise InputError(
            where=f'{record_name(sample)}: {key!r} ({_MEANING[key]})',
            found='missing' if value is None else f'{value}',
            expected='positive finite numbers, one value or (w, h) for each '
            f'of {num} instances, which this unit needs',
            cure='Give every image record the field and end the pipeline '
            "with PackLandmarkInputs (or list it in PackPoseInputs' "
            'meta_keys), or choose another unit.',
        )
    return size
