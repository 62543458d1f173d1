"""Error against number of labels, and how many labels a system saves."""

from mmpose_ctd.apis.reporting.tables import Table, interval
from mmpose_ctd.visualization import (
    LearningCurve,
    plot_curve_panels,
    plot_learning_curves,
)

from .cell import spread
from .grouping import Arm
from .label_efficiency import LabelEfficiency
from .pairing import Pair
from .parts import Plot, Section, difference_cell, p_text, slug

__all__ = ['learning_section', 'next_budgets']


def learning_section(arm: Arm, baseline: str) -> Section | None:
    """Learning curves and label efficiency; None for a single budget."""
    curves = {}
    for system in arm.systems:
        cells = [arm.get(system, n) for n in arm.budgets]
        cells = [cell for cell in cells if cell]
        if cells:
            curves[system] = LearningCurve(
                [cell.budget for cell in cells],
                [cell.mean_error for cell in cells],
                [spread(cell.mean_errors) for cell in cells],
            )
    budgets = sorted({n for curve in curves.values() for n in curve.budgets})
    if len(budgets) < 2:
        return None
    names = arm.study, arm.held_out, arm.of_sets[0]
    section = Section(slug('labels', *names), f'Labels: {arm.title}')
    told = 'ME over the number of labelled images. ' + '; '.join(
        f'{name}: '
        + ', '.join(f'{n} {me:.2f}' for n, me in zip(c.budgets, c.errors))
        for name, c in curves.items()
    )
    band = 'bands: ± 1 SD over seeds (none where there is one seed)'
    section.add(
        Plot(
            slug('learning_curve', *names),
            plot_learning_curves(curves, band=len(curves) <= 4),
            f'{arm.title}: mean error against number of labelled images, '
            'both axes logarithmic'
            + (f'; {band}.' if len(curves) <= 4 else '.'),
            told,
        )
    )
    if len(curves) > 1:
        section.add(
            Plot(
                slug('learning_panels', *names),
                plot_curve_panels(curves, baseline),
                f'{arm.title}: each system by itself; {band}. Grey: '
                f'{baseline if baseline in curves else "the others"}.',
                told,
            )
        )
    section.add(*_efficiency(arm, baseline, list(curves)))
    section.add(*_fewer_labels(arm, baseline, list(curves)))
    return section


def next_budgets(budgets: list[int]) -> dict[int, int]:
    """The double of each budget where that was run, else the next one."""
    following = {}
    for n in budgets:
        larger = [m for m in budgets if m > n]
        if 2 * n in larger:
            following[n] = 2 * n
        elif larger:
            following[n] = larger[0]
    return following


def _efficiency(arm: Arm, baseline: str, systems: list[str]) -> list:
    bases = [arm.get(baseline, n) for n in arm.budgets]
    bases = [cell for cell in bases if cell]
    if len(bases) < 2:
        return [
            f'{baseline} has fewer than two budgets: how many labels it '
            'would need to equal the others cannot be told.'
        ]
    table = Table(
        f'Labels that {baseline} needs to equal each system at n; below, '
        '95 % bootstrap interval over subjects',
        ['system', *(f'n = {n}' for n in arm.budgets), 'seeds'],
    )
    for system in systems:
        if system == baseline:
            continue
        cells, seeds = [], set()
        for n in arm.budgets:
            found = LabelEfficiency.of(arm.get(system, n), bases)
            cells.append(found.text if found else '–')
            seeds |= {len(found.seeds)} if found else set()
        counts = ' or '.join(map(str, sorted(seeds))) or '–'
        table.rows.append([system, *cells, counts])
    if not table.rows:
        return []
    return [
        table,
        f'The mean error of {baseline} at its budgets is made never to rise '
        '(isotonic regression of its logarithm) and joined by straight lines '
        'in log error over log labels; nothing is told beyond its ends: '
        f'"< {bases[0].budget}" means that {baseline} is better already with '
        f'{bases[0].budget}, "> {bases[-1].budget}" that it does not reach '
        f'the system even with {bases[-1].budget}. Only seeds that the '
        f'system and {baseline} at every budget have are used. The interval '
        'is over test subjects and knows nothing of other seeds.',
    ]


def _fewer_labels(arm: Arm, baseline: str, systems: list[str]) -> list:
    following = next_budgets(arm.budgets)
    table = Table(
        f'ME of each system at n less that of {baseline} at m > n labels, in '
        'pixels: below 0, fewer labels do better',
        [
            'system',
            'n',
            'm',
            'difference\n[faces]',
            '[faces and seeds]',
            'p, not corrected',
            'seeds',
        ],
    )
    for system in systems:
        if system == baseline:
            continue
        for n, m in following.items():
            pair = Pair.of(arm.get(system, n), arm.get(baseline, m))
            if pair is None:
                continue
            table.rows.append(
                [
                    system,
                    str(n),
                    str(m),
                    difference_cell(
                        pair.difference, pair.interval, pair.relative
                    ),
                    interval(*pair.crossed, 3, sign=True) or '–',
                    p_text(pair.p_value),
                    str(len(pair.seeds)),
                ]
            )
    if not table.rows:
        return []
    return [
        table,
        'An interval that lies below 0, or whose upper end is below what '
        'matters, supports that the system reaches the baseline with fewer '
        'labels. An interval that includes 0 does not show that they are '
        'equal.',
    ]
