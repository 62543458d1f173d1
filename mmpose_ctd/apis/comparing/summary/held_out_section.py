"""Trained at other sites than tested: one table a held-out site."""

from collections.abc import Sequence

from .budget_section import budget_parts, labels, overview
from .difference_table import difference_table
from .grouping import Arm
from .pairing import Pair
from .parts import Section, slug
from .pooling import pooled

__all__ = ['held_out_section']


def held_out_section(
    arms: Sequence[Arm], baseline: str, threshold: float
) -> Section:
    """All held-out sites of a study, without variants.

    Args:
        arms (Sequence[Arm]): One a site, of the same study.
        baseline (str): The system that the others are compared with.
        threshold (float): tau of AUC and FR in pixels.
    """
    study = arms[0].study
    section = Section(
        slug('held_out', study), f'Held-out sites: {study}'.rstrip(': ')
    )
    columns = [
        (f'{_site(arm)}\n{labels(n)}', arm, n)
        for arm in arms
        for n in arm.budgets
        if arm.plain(n)
    ]
    together = pooled(arms)
    everything = [('together', *together)] if together else []
    section.add(
        *overview(
            'Trained at the other sites, tested on the held-out one',
            [*columns, *everything],
            baseline,
        )
    )
    if together:
        arm, budget = together
        base = arm.get(baseline, budget)
        pairs = [Pair.of(cell, base) for cell in arm.plain(budget)]
        if any(pairs):
            section.add(
                difference_table('All sites together', pairs, base.name),
                f'All sites together: {arm.faces()}, each by the networks '
                'that were not trained on its site; every image counts '
                'alike.',
            )
    for _, arm, budget in columns:
        section.add(*budget_parts(arm, budget, baseline, threshold))
    return section


def _site(arm: Arm) -> str:
    number, count = arm.of_sets
    return arm.held_out + (f' (test set {number})' if count > 1 else '')
