"""Sides, partners and colours of landmarks by their names."""

from collections.abc import Sequence

from mmpose_ctd.errors import InputError
from mmpose_ctd.evaluation.functional.measurements import (
    Measurement,
    parse_measurements,
)
from mmpose_ctd.landmark_sides import colour_of, side_partners


def numbered(names: Sequence[str]) -> list[str]:
    """Make names unique: hairline, hairline_2, hairline_3."""
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
    """The landmark that takes the place of each one in a mirrored face.

    A landmark without partner is its own. ``pairs`` are those that the names
    do not show; a name twice is its own partner.

    Raises:
        InputError: If a pair is not a pair, or names a landmark that is
            unknown or has another partner.
    """
    given = _checked_pairs(names, pairs)
    partners = []
    for name, by_name in zip(names, side_partners(names)):
        partner = given.get(name) or by_name
        # The partner by name may have been given to another landmark.
        taken = given.get(partner, name) != name
        partners.append(name if taken else partner)
    return partners


def _checked_pairs(names: Sequence[str], pairs: Sequence) -> dict[str, str]:
    """Both directions of the pairs of a config."""
    given: dict[str, str] = {}

    def wrong(found: str, expected: str) -> InputError:
        return InputError(
            where='dataset.flip_pairs', found=found, expected=expected
        )

    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2:
            raise wrong(
                repr(pair),
                "pairs of names such as ['cheilion_R', 'cheilion_L']",
            )
        for name, partner in (pair, pair[::-1]):
            if name not in names:
                raise wrong(
                    f'{name!r}, which is not a landmark of the file',
                    f'one of {", ".join(names[:8])} ...',
                )
            if given.setdefault(name, partner) != partner:
                raise wrong(
                    f'{name!r} has two partners, {given[name]!r} and '
                    f'{partner!r}',
                    'one',
                )
    return given


def landmark_metainfo(
    names: Sequence[str],
    skeleton: Sequence = (),
    flip_pairs: Sequence[tuple[str, str]] = (),
    measurements: Sequence[Measurement] | None = None,
) -> dict:
    """MMPose's raw metainfo of a set of landmarks, which weigh 1 each.

    For ``parse_pose_metainfo``, which drops ``measurements``
    (``CIFASDDataset`` keeps them).

    ``skeleton`` has pairs of landmark numbers, from 1; ``flip_pairs`` are
    those of :func:`flip_partners`; ``measurements`` may be objects of an
    annotation file, and are the standard measures if None.

    Raises:
        InputError: If a flip pair or a measure names an unknown landmark.
    """
    partners = flip_partners(names, flip_pairs)
    keypoints = {
        i: dict(
            name=name,
            id=i,
            color=list(colour_of(name)),
            type='',
            swap=partner if partner != name else '',
        )
        for i, (name, partner) in enumerate(zip(names, partners))
    }
    links = {
        i: dict(link=(names[a - 1], names[b - 1]), id=i, color=[160, 160, 160])
        for i, (a, b) in enumerate(skeleton)
    }
    metainfo = dict(
        dataset_name='cifasd',
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
