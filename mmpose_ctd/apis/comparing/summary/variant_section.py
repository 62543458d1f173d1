"""What a study varies: a table a budget, and a figure of numbers."""

from mmpose_ctd.apis.reporting.tables import Table, interval, number
from mmpose_ctd.visualization import plot_variants

from .cell import Cell, spread
from .grouping import Arm
from .pairing import Pair, corrected
from .parts import Plot, Section, difference_cell, me_cell, p_text, slug

__all__ = ['reference_of', 'setting_of', 'variant_section']


def variant_section(
    arm: Arm, baseline: str, elsewhere: list[Arm]
) -> Section | None:
    """Variants against their references; None if the arm has none.

    Args:
        arm (Arm): The study.
        baseline (str): The system that others are compared with.
        elsewhere (list[Arm]): Arms of other studies with the same test set,
            where a reference is looked for if this one has none.
    """
    if not arm.varies:
        return None
    names = arm.study, arm.held_out, arm.of_sets[0]
    section = Section(slug('variants', *names), f'Variants: {arm.title}')
    for budget in arm.budgets:
        cells = [
            cell
            for (system, _, n), cell in arm.cells.items()
            if n == budget and _has_variants(arm, system, baseline)
        ]
        if not any(cell.variant for cell in cells):
            continue
        section.add(_table(arm, budget, cells, baseline, elsewhere))
        section.add(*_figures(arm, budget, cells, baseline))
    section.add(
        'A variant is compared with what stands in the column "reference": '
        'the same system without the variation; else the baseline with the '
        'same variation; else the baseline. p-values are Holm-corrected '
        'within each table.'
    )
    return section


def reference_of(
    cell: Cell, arm: Arm, baseline: str, elsewhere: list[Arm] = ()
) -> tuple[Cell | None, str]:
    """What a variant is compared with.

    Args:
        cell (Cell): The variant.
        arm (Arm): Its study.
        baseline (str): The system that others are compared with.
        elsewhere (list[Arm]): Other studies with the same test set.

    Returns:
        tuple[Cell | None, str]: The reference, which shares a seed with the
        variant, and its name; None and ``''`` where there is none.
    """
    n, wanted = cell.budget, []
    if cell.variant:
        wanted.append((cell.system, ''))
    if cell.system != baseline:
        wanted += [(baseline, cell.variant), (baseline, '')]
    for system, variant in dict.fromkeys(wanted):
        for place in (arm, *elsewhere):
            found = place.get(system, n, variant)
            if found and Pair.of(cell, found):
                told = found.name
                if place is not arm:
                    told += f'\nof {place.study}'
                return found, told
    return None, ''


def setting_of(variant: str) -> tuple[str, float] | None:
    """Name and value of ``'name=value'`` if the value is a number."""
    name, sign, value = variant.partition('=')
    if not sign or not name:
        return None
    try:
        number_ = float(value)
    except ValueError:
        return None
    return (name.strip(), number_) if abs(number_) < float('inf') else None


def _has_variants(arm: Arm, system: str, baseline: str) -> bool:
    return system == baseline or any(
        name == system and variant for name, variant, _ in arm.cells
    )


def _table(arm, budget, cells, baseline, elsewhere) -> Table:
    table = Table(
        f'{budget} labelled images: ME in pixels, {arm.faces()}',
        [
            'system and variant',
            'ME ± SD\n[faces]',
            'reference',
            'difference\n[faces]',
            '[faces and seeds]',
            'p (Holm)',
            'd_z',
            'seeds',
            'steps',
            'training (s)',
        ],
    )
    references = [
        reference_of(cell, arm, baseline, elsewhere) for cell in cells
    ]
    pairs = [Pair.of(c, base) for c, (base, _) in zip(cells, references)]
    rows = zip(cells, references, pairs, corrected(pairs))
    for cell, (_, told), pair, p in rows:
        compared = [''] * 5
        if pair:
            compared = [
                told,
                difference_cell(pair.difference, pair.interval, pair.relative),
                interval(*pair.crossed, 3, sign=True) or '–',
                p_text(p),
                number(pair.effect_size, 2, sign=True),
            ]
        seeds = str(len(cell.seeds))
        if pair and len(pair.seeds) < max(
            len(cell.seeds), len(pair.base.seeds)
        ):
            seeds += f'\n{len(pair.seeds)} shared'
        steps = sorted({run.steps for run in cell.runs})
        table.rows.append(
            [
                cell.name,
                me_cell(
                    cell.mean_error, spread(cell.mean_errors), cell.interval
                ),
                *compared,
                seeds,
                ', '.join(map(str, steps)),
                number(float(cell.seconds.mean()), 0),
            ]
        )
    return table


def _figures(arm: Arm, budget: int, cells: list[Cell], baseline: str) -> list:
    """A figure for each setting with two numeric values or more."""
    settings: dict = {}
    for cell in cells:
        found = setting_of(cell.variant)
        if found:
            by_system = settings.setdefault(found[0], {})
            by_system.setdefault(cell.system, []).append((found[1], cell))
    plots = []
    for setting, by_system in settings.items():
        curves = {
            system: (
                [x for x, _ in points],
                [cell.mean_error for _, cell in points],
                [spread(cell.mean_errors) for _, cell in points],
            )
            for system, points in by_system.items()
        }
        if max(len(x) for x, _, _ in curves.values()) < 2:
            continue
        references = {
            f'{name} as it is': cell.mean_error
            for name in dict.fromkeys((*by_system, baseline))
            if (cell := arm.get(name, budget))
        }
        told = '; '.join(
            f'{name}: ' + ', '.join(f'{a:g} {b:.2f}' for a, b in zip(x, y))
            for name, (x, y, _) in curves.items()
        )
        plots.append(
            Plot(
                slug(
                    'variants',
                    arm.study,
                    arm.held_out,
                    arm.of_sets[0],
                    setting,
                    f'n{budget:03d}',
                ),
                plot_variants(curves, setting, references),
                f'{arm.title}, {budget} labelled images: mean error over '
                f'{setting}; bars are 1 SD over seeds.',
                f'ME over {setting}. {told}.',
            )
        )
    return plots
