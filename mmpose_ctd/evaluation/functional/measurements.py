"""Distances, angles and ratios between landmarks.

N: images, K: landmarks. All are measured in the plane of the photograph.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmpose_ctd.errors import InputError

#: Kind -> what it is made of: the key in a file, how many, and the words.
_KINDS = {
    'distance': ('landmarks', 2, 'two landmarks'),
    'angle': ('landmarks', 3, 'three landmarks, the vertex in the middle'),
    'ratio': ('distances', 2, 'two distances of the list, by their names'),
}


@dataclass(frozen=True)
class Measurement:
    """What is measured, and between which landmarks.

    Args:
        name (str): Such as ``'philtrum_length'``.
        kind (str): ``'distance'``, ``'angle'`` or ``'ratio'``.
        of (tuple[str, ...]): Two landmarks of a distance; three of an angle,
            the vertex in the middle; the names of two distances of a ratio,
            the first divided by the second.
    """

    name: str
    kind: str
    of: tuple[str, ...]

    @property
    def is_length(self) -> bool:
        """Whether it has the unit of the points."""
        return self.kind == 'distance'

    def to_dict(self) -> dict:
        """As in a file or a dataset's metainfo."""
        key = _KINDS[self.kind][0]
        return {'name': self.name, 'kind': self.kind, key: [*self.of]}


def parse_measurements(
    given: Sequence[Mapping],
    names: Sequence[str],
    where: str = 'measurements',
) -> tuple[Measurement, ...]:
    """Check the measurements that a file or a config lists.

    Args:
        given (Sequence[Mapping or Measurement]): Each with ``name``,
            ``kind`` (by default ``'distance'``) and ``landmarks``, or for a
            ratio ``distances``.
        names (Sequence[str]): The K landmarks.
        where (str): File or config key, for errors.

    Returns:
        tuple[Measurement, ...]: In the order given.

    Raises:
        InputError: If an entry is not a measurement, has an unknown kind,
            landmark or distance, one of them twice, or another's name.
    """
    if isinstance(given, (str, Mapping)) or not isinstance(given, Sequence):
        raise InputError(
            where=where,
            found=repr(given),
            expected='a list of measures such as {"name": "philtrum_length", '
            '"kind": "distance", "landmarks": ["subnasale", '
            '"labrale_superius"]}',
        )
    found: dict[str, Measurement] = {}
    for number, entry in enumerate(given):
        if isinstance(entry, Measurement):
            entry = entry.to_dict()
        one = _entry(entry, f'{where}[{number}]')
        if one.name in found:
            raise InputError(
                where=f'{where}[{number}]',
                found=f'{one.name!r} is listed twice',
                expected='a different name for each measure',
            )
        found[one.name] = one
    lengths = [one.name for one in found.values() if one.is_length]
    for one in found.values():
        what, known = 'landmarks', names
        if one.kind == 'ratio':
            what, known = 'distances of the list', lengths
        for name in one.of:
            if name not in known:
                raise InputError(
                    where=where,
                    found=f'{one.name!r} names {name!r}',
                    expected=f'one of the {what}: '
                    f'{", ".join(known) or "none"}',
                )
    return tuple(found.values())


def _entry(entry, where: str) -> Measurement:
    name = entry.get('name') if isinstance(entry, Mapping) else None
    if not isinstance(name, str) or not name.strip():
        raise InputError(
            where=where,
            found=repr(entry),
            expected="an object with a 'name', a 'kind' and its 'landmarks'",
        )
    where = f'{where} ({name})'
    kind = entry.get('kind', 'distance')
    if not isinstance(kind, str) or kind not in _KINDS:
        raise InputError(
            where=where,
            found=f'kind={kind!r}',
            expected=f'one of {", ".join(_KINDS)}',
        )
    key, count, words = _KINDS[kind]
    unknown = sorted(set(entry) - {'name', 'kind', key})
    if unknown:
        raise InputError(
            where=where,
            found=f'the unknown keys {unknown}',
            expected=f'name, kind and {key} of a {kind}',
        )
    of = entry.get(key)
    if (
        isinstance(of, str)
        or not isinstance(of, Sequence)
        or len(of) != count
        or not all(isinstance(part, str) for part in of)
        or len(set(of)) != count
    ):
        raise InputError(
            where=where,
            found=f'{key}={of!r}',
            expected=f'{words}, all different',
        )
    return Measurement(name, kind, tuple(of))


def measurement_units(
    measurements: Sequence[Measurement], mm: bool = False
) -> dict[str, str]:
    """Unit of each measure: ``mm`` or ``px``, ``deg``, ``1``."""
    units = {'distance': 'mm' if mm else 'px', 'angle': 'deg', 'ratio': '1'}
    return {one.name: units[one.kind] for one in measurements}


def digits_of(unit: str | None) -> int:
    """Decimals that a value of this unit is printed with."""
    return 3 if unit == '1' else 2


def measure(
    points: np.ndarray,
    visible: np.ndarray | None,
    names: Sequence[str],
    measurements: Sequence[Measurement],
    mm_per_px: float | np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Measure N faces.

    .. math::
        d(a, b) = s \\lVert a - b \\rVert_2, \\quad
        \\angle(a, v, b) = \\operatorname{atan2}(|u \\times w|, u \\cdot w)
        \\text{ with } u = a - v, \\; w = b - v

    Args:
        points (np.ndarray): Landmarks in image pixels, shape (N, K, 2), NaN
            where one is missing.
        visible (np.ndarray, optional): Above 0 where a landmark is known,
            shape (N, K). None for all that are finite.
        names (Sequence[str]): The K landmarks.
        measurements (Sequence[Measurement]): What to measure.
        mm_per_px (float or np.ndarray, optional): s, one for all images or
            shape (N,), NaN where not known. None leaves distances in pixels.

    Returns:
        dict[str, np.ndarray]: Name -> values of shape (N,): distances in px
        or mm, angles in degrees from 0 to 180, ratios. NaN where a landmark
        or the scale is missing, an arm of an angle has no length, or a ratio
        would divide by 0.

    Raises:
        InputError: If shapes, scales or landmarks do not fit.

    Examples:
        >>> line = Measurement('fissure', 'distance', ('inner', 'outer'))
        >>> measure([[[0., 0.], [3., 4.]]], None, ['inner', 'outer'], [line])
        {'fissure': array([5.])}
    """
    points, names = _checked_points(points, visible, names)
    scale = _checked_scale(mm_per_px, len(points))
    parse_measurements(measurements, names)
    at = {name: points[:, k] for k, name in enumerate(names)}
    # In pixels: a ratio needs no scale.
    lengths = {
        one.name: np.hypot(*(at[one.of[0]] - at[one.of[1]]).T)
        for one in measurements
        if one.is_length
    }
    values = {}
    for one in measurements:
        if one.kind == 'distance':
            values[one.name] = scale * lengths[one.name]
        elif one.kind == 'angle':
            values[one.name] = _angle(*(at[name] for name in one.of))
        else:
            values[one.name] = _ratio(*(lengths[name] for name in one.of))
    return values


def _angle(first, vertex, second) -> np.ndarray:
    """Degrees between two arms; points are (N, 2)."""
    u, w = first - vertex, second - vertex
    cross = u[:, 0] * w[:, 1] - u[:, 1] * w[:, 0]
    # Sharp near 0 and 180 degrees, where the arc cosine is not.
    angle = np.degrees(np.arctan2(np.abs(cross), (u * w).sum(axis=1)))
    none = (u == 0).all(axis=1) | (w == 0).all(axis=1)
    return np.where(none, np.nan, angle)


def _ratio(above, below) -> np.ndarray:
    return above / np.where(below == 0, np.nan, below)


def _checked_points(points, visible, names) -> tuple[np.ndarray, list[str]]:
    """Points as float64, NaN where not known, and the names."""
    names = list(names)
    points = np.asarray(points, dtype=np.float64)
    expected = (len(points) if points.ndim else 0, len(names), 2)
    if points.shape != expected:
        raise InputError(
            f'points must be (N, K, 2) with K = {len(names)} landmarks, '
            f'found shape {points.shape}.'
        )
    known = np.isfinite(points).all(axis=-1)
    if visible is not None:
        visible = np.asarray(visible, dtype=np.float64)
        if visible.shape != known.shape:
            raise InputError(
                f'visible must be (N, K) = {known.shape}, found '
                f'{visible.shape}.'
            )
        known &= np.nan_to_num(visible) > 0
    return np.where(known[..., None], points, np.nan), names


def _checked_scale(mm_per_px, num: int) -> np.ndarray | float:
    if mm_per_px is None:
        return 1.0
    scale = np.asarray(mm_per_px, dtype=np.float64)
    if scale.shape not in ((), (num,)):
        raise InputError(
            f'mm_per_px must be one number or one for each of {num} images, '
            f'found shape {scale.shape}.'
        )
    if (scale <= 0).any() or np.isinf(scale).any():
        raise InputError(
            'mm_per_px must be above 0 and finite, or NaN where it is not '
            f'known; found {scale.min():g} to {scale.max():g}.'
        )
    return scale
