"""Systems beside each other: an overview, and tables of every budget."""

from collections.abc import Sequence

import numpy as np

from mmpose_ctd.apis.reporting.tables import Table, number
from mmpose_ctd.visualization import plot_ced

from .cell import Cell, spread
from .difference_table import difference_table, is_clear, other_tests
from .grouping import Arm
from .pairing import Pair, corrected
from .parts import Fold, Plot, Section, me_cell, slug

__all__ = ['budget_parts', 'budget_section', 'labels', 'overview']


def budget_section(arm: Arm, baseline: str, threshold: float) -> Section:
    """All budgets of an arm, without its variants.

    Args:
        arm (Arm): Tested on the common test set.
        baseline (str): The system that the others are compared with.
        threshold (float): tau of AUC and FR in pixels.
    """
    section = Section(slug('errors', *arm.key), f'Errors: {arm.title}')
    for budget in arm.budgets:
        section.add(*budget_parts(arm, budget, baseline, threshold))
    return section


def budget_parts(
    arm: Arm, budget: int, baseline: str, threshold: float
) -> list:
    """Errors, differences to the baseline and CED of one budget."""
    cells = arm.plain(budget)
    if not cells:
        return []
    base = arm.get(baseline, budget)
    title = labels(budget)
    if arm.held_out:
        title = f'{arm.held_out} held out, {title}'
    parts = [_errors(f'{title}: errors, {arm.faces()}', cells, threshold)]
    pairs = [Pair.of(cell, base) for cell in cells]
    if any(pairs):
        parts += [
            difference_table(title, pairs, base.name),
            Fold(
                f'{title}: the same differences by other tests and by seed',
                [other_tests(title, pairs, base.name)],
            ),
        ]
    parts += _notes(cells, base, baseline)
    parts.append(_ced(arm, budget, cells, threshold))
    return parts


def overview(
    caption: str, columns: Sequence[tuple[str, Arm, int]], baseline: str
) -> list:
    """ME of all systems, and what they gain, in one table.

    Args:
        caption (str): Of the table.
        columns (Sequence): Heading, arm and budget of each column.
        baseline (str): The system that the others are compared with.
    """
    found: dict = {}
    for i, (_, arm, budget) in enumerate(columns):
        cells = arm.plain(budget)
        pairs = [Pair.of(c, arm.get(baseline, budget)) for c in cells]
        for cell, pair, p in zip(cells, pairs, corrected(pairs)):
            told = me_cell(cell.mean_error, cell.deviation)
            if pair and np.isfinite(pair.relative):
                change = number(100 * pair.relative, 1, sign=True)
                mark = ' *' if is_clear(pair, p) else ''
                told += f'\n{change} %{mark}'
            found.setdefault(cell.name, {})[i] = told
    table = Table(caption, ['system', *(name for name, *_ in columns)])
    for name, row in found.items():
        cells = [row.get(i, '–') for i in range(len(columns))]
        table.rows.append([name, *cells])
    return [
        table,
        f'ME in pixels, mean ± SD over seeds; below, the difference to '
        f'{baseline} in percent, with the seeds that both have. * marks a '
        'difference with p (Holm) < 0.05 over faces whose 95 % t interval '
        'over faces and seeds excludes 0, too.',
    ]


def labels(budget: int) -> str:
    """A budget in words."""
    return f'{budget} labelled image' + ('s' if budget != 1 else '')


def _errors(caption: str, cells: list[Cell], threshold: float) -> Table:
    limits = sorted({2.0, 3.0, float(threshold)})
    table = Table(
        caption,
        [
            'system',
            'ME ± SD (px)',
            '[faces]',
            f'AUC at {threshold:g}',
            *(f'FR at {t:g} (%)' for t in limits),
            'seeds',
            'training (s)',
        ],
    )
    for cell in cells:
        me, _, ends = me_cell(
            cell.mean_error, cell.deviation, cell.interval
        ).partition('\n')
        table.rows.append(
            [
                cell.name,
                me,
                ends or '–',
                _over_seeds(cell.areas(threshold), 3),
                *(_over_seeds(100 * cell.failure_rates(t), 1) for t in limits),
                str(len(cell.seeds)),
                _over_seeds(cell.seconds, 0),
            ]
        )
    return table


def _over_seeds(values: np.ndarray, digits: int) -> str:
    told = number(float(values.mean()), digits)
    sd = spread(values)
    return f'{told} ± {number(sd, digits)}' if sd == sd else told


def _notes(cells: list[Cell], base: Cell | None, baseline: str) -> list[str]:
    """What is missing in these tables."""
    told = []
    if base is None:
        told.append(f'No run of {baseline} here: no difference can be told.')
    else:
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
    by_seeds: dict = {}
    for cell in cells:
        by_seeds.setdefault(cell.seeds, []).append(cell.name)
    if len(by_seeds) > 1:
        listed = '; '.join(
            f'{", ".join(names)}: {_listed(seeds)}'
            for seeds, names in by_seeds.items()
        )
        told.append(
            f'The systems have different seeds ({listed}). Each difference is '
            'of those that both have; ME, AUC and FR are of all.'
        )
    if cells[0].num_subjects == 1:
        told.append(
            'One test subject only: there is neither an interval nor a test.'
        )
    by_steps: dict = {}
    for cell in cells:
        for steps in sorted({run.steps for run in cell.runs if run.steps}):
            by_steps.setdefault(steps, []).append(cell.name)
    if len(by_steps) > 1:
        listed = '; '.join(
            f'{steps} steps {", ".join(names)}'
            for steps, names in sorted(by_steps.items())
        )
        told.append(f'Unequal training lengths: {listed}.')
    return told


def _listed(seeds: Sequence[int]) -> str:
    """``'0 to 4'``, or all numbers."""
    if len(seeds) > 2 and seeds[-1] - seeds[0] == len(seeds) - 1:
        return f'{seeds[0]} to {seeds[-1]}'
    return ' and '.join(map(str, seeds))


def _ced(arm: Arm, budget: int, cells: list[Cell], threshold: float) -> Plot:
    errors = {cell.name: cell.image_errors.ravel() for cell in cells}
    medians = '; '.join(
        f'{name}: half of the errors are at most {np.nanmedian(e):.2f} px'
        for name, e in errors.items()
    )
    return Plot(
        slug('ced', *arm.key, f'n{budget:03d}'),
        plot_ced(errors, threshold, unit='px'),
        f'{arm.title}, {labels(budget)}: share of test images whose error is '
        'at most t, all seeds together.',
        f'Cumulative error distribution up to {threshold:g} px. {medians}.',
        sum(map(np.size, errors.values())),
    )
