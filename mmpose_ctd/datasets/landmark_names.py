"""What the names of landmarks say: sides, partners, colours."""

from collections.abc import Sequence

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional.measurements import (
    Measurement,
    parse_measurements,
)
from mmpose_ctd.landmark_sides import side_of, side_partners

__all__ = [
    'flip_partners',
    'landmark_metainfo',
    'numbered',
]

# BGR, as MMPose's metainfo wants them: the subject's right, left, midline.
_COLORS = {'R': (0, 119, 238), 'L': (238, 136, 0), None: (60, 180, 60)}


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
    for name, by_name in zip(names, side_partners(names)):
        partner = given.get(name) or by_name
        # The one that its name tells may have been given to another.
        taken = given.get(partner, name) != name
        partners.append(name if taken else partner)
    return partners


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


def landmark_color(name: str) -> tuple[int, int, int]:
    """BGR: orange for the subject's right, blue for left, green midline."""
    return _COLORS[side_of(name)]


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
