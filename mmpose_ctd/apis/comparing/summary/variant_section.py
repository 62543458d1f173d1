"""What a study varies: a table a budget, and a figure of numbers."""

from collections.abc import Sequence

from mmpose_ctd.apis.reporting.tables import Table, number
from mmpose_ctd.visualization import plot_variants

from .budget_section import labels
from .cell import Cell
from .difference_table import pair_cell
from .grouping import Arm
from .pairing import Pair, corrected
from .parts import Plot, Section, me_cell, p_text, slug

__all__ = ['baseline_of', 'itself_of', 'setting_of', 'variant_section']


def variant_section(
    arm: Arm, baseline: str, elsewhere: Sequence[Arm] = ()
) -> Section | None:
    """Variants against their references; None if the arm has none.

    Args:
        arm (Arm): The study.
        baseline (str): The system that others are compared with.
        elsewhere (Sequence[Arm]): Arms of other studies with the same test
            set, where a reference is looked for if this one has none.
    """
    if not arm.varies:
        return None
    section = Section(slug('variants', *arm.key), f'Variants: {arm.title}')
    for budget in arm.budgets:
        cells = [
            cell
            for (system, _, n), cell in arm.cells.items()
            if n == budget and (system == baseline or _varies(arm, system))
        ]
        if any(cell.variant for cell in cells):
            section.add(_table(arm, budget, cells, baseline, elsewhere))
            section.add(*_figures(arm, budget, cells, baseline, elsewhere))
    section.add(
        'Each variant is compared with the same system without the variation '
        f'(does the setting matter?) and with {baseline}, with the same '
        'variation where that was run (does the system help under it?). '
        'Below each difference: 95 % over faces, then over faces and seeds '
        '(t). p-values are Holm-corrected within each column of a table. A '
        'reference from another study is named with it.'
    )
    return section


def itself_of(
    cell: Cell, arm: Arm, elsewhere: Sequence[Arm] = ()
) -> tuple[Cell | None, str]:
    """The same system without the variation, and its name."""
    if not cell.variant:
        return None, ''
    return _first(cell, arm, elsewhere, [(cell.system, '')])


def baseline_of(
    cell: Cell, arm: Arm, baseline: str, elsewhere: Sequence[Arm] = ()
) -> tuple[Cell | None, str]:
    """The baseline with the same variation, else as it is, and its name."""
    if cell.system == baseline:
        return None, ''
    wanted = dict.fromkeys([(baseline, cell.variant), (baseline, '')])
    return _first(cell, arm, elsewhere, wanted)


def _first(cell, arm, elsewhere, wanted) -> tuple[Cell | None, str]:
    """The first of the wanted cells that shares a seed; own study first."""
    for place in (arm, *elsewhere):
        for system, variant in wanted:
            found = place.get(system, cell.budget, variant)
            if found and Pair.of(cell, found):
                of = '' if place is arm else f' ({place.study})'
                return found, found.name + of
    return None, ''


def setting_of(variant: str) -> tuple[str, float] | None:
    """Name and value of ``'name=value'`` if the value is a number."""
    name, sign, text = variant.partition('=')
    try:
        value = float(text)
    except ValueError:
        return None
    if not sign or not name.strip() or not abs(value) < float('inf'):
        return None
    return name.strip(), value


def _varies(arm: Arm, system: str) -> bool:
    return any(name == system and variant for name, variant, _ in arm.cells)


def _table(arm, budget, cells, baseline, elsewhere) -> Table:
    table = Table(
        f'{labels(budget)}: ME in pixels, {arm.faces()}',
        [
            'system and variant',
            'ME ± SD\n[faces]',
            'less the same system\nas it is',
            'p (Holm)',
            f'less {baseline}',
            'p (Holm)',
            'compared with',
            'seeds',
            'steps',
            'training (s)',
        ],
    )
    own, own_names = _pairs(cells, lambda c: itself_of(c, arm, elsewhere))
    base, base_names = _pairs(
        cells, lambda c: baseline_of(c, arm, baseline, elsewhere)
    )
    rows = zip(
        cells,
        own,
        corrected(own),
        own_names,
        base,
        corrected(base),
        base_names,
    )
    for cell, pair, p, name, base_pair, base_p, base_name in rows:
        steps = sorted({run.steps for run in cell.runs})
        table.rows.append(
            [
                cell.name,
                me_cell(cell.mean_error, cell.deviation, cell.interval),
                pair_cell(pair),
                p_text(p) if pair else '',
                pair_cell(base_pair),
                p_text(base_p) if base_pair else '',
                '\n'.join(dict.fromkeys(filter(None, (name, base_name)))),
                _seeds(cell, pair, base_pair),
                ', '.join(map(str, steps)),
                number(float(cell.seconds.mean()), 0),
            ]
        )
    return table


def _pairs(cells, find) -> tuple[list, list[str]]:
    """Each cell against what is found for it, and the names of those."""
    found = [find(cell) for cell in cells]
    pairs = [Pair.of(cell, base) for cell, (base, _) in zip(cells, found)]
    return pairs, [name for _, name in found]


def _seeds(cell: Cell, *pairs: Pair | None) -> str:
    told = str(len(cell.seeds))
    fewest = min((len(p.seeds) for p in pairs if p), default=len(cell.seeds))
    if fewest < len(cell.seeds):
        told += f'\n{fewest} shared'
    return told


def _figures(arm, budget, cells, baseline, elsewhere) -> list[Plot]:
    """A figure for each setting with two numeric values or more."""
    settings: dict = {}
    for cell in cells:
        found = setting_of(cell.variant)
        if found:
            by_system = settings.setdefault(found[0], {})
            by_system.setdefault(cell.system, {})[found[1]] = cell
    plots = []
    for setting, by_system in settings.items():
        references = {}
        for cell in [c for ps in by_system.values() for c in ps.values()]:
            for found, name in (
                itself_of(cell, arm, elsewhere),
                baseline_of(cell, arm, baseline, elsewhere),
            ):
                if not found or found.variant:
                    continue
                if setting == 'steps' and found.system in by_system:
                    # How long it trained is known: a point like the others.
                    by_system[found.system][found.runs[0].steps] = found
                else:
                    references[f'{name} as it is'] = found.mean_error
        curves = {
            system: (
                sorted(points),
                [points[x].mean_error for x in sorted(points)],
                [points[x].deviation for x in sorted(points)],
            )
            for system, points in by_system.items()
        }
        if max(len(x) for x, _, _ in curves.values()) < 2:
            continue
        told = '; '.join(
            f'{name}: ' + ', '.join(f'{a:g} {b:.2f}' for a, b in zip(x, y))
            for name, (x, y, _) in curves.items()
        )
        plots.append(
            Plot(
                slug('variants', *arm.key, setting, f'n{budget:03d}'),
                plot_variants(curves, setting, references),
                f'{arm.title}, {labels(budget)}: mean error over {setting}; '
                'bars are 1 SD over seeds.',
                f'ME over {setting}. {told}.',
            )
        )
    return plots
