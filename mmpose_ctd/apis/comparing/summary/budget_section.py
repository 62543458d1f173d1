"""Systems beside each other, a table and a CED figure a budget."""

import numpy as np

from mmpose_ctd.apis.reporting.tables import Table, interval, number
from mmpose_ctd.visualization import plot_ced

from .cell import Cell, spread
from .grouping import Arm
from .pairing import Pair, corrected
from .parts import (
    Fold,
    Plot,
    Section,
    difference_cell,
    me_cell,
    p_text,
    slug,
)

__all__ = ['budget_section', 'error_table', 'pairs_to', 'test_table']


def budget_section(arm: Arm, baseline: str, threshold: float) -> Section:
    """All budgets of an arm: errors, CED, and other tests of the same.

    Args:
        arm (Arm): Its plain cells are compared; variants have a section of
            their own.
        baseline (str): The system that the others are compared with.
        threshold (float): tau of AUC and FR in pixels.
    """
    section = Section(
        slug('errors', arm.study, arm.held_out, arm.of_sets[0]),
        f'Errors: {arm.title}',
    )
    for budget in arm.budgets:
        cells = arm.plain(budget)
        if not cells:
            continue
        base = arm.get(baseline, budget)
        pairs = pairs_to(cells, base)
        labels = f'{budget} labelled image' + ('s' if budget != 1 else '')
        caption = f'{labels}: errors in pixels, {arm.faces()}'
        section.add(error_table(caption, cells, pairs, base, threshold))
        section.add(*_notes(cells, base, baseline))
        if any(pairs):
            section.add(
                Fold(
                    f'{labels}: the same differences, tested otherwise',
                    [test_table(labels, cells, pairs, base)],
                )
            )
        section.add(_ced(arm, budget, cells, threshold))
    return section


def pairs_to(cells: list[Cell], base: Cell | None) -> list[Pair | None]:
    """Each cell against the base, None where that cannot be."""
    return [Pair.of(cell, base) for cell in cells]


def error_table(
    caption: str,
    cells: list[Cell],
    pairs: list[Pair | None],
    base: Cell | None,
    threshold: float,
) -> Table:
    """ME, AUC, FR and the difference to the baseline, a row a system."""
    limits = sorted({2.0, 3.0, float(threshold)})
    against = f'ME less {base.name}' if base else 'difference'
    table = Table(
        caption,
        [
            'system',
            'ME ± SD\n[faces]',
            f'AUC at {threshold:g}',
            *(f'FR at {t:g} (%)' for t in limits),
            f'{against}\n[faces]',
            '[faces and seeds]',
            'p (Holm)',
            'd_z',
            'seeds',
            'training (s)',
        ],
    )
    for cell, pair, p in zip(cells, pairs, corrected(pairs)):
        table.rows.append(
            [
                cell.name,
                me_cell(
                    cell.mean_error, spread(cell.mean_errors), cell.interval
                ),
                _over_seeds(cell.areas(threshold), 3),
                *(_over_seeds(100 * cell.failure_rates(t), 1) for t in limits),
                *_compared(pair, p),
                _seeds(cell, pair),
                _over_seeds(cell.seconds, 0),
            ]
        )
    return table


def test_table(
    labels: str, cells: list[Cell], pairs: list[Pair | None], base: Cell
) -> Table:
    """What other tests say of the same differences."""
    table = Table(
        f'{labels}: differences to {base.name}; p-values of other tests, '
        'Holm-corrected in the same way',
        [
            'system',
            'sign flips, not corrected',
            'sign flips',
            'paired t',
            'Wilcoxon',
            'faces and seeds',
            'faces and seeds, 95 % (t)',
            'better with',
            'difference with each seed',
        ],
    )
    columns = [
        corrected(pairs, name)
        for name in ('p_value', 'p_t', 'p_wilcoxon', 'p_random')
    ]
    for cell, pair, *p in zip(cells, pairs, *columns):
        if pair is None:
            continue
        found = pair.random_seeds
        table.rows.append(
            [
                cell.name,
                p_text(pair.p_value),
                *map(p_text, p),
                interval(found.low, found.high, 3, sign=True) or '–',
                f'{(pair.by_seed < 0).sum()} of {len(pair.seeds)} seeds',
                ', '.join(
                    f'{seed}: {number(change, 3, sign=True)}'
                    for seed, change in zip(pair.seeds, pair.by_seed)
                ),
            ]
        )
    return table


def _compared(pair: Pair | None, p: float) -> list[str]:
    if pair is None:
        return [''] * 4
    return [
        difference_cell(pair.difference, pair.interval, pair.relative),
        interval(*pair.crossed, 3, sign=True) or '–',
        p_text(p),
        number(pair.effect_size, 2, sign=True),
    ]


def _seeds(cell: Cell, pair: Pair | None) -> str:
    told = str(len(cell.seeds))
    if pair and set(pair.seeds) != set(cell.seeds) | set(pair.base.seeds):
        told += f'\n{len(pair.seeds)} shared'
    return told


def _over_seeds(values: np.ndarray, digits: int) -> str:
    told = number(float(values.mean()), digits)
    sd = spread(values)
    return f'{told} ± {number(sd, digits)}' if sd == sd else told


def _notes(cells: list[Cell], base: Cell | None, baseline: str) -> list[str]:
    """What is missing in this table."""
    told = []
    others = [cell.name for cell in cells if cell is not base]
    if base is None:
        told.append(
            f'No run of {baseline} at this budget: no difference can be told.'
        )
    elif others:
        apart = [c.name for c in cells if not set(c.seeds) & set(base.seeds)]
        if apart:
            told.append(
                f'{", ".join(apart)}: no seed in common with {base.name}, so '
                'that no difference can be told.'
            )
    once = [cell.name for cell in cells if len(cell.seeds) == 1]
    if once:
        told.append(
            f'One seed only: {", ".join(once)}. How much another training '
            'would differ is not known.'
        )
    if cells[0].num_subjects == 1:
        told.append(
            'One test subject only: there is neither an interval nor a test.'
        )
    steps = {run.steps for c in cells for run in c.runs if run.steps}
    if len(steps) > 1:
        by_steps = {
            n: [c.name for c in cells if any(r.steps == n for r in c.runs)]
            for n in sorted(steps)
        }
        told.append(
            'Unequal training lengths: '
            + '; '.join(
                f'{n} steps {", ".join(s)}' for n, s in by_steps.items()
            )
            + '.'
        )
    return told


def _ced(arm: Arm, budget: int, cells: list[Cell], threshold: float) -> Plot:
    errors = {cell.name: cell.image_errors.ravel() for cell in cells}
    medians = '; '.join(
        f'{name}: half of the errors are at most {np.nanmedian(e):.2f} px'
        for name, e in errors.items()
    )
    return Plot(
        slug('ced', arm.study, arm.held_out, arm.of_sets[0], f'n{budget:03d}'),
        plot_ced(errors, threshold, unit='px'),
        f'{arm.title}, {budget} labelled images: share of test images whose '
        'error is at most t, all seeds together.',
        f'Cumulative error distribution up to {threshold:g} px. {medians}.',
        sum(map(np.size, errors.values())),
    )
