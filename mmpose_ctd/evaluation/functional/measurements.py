"""Distances, angles and ratios between landmarks.

N: images, K: landmarks. All are measured along straight lines: in the plane
of the photograph, or in space where the landmarks have three coordinates.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmpose_ctd.errors import InputError
from mmpose_ctd.landmark_sides import canonical

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
        one = _parse_entry(entry, f'{where}[{number}]')
        if one.name in found:
            raise InputError(
                where=f'{where}[{number}]',
                found=f'{one.name!r} is listed twice',
                expected='a different name for each measure',
            )
        found[one.name] = one
    lengths = [one.name for one in found.values() if one.kind == 'distance']
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


def _parse_entry(entry, where: str) -> Measurement:
    def refuse(found: str, expected: str) -> None:
        raise InputError(where=where, found=found, expected=expected)

    name = entry.get('name') if isinstance(entry, Mapping) else None
    if not isinstance(name, str) or not name.strip():
        refuse(
            repr(entry),
            "an object with a 'name', a 'kind' and its 'landmarks'",
        )
    where = f'{where} ({name})'
    kind = entry.get('kind', 'distance')
    if not isinstance(kind, str) or kind not in _KINDS:
        refuse(f'kind={kind!r}', f'one of {", ".join(_KINDS)}')
    key, count, words = _KINDS[kind]
    unknown = sorted(set(entry) - {'name', 'kind', key})
    if unknown:
        refuse(
            f'the unknown keys {unknown}', f'name, kind and {key} of a {kind}'
        )
    of = entry.get(key)
    if (
        isinstance(of, str)
        or not isinstance(of, Sequence)
        or not all(isinstance(part, str) for part in of)
        or not len(of) == len(set(of)) == count
    ):
        refuse(f'{key}={of!r}', f'{words}, all different')
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
        points (np.ndarray): Landmarks in image pixels, shape (N, K, 2), or
            in space, (N, K, 3); NaN where one is missing.
        visible (np.ndarray, optional): Above 0 where a landmark is known,
            shape (N, K). None for all that are finite.
        names (Sequence[str]): The K landmarks.
        measurements (Sequence[Measurement]): What to measure.
        mm_per_px (float or np.ndarray, optional): s, one for all images or
            shape (N,), NaN where not known. None leaves distances in the unit
            of the points.

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
    names = list(names)
    points = _checked_points(points, visible, len(names))
    scale = _checked_scale(mm_per_px, len(points))
    at = {name: points[:, k] for k, name in enumerate(names)}
    # In pixels: a ratio needs no scale.
    lengths = {
        one.name: np.linalg.norm(at[one.of[0]] - at[one.of[1]], axis=1)
        for one in measurements
        if one.kind == 'distance'
    }
    values = {}
    for one in measurements:
        if one.kind == 'distance':
            values[one.name] = scale * lengths[one.name]
        elif one.kind == 'angle':
            values[one.name] = _angle(*(at[name] for name in one.of))
        else:
            above, below = (lengths[name] for name in one.of)
            values[one.name] = above / np.where(below == 0, np.nan, below)
    return values


def _angle(first, vertex, second) -> np.ndarray:
    """Degrees between two arms; points are (N, 2) or (N, 3)."""
    u, w = first - vertex, second - vertex
    sizes = (np.linalg.norm(arm, axis=1, keepdims=True) for arm in (u, w))
    u_size, w_size = sizes
    # Sharp near 0 and 180 degrees, where the arc cosine is not (W. Kahan).
    apart = np.linalg.norm(w_size * u - u_size * w, axis=1)
    along = np.linalg.norm(w_size * u + u_size * w, axis=1)
    none = (u_size == 0) | (w_size == 0)
    angle = np.degrees(2 * np.arctan2(apart, along))
    return np.where(none[:, 0], np.nan, angle)


def _checked_points(points, visible, num_landmarks: int) -> np.ndarray:
    """Points as float64, NaN where not known."""
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 3 or points.shape[1:] not in (
        (num_landmarks, 2),
        (num_landmarks, 3),
    ):
        raise InputError(
            'points must be (N, K, 2) or (N, K, 3) with K = '
            f'{num_landmarks} landmarks, found shape {points.shape}.'
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
    return np.where(known[..., None], points, np.nan)


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


# -------------------------------------------------------- standard measures

# With the abbreviations and names of Farkas, see standard_measurements().
_DISTANCES = {
    # ex-en, length of the eye fissure; the last of a set of one side whose
    # names have none.
    'palpebral_fissure_length_R': ('exocanthion_R', 'endocanthion_R'),
    'palpebral_fissure_length_L': ('exocanthion_L', 'endocanthion_L'),
    'palpebral_fissure_length': ('exocanthion', 'endocanthion'),
    # en-en, intercanthal width; ex-ex, biocular width.
    'inner_canthal_distance': ('endocanthion_R', 'endocanthion_L'),
    'outer_canthal_distance': ('exocanthion_R', 'exocanthion_L'),
    # al-al, morphological width of the nose; ac-ac.
    'nasal_width': ('alare_R', 'alare_L'),
    'alar_base_width': ('alar_base_R', 'alar_base_L'),
    # sn-ls, height of the cutaneous upper lip; cph-cph.
    'philtrum_length': ('subnasale', 'labrale_superius'),
    'philtrum_width': ('crista_philtri_R', 'crista_philtri_L'),
    # sn-sto; ls-sto; sto-li; ch-ch; sn-gn.
    'upper_lip_height': ('subnasale', 'stomion'),
    'upper_vermilion_height': ('labrale_superius', 'stomion'),
    'lower_vermilion_height': ('stomion', 'labrale_inferius'),
    'mouth_width': ('cheilion_R', 'cheilion_L'),
    'lower_face_height': ('subnasale', 'gnathion'),
}
# en-en / ex-ex, there in percent.
_INDEX = 'intercanthal_index'
_INDEX_OF = ('inner_canthal_distance', 'outer_canthal_distance')


def standard_measurements(names: Sequence[str]) -> tuple[Measurement, ...]:
    """The usual measures that these landmarks allow.

    Names and landmarks as in L. G. Farkas (ed.), "Anthropometry of the Head
    and Face", 2nd ed., Raven Press 1994. Palpebral fissure length, philtrum
    and upper lip are the facial signs of fetal alcohol spectrum disorders
    (H. E. Hoyme et al., Pediatrics 138(2), 2016). Published norms are of
    calipers on living faces, not of photographs.

    Args:
        names (Sequence[str]): The K landmarks, their sides in any spelling
            of :mod:`mmpose_ctd.landmark_sides`.

    Returns:
        tuple[Measurement, ...]: Those whose landmarks all exist. A measure
        of one side has the side of its landmarks, or none.

    Examples:
        >>> found = standard_measurements(['exocanthion_R', 'endocanthion_R'])
        >>> [one.name for one in found]
        ['palpebral_fissure_length_R']
    """
    usual = {
        name: f'{words}_{side}' if side else words
        for name, (words, side) in zip(names, map(canonical, names))
    }
    many = Counter(usual.values())
    # Name used here, such as exocanthion_R -> name in the set.
    known = {own: name for name, own in usual.items() if many[own] == 1}
    known |= {name: name for name in names}
    found = {
        name: Measurement(
            name, 'distance', tuple(known[point] for point in pair)
        )
        for name, pair in _DISTANCES.items()
        if known.keys() >= set(pair)
    }
    if found.keys() >= set(_INDEX_OF):
        found[_INDEX] = Measurement(_INDEX, 'ratio', _INDEX_OF)
    return tuple(found.values())


def measurements_of_set(
    dataset_meta: Mapping, given: Sequence | None = None
) -> tuple[Measurement, ...]:
    """What is measured in a set of landmarks.

    Args:
        dataset_meta (Mapping): Metainfo of a dataset, or ``dataset_meta`` of
            a model that was trained on one.
        given (Sequence, optional): Measures that a config lists.

    Returns:
        tuple[Measurement, ...]: Those of the config, else of the annotation
        file (``measurements`` in its metainfo), else the standard ones.

    Raises:
        InputError: If what is listed cannot be measured in this set.
    """
    by_id = dataset_meta.get('keypoint_id2name') or {}
    names = [by_id[k] for k in sorted(by_id)]
    if given is not None:
        return parse_measurements(given, names)
    own = dataset_meta.get('measurements')
    if own is not None:
        return parse_measurements(own, names, 'dataset_meta.measurements')
    return standard_measurements(names)
