"""Units of a landmark error: from image pixels to what is reported.

n: instances of a sample.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from mmpose_ctd.errors import InputError

Unit = str | tuple[str, str]

#: Unit -> how an axis label names it.
LABELS = {'input': 'input px', 'image': 'image px', 'mm': 'mm'}


def checked_unit(unit: str | Sequence[str]) -> Unit:
    """``unit`` as one of the names, or as a tuple of two landmark names."""
    if isinstance(unit, str) and unit in LABELS:
        return unit
    if (
        isinstance(unit, Sequence)
        and not isinstance(unit, str)
        and len(unit) == 2
        and all(isinstance(name, str) for name in unit)
        and unit[0] != unit[1]
    ):
        return tuple(unit)
    raise InputError(
        f'unit must be one of {sorted(LABELS)} or two different landmark '
        f'names [name_a, name_b], found {unit!r}.'
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
    name_to_id: Mapping[str, int] | None,
) -> np.ndarray:
    """Units per image pixel along x and y, for each instance of a sample.

    Args:
        unit (str or tuple): Result of :func:`checked_unit`.
        sample (Mapping): A data sample as a dict, metainfo flattened into it.
        gt (np.ndarray): True positions in image pixels, shape (n, K, 2).
        visible (np.ndarray): Whether each is known, bool, shape (n, K).
        name_to_id (Mapping, optional): Index of each landmark name, needed
            for a unit of two names.

    Returns:
        np.ndarray: Scales, shape (n, 2), positive; NaN where the two points
        of the unit are not visible or coincide.
    """
    num = len(gt)
    if unit == 'image':
        return np.ones((num, 2))
    if unit == 'input':
        size = _per_instance(sample, 'input_size', num)
        return size / _per_instance(sample, 'input_scale', num)
    if unit == 'mm':
        return _per_instance(sample, 'mm_per_px', num)
    first, second = _pair_ids(unit, name_to_id)
    known = visible[:, first] & visible[:, second]
    distance = np.hypot(*(gt[:, first] - gt[:, second]).T)
    known &= np.isfinite(distance) & (distance > 0)
    scale = np.full(num, np.nan)
    scale[known] = 1 / distance[known]
    return np.repeat(scale[:, None], 2, axis=1)


def record_name(sample: Mapping) -> str:
    """Names a record by its numbers, never by a file or a person."""
    return f'record id {sample.get("id")} (image id {sample.get("img_id")})'


_MEANING = {
    'input_size': 'width and height of the network input in pixels',
    'input_scale': 'width and height of the crop in image pixels',
    'mm_per_px': 'millimetres per image pixel',
}


def _per_instance(sample: Mapping, key: str, num: int) -> np.ndarray:
    """A positive field of the metainfo as (n, 2), x and y."""
    value = sample.get(key)
    if value is None:
        raise InputError(
            f'{record_name(sample)} has no {key!r} ({_MEANING[key]}), which '
            f'this unit needs. Give every image record the field and end the '
            "pipeline with PackLandmarkInputs (or list it in PackPoseInputs' "
            'meta_keys), or choose another unit.'
        )
    value = np.asarray(value, dtype=np.float64)
    if value.ndim == 1 and value.shape != (2,):
        value = value[:, None]
    try:
        value = np.broadcast_to(value, (num, 2))
    except ValueError:
        raise InputError(
            f'{record_name(sample)}: {key!r} has shape {value.shape}, '
            f'expected one value or (w, h) for each of {num} instances.'
        ) from None
    if not (np.isfinite(value).all() and (value > 0).all()):
        raise InputError(
            f'{record_name(sample)}: {key!r} ({_MEANING[key]}) must be '
            f'positive and finite, found {value.tolist()}.'
        )
    return value


def _pair_ids(
    unit: tuple[str, str], name_to_id: Mapping[str, int] | None
) -> tuple[int, int]:
    if not name_to_id:
        raise InputError(
            f'unit={list(unit)} names landmarks, but the dataset names none: '
            "its metainfo has no 'keypoint_name2id'."
        )
    for name in unit:
        if name not in name_to_id:
            raise InputError(
                f'unit={list(unit)}: the dataset has no landmark {name!r}. '
                f'It has {sorted(name_to_id)}.'
            )
    return name_to_id[unit[0]], name_to_id[unit[1]]
