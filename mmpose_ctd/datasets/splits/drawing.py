"""Draws units (subjects or images) at random, evenly over groups of them.

A unit is a pair: its name, and the group (the site) it counts for.
"""

from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np

Unit = TypeVar('Unit', bound=tuple[str, Hashable])


def _shuffled_groups(
    units: Sequence[Unit], rng: np.random.Generator
) -> dict[Hashable, list[Unit]]:
    groups: dict[Hashable, list] = {}
    for position in rng.permutation(len(units)):
        unit = units[position]
        groups.setdefault(unit[1], []).append(unit)
    return groups


def interleave(units: Sequence[Unit], rng: np.random.Generator) -> list[Unit]:
    """Shuffle so that any first n have the groups' shares.

    Member r of a group of m comes at (r + 1/2) / m, which is Sainte-Lague's
    rule.

    Args:
        units (Sequence[tuple[str, Hashable]]): Names and their groups.
        rng (np.random.Generator): Source of the order.
    """
    ranked = [
        ((rank + 0.5) / len(members), group, member)
        for group, members in _shuffled_groups(units, rng).items()
        for rank, member in enumerate(members)
    ]
    return [member for _, _, member in sorted(ranked)]


def proportional(
    units: Sequence[Unit], number: int, rng: np.random.Generator
) -> list[Unit]:
    """Draw some units, of each group in proportion to its size.

    A group's number is its share rounded down or up, the largest remainders
    up, ties at random.

    Args:
        units (Sequence[tuple[str, Hashable]]): Names and their groups.
        number (int): How many to draw, at most ``len(units)``.
        rng (np.random.Generator): Source of the draw.
    """
    groups = _shuffled_groups(units, rng)
    # Whole numbers: a share of exactly 2 must not become 1.9999.
    counts, remainders = {}, []
    for group, members in groups.items():
        counts[group], rest = divmod(number * len(members), len(units))
        remainders.append((-rest, rng.random(), group))
    short = number - sum(counts.values())
    for _, _, group in sorted(remainders, key=lambda r: r[:2])[:short]:
        counts[group] += 1
    return [
        unit
        for group, members in groups.items()
        for unit in members[: counts[group]]
    ]


def deal(
    units: Sequence[Unit], number: int, rng: np.random.Generator
) -> list[list[Unit]]:
    """Deal all units out into parts, like cards.

    Parts differ by at most 1 in size, in all and in each group: every group
    continues where the one before it stopped.

    Args:
        units (Sequence[tuple[str, Hashable]]): Names and their groups.
        number (int): How many parts.
        rng (np.random.Generator): Source of the order.
    """
    parts: list[list[Unit]] = [[] for _ in range(number)]
    position = 0
    for members in _shuffled_groups(units, rng).values():
        for member in members:
            parts[position % number].append(member)
            position += 1
    return parts
