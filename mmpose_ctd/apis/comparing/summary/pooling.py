"""The held-out sites of a study as one test set."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .cell import Cell
from .grouping import Arm
from .pairing import shared_seeds

__all__ = ['pooled']


def pooled(arms: Sequence[Arm]) -> tuple[Arm, int] | None:
    """All test images of several sites, each by the networks that did not
    train on its site.

    Args:
        arms (Sequence[Arm]): One a held-out site, with people of its own.

    Returns:
        tuple[Arm, int] | None: An arm of the systems that were tested on all
        sites, with the seeds that they have at all of them, and its budget.
        None for a single site, or where a site has several budgets or test
        sets, or other landmarks.
    """
    budgets = [[n for n in arm.budgets if arm.plain(n)] for arm in arms]
    if (
        len(arms) < 2
        or any(len(found) != 1 for found in budgets)
        or any(arm.of_sets[1] > 1 for arm in arms)
        or len({arm.landmarks for arm in arms}) > 1
    ):
        return None
    budget = min(n for (n,) in budgets)
    together = Arm(
        arms[0].study, 'all sites', '+'.join(a.test_set for a in arms)
    )
    for system in arms[0].systems:
        cells = [arm.get(system, n) for arm, (n,) in zip(arms, budgets)]
        seeds = shared_seeds(*cells) if all(cells) else []
        if seeds:
            runs = tuple(_joined(cells, seed) for seed in seeds)
            # A site's networks share nothing with those of another, least of
            # all because their seeds have the same number.
            blocks = np.repeat(
                [arm.held_out for arm in arms],
                [len(cell.subjects) for cell in cells],
            )
            together.cells[system, '', budget] = Cell(
                system, '', budget, runs, blocks
            )
    return (together, budget) if together.cells else None


def _joined(cells: Sequence[Cell], seed: int):
    """One record of the runs that have this seed, one a site."""
    runs = [cell.runs[cell.of([seed])[0]] for cell in cells]
    subjects, taken = [], 0
    for run in runs:
        _, numbers = np.unique(run.subjects, return_inverse=True)
        subjects.append(numbers + taken)
        taken += int(numbers.max()) + 1
    return replace(
        runs[0],
        subjects=np.concatenate(subjects),
        sites=tuple(site for run in runs for site in run.sites),
        errors=np.concatenate([run.errors for run in runs]),
        seconds=sum(run.seconds for run in runs),
    )
