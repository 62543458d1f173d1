"""Error against number of labels, and how many labels a system saves."""

from mmpose_ctd.apis.reporting.tables import Table
from mmpose_ctd.visualization import (
    LearningCurve,
    plot_curve_panels,
    plot_learning_curves,
)

from .budget_section import overview
from .difference_table import pair_cell
from .grouping import Arm
from .label_efficiency import LabelEfficiency
from .pairing import Pair
from .parts import Plot, Section, slug

__all__ = ['learning_section', 'next_budgets']

#: Bands of more systems than these hide each other.
_FEW = 4


def learning_section(arm: Arm, baseline: str) -> Section | None:
    """Overview, learning curves and label efficiency.

    Args:
        arm (Arm): A study; its variants are left aside.
        baseline (str): The system that the others are compared with.

    Returns:
        Section | None: None for a single budget.
    """
    budgets = [n for n in arm.budgets if arm.plain(n)]
    if len(budgets) < 2:
        return None
    section = Section(slug('labels', *arm.key), f'Labels: {arm.title}')
    section.add(
        *overview(
            f'{arm.title}: mean error against number of labelled images, '
            f'{arm.faces()}',
            [(f'n = {n}', arm, n) for n in budgets],
            baseline,
        ),
        *_figures(arm, baseline, budgets),
        *_efficiency(arm, baseline, budgets),
        *_fewer_labels(arm, baseline, budgets),
    )
    return section


def next_budgets(budgets: list[int]) -> dict[int, int]:
    """The double of each budget where that was run, else the next one."""
    following = {}
    for n in budgets:
        larger = [m for m in budgets if m > n]
        if n > 0 and 2 * n in larger:
            following[n] = 2 * n
        elif larger:
            following[n] = larger[0]
    return following


def _others(arm: Arm, baseline: str) -> list[str]:
    return [system for system in arm.systems if system != baseline]


def _figures(arm: Arm, baseline: str, budgets: list[int]) -> list[Plot]:
    curves = {}
    for system in arm.systems:
        cells = [arm.get(system, n) for n in budgets if n > 0]
        cells = [cell for cell in cells if cell]
        if cells:
            curves[system] = LearningCurve(
                [cell.budget for cell in cells],
                [cell.mean_error for cell in cells],
                [cell.deviation for cell in cells],
            )
    if not curves:
        return []
    told = 'ME over the number of labelled images. ' + '; '.join(
        f'{name}: '
        + ', '.join(f'{n} {me:.2f}' for n, me in zip(c.budgets, c.errors))
        for name, c in curves.items()
    )
    band = 'bands: ± 1 SD over seeds, none where there is one seed'
    few = len(curves) <= _FEW
    caption = (
        f'{arm.title}: mean error against number of labelled images, both '
        'axes logarithmic'
    )
    plots = [
        Plot(
            slug('learning_curve', *arm.key),
            plot_learning_curves(curves, band=few),
            f'{caption}; {band}.' if few else f'{caption}.',
            told,
        )
    ]
    if len(curves) > 1:
        grey = baseline if baseline in curves else 'the others'
        plots.append(
            Plot(
                slug('learning_panels', *arm.key),
                plot_curve_panels(curves, baseline),
                f'{arm.title}: each system by itself; {band}. Grey: {grey}.',
                told,
            )
        )
    return plots


def _efficiency(arm: Arm, baseline: str, budgets: list[int]) -> list:
    bases = [arm.get(baseline, n) for n in budgets if n > 0]
    bases = [cell for cell in bases if cell]
    if len(bases) < 2:
        return [
            f'{baseline} has fewer than two budgets: how many labels it '
            'would need to equal the others cannot be told.'
        ]
    table = Table(
        f'Labels that {baseline} needs to equal each system at n, and 95 % '
        'bootstrap interval over subjects',
        ['system', *(f'n = {n}' for n in budgets), 'seeds'],
    )
    for system in _others(arm, baseline):
        found = [
            LabelEfficiency.of(arm.get(system, n), bases) for n in budgets
        ]
        seeds = sorted({len(one.seeds) for one in found if one})
        if seeds:
            table.rows.append(
                [
                    system,
                    *(one.text if one else '–' for one in found),
                    ' or '.join(map(str, seeds)),
                ]
            )
    if not table.rows:
        return []
    first, last = bases[0].budget, bases[-1].budget
    return [
        table,
        f'The mean error of {baseline} at its budgets is made never to rise '
        '(isotonic regression of its logarithm) and joined by straight lines '
        'in log error over log labels; nothing is told beyond its ends: '
        f'"< {first}" means that {baseline} is better already with {first}, '
        f'"> {last}" that it does not reach the system even with {last}. Only '
        f'seeds that the system and {baseline} at every budget have are '
        'used. The interval is over test subjects and knows nothing of other '
        'seeds.',
    ]


def _fewer_labels(arm: Arm, baseline: str, budgets: list[int]) -> list:
    following = next_budgets(budgets)
    table = Table(
        f'ME of each system with few labels less that of {baseline} with '
        'more, in pixels: below 0, the few do better. First interval: over '
        'faces; second: over faces and seeds (t)',
        [
            'system',
            *(f'{n}, {baseline} with {m}' for n, m in following.items()),
        ],
    )
    for system in (baseline, *_others(arm, baseline)):
        row = [
            pair_cell(Pair.of(arm.get(system, n), arm.get(baseline, m)))
            for n, m in following.items()
        ]
        if any(row):
            table.rows.append([system, *(cell or '–' for cell in row)])
    if not table.rows:
        return []
    return [
        table,
        f'The row of {baseline} is what its own additional labels bring. '
        'That an interval includes 0 does not show that two are equal: look '
        'at how far it reaches.',
    ]
