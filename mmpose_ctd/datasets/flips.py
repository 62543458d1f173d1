"""Refuses mirrored images while partners of landmarks are unknown."""

from collections.abc import Sequence

from mmcv.transforms import BaseTransform

from mmpose_ctd.errors import InputError
from mmpose_ctd.landmark_sides import unsettled_names


def may_flip(step) -> bool:
    """Whether a pipeline may mirror an image.

    A transform mirrors if ``Flip`` is in its name and its probability is not
    0.

    Args:
        step: A pipeline, a transform, or the config of one; transforms inside
            are included.
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
    flip_pairs: Sequence[tuple[str, str]] = (),
    one_sided: bool = False,
) -> list[str]:
    """Landmarks without a known partner.

    Args:
        names (Sequence[str]): The K landmarks.
        partners (Sequence[str]): The partner of each, or itself.
        flip_pairs (Sequence[tuple[str, str]]): Of the dataset's config.
        one_sided (bool): Of the dataset's config.

    Raises:
        InputError: If ``one_sided`` and two landmarks are partners.
    """
    if not one_sided:
        stated = {name for pair in flip_pairs for name in pair}
        return unsettled_names(names, partners, stated)
    for name, partner in zip(names, partners):
        if name != partner:
            raise InputError(
                where='dataset.one_sided',
                found=f'one_sided=True, but {name} and {partner} are partners',
                expected='landmarks of one side and the midline only',
                cure='Leave one_sided out. State single landmarks in '
                "dataset.flip_pairs, such as [('scar_L', 'scar_L')].",
            )
    return []


def refuse_flips(
    unsettled: Sequence[str],
    where: str,
    how: str,
    likely_pairs: Sequence[tuple[str, str]] = (),
) -> None:
    """Refuse to mirror images while a partner is unknown.

    Args:
        unsettled (Sequence[str]): From :func:`unsettled_flips` and
            :func:`.off_midline`.
        where (str): The annotation file.
        how (str): The key of the config that mirrors images.
        likely_pairs (Sequence[tuple[str, str]]): From :func:`.off_midline`.

    Raises:
        InputError: If ``unsettled`` is not empty.
    """
    if not unsettled:
        return
    some = ', '.join(unsettled[:5]) + (' ...' if len(unsettled) > 5 else '')
    cure = (
        "Give dataset.flip_pairs=[('a', 'b'), ...], with ('a', 'a') for "
        'a landmark that keeps its name. If no landmark has a partner, state '
        'dataset.one_sided=True: right if images show the labelled side '
        f'alone. Or switch {how} off.'
    )
    if likely_pairs:
        cure = f'{likely_text(likely_pairs)} {cure}'
    raise InputError(
        where=where,
        found=f'{how} mirrors images, but names do not say which landmark '
        f'takes the place of {len(unsettled)} landmarks ({some})',
        expected='a partner for each landmark that is not on the midline',
        cure=cure,
    )


def likely_text(likely_pairs: Sequence[tuple[str, str]]) -> str:
    """Name the pairs of :func:`.off_midline`, ready to be pasted."""
    return (
        'By where they lie, these do not belong to the midline; check the '
        f'pairs, then state dataset.flip_pairs={[*map(list, likely_pairs)]}.'
    )
