"""Finds who is on two sides of a split."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from ..split_selection import people_of

__all__ = ['shared_subjects']


def shared_subjects(
    partition: Mapping[str, Sequence[str]], images: Mapping
) -> dict[tuple[str, str], set[str]]:
    """Compare all pairs of the sides of one split.

    Args:
        partition (Mapping[str, Sequence[str]]): Name of a side -> its lines.
        images (Mapping): Image id -> image record.

    Returns:
        dict: Two sides' names -> who is on both; without pairs that share
        nobody. An image without subject stands for itself.
    """
    people = {side: people_of(p, images) for side, p in partition.items()}
    return {
        (a, b): both
        for a, b in combinations(people, 2)
        if (both := people[a] & people[b])
    }
