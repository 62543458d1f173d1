"""What the landmarks' names tell: sides, and who swaps in a mirrored face."""

import logging
import re
from collections.abc import Sequence

from mmengine.logging import print_log

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional.measurements import (
    Measurement,
    parse_measurements,
)

__all__ = [
    'flip_partner',
    'flip_partners',
    'is_sided',
    'landmark_metainfo',
    'numbered',
    'warn_of_flips',
]

# BGR, as MMPose's metainfo wants them: the subject's right, left, midline.
_COLORS = dict(_R=(0, 119, 238), _L=(238, 136, 0), mid=(60, 180, 60))
_OTHER_SIDE = {
    '_R': '_L',
    '_L': '_R',
    'left': 'right',
    'right': 'left',
    'Left': 'Right',
    'Right': 'Left',
}
_SIDE = re.compile(
    r'_[RL](?=$|_\d+$)|(?<![A-Za-z])(?:[Ll]eft|[Rr]ight)(?![a-z])'
)
# What `numbered` appends.
_REPEATED = re.compile(r'_\d+$')


def numbered(names: Sequence[str]) -> list[str]:
    """Tell landmarks of one name apart: hairline, hairline_2, hairline_3.

    Args:
        names (Sequence[str]): The K landmarks, as a file names them.

    Returns:
        list[str]: K different names.
    """
    taken, seen, found = set(names), set(), []
    for name in names:
        unique, number = name, 2
        while unique in seen or (unique != name and unique in taken):
            unique, number = f'{name}_{number}', number + 1
        seen.add(unique)
        found.append(unique)
    return found


def flip_partners(
    names: Sequence[str], pairs: Sequence[tuple[str, str]] = ()
) -> list[str]:
    """The landmark that takes each one's place in a mirrored face.

    Warns where names leave it open, and these pairs do not tell either.

    Args:
        names (Sequence[str]): The K landmarks.
        pairs (Sequence[tuple[str, str]]): Pairs that the names do not tell.
            A name twice in a pair stays itself. Defaults to none.

    Returns:
        list[str]: K names. Who is whose partner is mutual.

    Raises:
        InputError: If a pair is no pair, names an unknown landmark, or one
            that has another partner already.
    """
    given = _checked_pairs(names, pairs)
    partners = []
    for name in names:
        partner = given.get(name) or flip_partner(name, names)
        # The one that its name tells may have been given to another.
        taken = given.get(partner, name) != name
        partners.append(name if taken else partner)
    sided = [n for n in names if _SIDE.search(n)]
    alone = [n for n, p in zip(names, partners) if n == p and n in set(sided)]
    # A set of one side of the face has no pairs at all.
    if len(alone) < len(sided):
        _warn(
            [n for n in alone if n not in given],
            'are named for a side but have no partner on the other: a '
            'flipped image keeps their place. Give dataset.flip_pairs if '
            'that is wrong.',
        )
    again = [n for n in names if _REPEATED.sub('', n) in {*names} - {n}]
    _warn(
        [n for n in again if n not in given],
        'repeat a name and are told apart by number, which says nothing '
        'about sides: give dataset.flip_pairs.',
    )
    return partners


def warn_of_flips(names: Sequence[str], partners: Sequence[str]) -> None:
    """Say what flipping does to a set of one side of the face.

    Its landmarks keep their names when an image is flipped. Where the image
    shows the other side, too, two places then go by one name.
    """
    sided = [n for n in names if _SIDE.search(n)]
    if sided and all(p == n for n, p in zip(names, partners) if n in sided):
        _warn(
            sided,
            'are of one side and keep their names in a flipped image. That '
            'is right if the images show that side alone; if they show whole '
            'faces, it teaches the model to find them on both: set prob=0.0 '
            'of RandomFlip in the train pipeline, or label both sides.',
        )


def _warn(names: list[str], what: str) -> None:
    if names:
        some = ', '.join(names[:3]) + (' ...' if len(names) > 3 else '')
        print_log(
            f'{len(names)} landmarks ({some}) {what}',
            'current',
            logging.WARNING,
        )


def _checked_pairs(names: Sequence[str], pairs: Sequence) -> dict[str, str]:
    """Both directions of the pairs that a config gives."""
    given: dict[str, str] = {}
    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2:
            raise InputError(
                f'dataset.flip_pairs has {pair!r}; expected pairs of names '
                "such as ['cheilion_R', 'cheilion_L']."
            )
        for name, partner in (pair, pair[::-1]):
            if name not in names:
                raise InputError(
                    f'dataset.flip_pairs names {name!r}, which is no '
                    f'landmark of the file; they are '
                    f'{", ".join(names[:8])} ...'
                )
            if given.setdefault(name, partner) != partner:
                raise InputError(
                    f'dataset.flip_pairs gives {name!r} two partners, '
                    f'{given[name]!r} and {partner!r}; leave one.'
                )
    return given


def is_sided(name: str) -> bool:
    """Whether a landmark's name tells its side."""
    return _SIDE.search(name) is not None


def flip_partner(name: str, names: Sequence[str]) -> str:
    """The landmark that takes this one's place, as far as its name tells.

    ``_R`` and ``_L`` at a name's end are the subject's right and left; the
    words left and right in a name do as well. A name without partner in the
    set (midline, or a one-sided set) is its own.
    """
    partner = _SIDE.sub(lambda side: _OTHER_SIDE[side.group()], name)
    return partner if partner in names else name


def landmark_color(name: str) -> tuple[int, int, int]:
    """BGR: orange for the subject's right, blue for left, green midline."""
    side = _SIDE.search(name)
    if side is None:
        return _COLORS['mid']
    right = side.group()[:2] == '_R' or side.group().lower() == 'right'
    return _COLORS['_R' if right else '_L']


def landmark_metainfo(
    names: Sequence[str],
    skeleton: Sequence = (),
    flip_pairs: Sequence[tuple[str, str]] = (),
    dataset_name: str = 'cifasd',
    measurements: Sequence[Measurement] | None = None,
) -> dict:
    """MMPose's raw metainfo of a set of landmarks.

    Args:
        names (Sequence[str]): The K landmarks.
        skeleton (Sequence): Pairs of 1-based landmark numbers. Defaults to
            none.
        flip_pairs (Sequence[tuple[str, str]]): See :func:`flip_partners`.
        dataset_name (str): Defaults to ``'cifasd'``.
        measurements (Sequence[Measurement], optional): What is measured in
            these landmarks; objects as in an annotation file will do, too.
            ``None`` leaves it to the standard measures.

    Returns:
        dict: For ``parse_pose_metainfo``, which drops ``measurements``;
        ``CIFASDDataset`` keeps it. Every landmark weighs 1.

    Raises:
        InputError: If a flip pair or a measure names an unknown landmark.
    """
    keypoints = {}
    partners = flip_partners(names, flip_pairs)
    for i, (name, partner) in enumerate(zip(names, partners)):
        keypoints[i] = dict(
            name=name,
            id=i,
            color=list(landmark_color(name)),
            type='',
            swap=partner if partner != name else '',
        )
    links = {
        i: dict(link=(names[a - 1], names[b - 1]), id=i, color=[160, 160, 160])
        for i, (a, b) in enumerate(skeleton)
    }
    metainfo = dict(
        dataset_name=dataset_name,
        keypoint_info=keypoints,
        skeleton_info=links,
        joint_weights=[1.0] * len(names),
        # Only COCO's OKS reads these; 0.025 is its value for eyes and nose.
        sigmas=[0.025] * len(names),
    )
    if measurements is not None:
        checked = parse_measurements(measurements, names)
        metainfo['measurements'] = [one.to_dict() for one in checked]
    return metainfo
