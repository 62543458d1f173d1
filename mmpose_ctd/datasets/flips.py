"""Refuses mirrored images while partners of landmarks are unknown.

No list has all spellings of a side. So places are checked, too: the known
pairs define each face's midline, and a landmark that keeps its name in a
mirrored image must lie on it.
"""

from collections.abc import Collection, Sequence
from difflib import SequenceMatcher

import numpy as np
from mmcv.transforms import BaseTransform
from scipy.optimize import linear_sum_assignment

from mmpose_ctd.errors import InputError, some_of
from mmpose_ctd.landmark_sides import unsettled_names

#: The first faces that are used.
MOST_FACES = 2000
# The fewest that are needed.
_FEWEST = 3
# Least distances from the midline in root mean square radii of the face: of
# two landmarks that mirror each other, and of a single one. The second terms
# allow for chance; they are divided by the root of the number of faces.
_TWO, _ONE = 0.04, 0.2
_CHANCE_TWO, _CHANCE_ONE = 0.04, 0.2
# Least distance in robust standard deviations over the faces.
_CLEAR = 2.5
# Largest distance from the partner's mirror image, as a share of the distance
# between the two.
_NEAR = 0.35
# Known pairs must be parallel in most faces; else their names are wrong.
_PARALLEL = 0.9


def may_flip(step) -> bool:
    """Whether a pipeline, a transform or the config of one may mirror.

    A transform mirrors if ``Flip`` is in its name and its probability is not
    0. Transforms inside of others are included.
    """
    if isinstance(step, (list, tuple)):
        return any(map(may_flip, step))
    if isinstance(step, dict):
        settings = step
    elif isinstance(step, BaseTransform) or hasattr(step, 'transforms'):
        settings = {'type': type(step), **vars(step)}
    else:
        return False
    # albumentations calls the probability p.
    if any(_never(settings[key]) for key in ('prob', 'p') if key in settings):
        return False
    kind = settings.get('type') or ''
    name = kind if isinstance(kind, str) else getattr(kind, '__name__', '')
    if 'flip' in name.lower():
        return not _never(settings.get('flip', True))
    return any(map(may_flip, settings.values()))


def _never(chance) -> bool:
    if isinstance(chance, (list, tuple)):
        return all(map(_never, chance))
    return chance == 0


def unsettled_flips(
    names: Sequence[str],
    partners: Sequence[str],
    points: np.ndarray,
    flip_pairs: Sequence[tuple[str, str]],
    one_sided: bool,
) -> tuple[list[str], list[tuple[str, str]]]:
    """Landmarks without a known partner, by their names and places.

    ``flip_pairs`` and ``one_sided`` are the dataset's; the rest is as for
    :func:`off_midline`. Returns the landmarks, and the pairs that it finds.

    Raises:
        InputError: If ``one_sided`` and two landmarks are partners.
    """
    if not one_sided:
        stated = {name for pair in flip_pairs for name in pair}
        likely = off_midline(points, names, partners, stated)
        found = {name for pair in likely for name in pair}
        found |= {*unsettled_names(names, partners, stated)}
        return [name for name in names if name in found], likely
    for name, partner in zip(names, partners):
        if name != partner:
            raise InputError(
                where='dataset.one_sided',
                found=f'one_sided=True, but {name} and {partner} are partners',
                expected='landmarks of one side and the midline only',
                cure='Leave one_sided out. State single landmarks in '
                "dataset.flip_pairs, such as [('scar_L', 'scar_L')].",
            )
    return [], []


def refuse_flips(
    unsettled: Sequence[str],
    where: str,
    how: str,
    likely_pairs: Sequence[tuple[str, str]],
) -> None:
    """Refuse to mirror images while :func:`unsettled_flips` finds some.

    ``where`` is the annotation file, ``how`` the key of the config that
    mirrors images.
    """
    if not unsettled:
        return
    likely = f'{likely_text(likely_pairs)} ' if likely_pairs else ''
    raise InputError(
        where=where,
        found=f'{how} mirrors images, but names do not say which landmark '
        f'takes the place of {len(unsettled)} landmarks '
        f'({some_of(unsettled, 5)})',
        expected='a partner for each landmark that is not on the midline',
        cure=f"{likely}Give dataset.flip_pairs=[('a', 'b'), ...], with "
        "('a', 'a') for a landmark that keeps its name. If no landmark has a "
        'partner, state dataset.one_sided=True: right if images show the '
        f'labelled side alone. Or switch {how} off.',
    )


def likely_text(likely_pairs: Sequence[tuple[str, str]]) -> str:
    """Name the pairs of :func:`off_midline`, ready to be pasted."""
    return (
        'By where they lie, these do not belong to the midline; check the '
        f'pairs, then state dataset.flip_pairs={[*map(list, likely_pairs)]}.'
    )


def off_midline(
    points: np.ndarray,
    names: Sequence[str],
    partners: Sequence[str],
    stated: Collection[str] = (),
) -> list[tuple[str, str]]:
    """Landmarks that keep their names in mirrored images, but should not.

    ``points`` are (N, K, 2) in pixels, NaN where missing, of which the first
    2000 faces are used; ``partners`` has the partner of each landmark, or
    itself; a config states the partners of ``stated``.

    Returns two landmarks that mirror each other, or twice one that lies on
    one side and has no mirror image. Empty with fewer than 3 faces, without a
    known pair, or if the known pairs do not lie across the faces.
    """
    place = {name: k for k, name in enumerate(names)}
    own = [place[partner] for partner in partners]
    pairs = np.array([(k, p) for k, p in enumerate(own) if p > k], dtype=int)
    single = [
        k for k, p in enumerate(own) if p == k and names[k] not in stated
    ]
    if not len(pairs) or not single:
        return []
    faces = points[:MOST_FACES] @ (1, 1j)
    frames = _frames(faces, pairs)
    if frames is None or len(frames) < _FEWEST:
        return []
    # Real: from the midline; imaginary: along it.
    own = frames[:, single]
    two = _mirrored(own, [names[k] for k in single])
    found = [(single[a], single[b]) for a, b in two]
    taken = {k for pair in two for k in pair}
    limit = _ONE + _CHANCE_ONE / np.sqrt(len(faces))
    for k, landmark in enumerate(single):
        across = own[:, k].real
        across = across[np.isfinite(across)]
        if k in taken or not len(across):
            continue
        if abs(np.median(across)) > limit and _one_sided(across):
            found.append((landmark, landmark))
    return [(names[a], names[b]) for a, b in sorted(found)]


def _frames(faces: np.ndarray, pairs: np.ndarray) -> np.ndarray | None:
    """Faces (N, K), complex, with the midline as imaginary axis."""
    across = faces[:, pairs[:, 1]] - faces[:, pairs[:, 0]]
    # Twice the angle is equal for a pair and its exchange.
    doubled = np.nansum(across**2, axis=1)
    lengths = np.nansum(np.abs(across) ** 2, axis=1)
    usable = np.abs(doubled) > 0
    if not usable.any() or (
        np.median(np.abs(doubled[usable]) / lengths[usable]) < _PARALLEL
    ):
        return None
    axis = np.sqrt(doubled[usable] / np.abs(doubled[usable]))
    axis[axis.real < 0] *= -1
    turned = faces[usable] * axis.conj()[:, None]
    middles = turned[:, pairs].mean(axis=2).real
    turned = turned - np.nanmedian(middles, axis=1, keepdims=True)
    centred = turned - np.nanmean(turned, axis=1, keepdims=True)
    size = np.sqrt(np.nanmean(np.abs(centred) ** 2, axis=1, keepdims=True))
    return turned.real / size + 1j * centred.imag / size


def _one_sided(across: np.ndarray) -> bool:
    """Whether distances from the midline (N,) are clearly of one side."""
    middle = np.median(across)
    spread = 1.4826 * np.median(np.abs(across - middle))
    return bool(abs(middle) > _CLEAR * spread)


def _mirrored(own: np.ndarray, names: Sequence[str]) -> list[tuple[int, int]]:
    """Indices of pairs that mirror each other; similar names first."""
    middle = np.full(len(names), complex(np.nan))
    for k, column in enumerate(own.T):
        seen = column[np.isfinite(column)]
        if len(seen):
            middle[k] = np.median(seen.real) + 1j * np.median(seen.imag)
    left = np.flatnonzero(middle.real < 0)
    right = np.flatnonzero(middle.real > 0)
    cost = np.full((len(left), len(right)), np.inf)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            distance = abs(middle[b] + middle[a].conj())
            half = (own[:, b] - own[:, a]).real / 2
            half = half[np.isfinite(half)]
            if not len(half) or distance >= _NEAR * 2 * abs(np.median(half)):
                continue
            limit = _TWO + _CHANCE_TWO / np.sqrt(len(half))
            if np.median(half) > limit and _one_sided(half):
                alike = SequenceMatcher(None, names[a], names[b]).ratio()
                cost[i, j] = (1 - alike) + distance
    # Larger than all possible costs together.
    whole = np.where(np.isfinite(cost), cost, 1e6)
    return [
        (int(min(left[i], right[j])), int(max(left[i], right[j])))
        for i, j in zip(*linear_sum_assignment(whole))
        if np.isfinite(cost[i, j])
    ]
