"""The section about variants: each against its references."""

from collections.abc import Sequence

from mmpose_ctd.apis.error_tables import Table, number
from mmpose_ctd.visualization import plot_variants

from .differences import StudyArm, SystemErrors, corrected
from .report_parts import (
    Plot,
    Section,
    difference_text,
    faces,
    labels,
    me_text,
    p_text,
    slug,
)


def variant_section(
    arm: StudyArm, baseline: str, elsewhere: Sequence[StudyArm] = ()
) -> Section | None:
    """Variants against their references; None if the arm has none.

    ``elsewhere`` are arms of other studies with the same test set, searched
    for references that this one lacks.
    """
    if not arm.varies:
        return None
    varied = {system for system, variant, _ in arm.cells if variant}
    section = Section(('variants', *arm.key), f'Variants: {arm.title}')
    for budget in arm.budgets:
        cells = [
            cell
            for (system, _, n), cell in arm.cells.items()
            if n == budget and system in {baseline, *varied}
        ]
        if any(cell.variant for cell in cells):
            section.parts += [
                _variants(arm, budget, cells, baseline, elsewhere),
                *_variant_plots(arm, budget, cells, baseline, elsewhere),
            ]
    return section


def itself_of(
    cell: SystemErrors, arm: StudyArm, elsewhere: Sequence[StudyArm] = ()
) -> tuple[SystemErrors | None, str]:
    """The same system without the variation, and its name."""
    if not cell.variant:
        return None, ''
    return _reference(cell, arm, elsewhere, [(cell.system, '')])


def baseline_of(
    cell: SystemErrors,
    arm: StudyArm,
    baseline: str,
    elsewhere: Sequence[StudyArm] = (),
) -> tuple[SystemErrors | None, str]:
    """The baseline with the same variation, else as it is, and its name."""
    if cell.system == baseline:
        return None, ''
    wanted = dict.fromkeys([(baseline, cell.variant), (baseline, '')])
    return _reference(cell, arm, elsewhere, wanted)


def _reference(cell, arm, elsewhere, wanted) -> tuple:
    """The first of the wanted ones that shares a seed; own study first."""
    for place in (arm, *elsewhere):
        for system, variant in wanted:
            found = place.get(system, cell.budget, variant)
            if found and cell.less(found):
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


def _variants(arm, budget, cells, baseline, elsewhere) -> Table:
    table = Table(
        f'{labels(budget)}: ME in pixels, {faces(arm)}',
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
    itself = [itself_of(cell, arm, elsewhere) for cell in cells]
    base = [baseline_of(cell, arm, baseline, elsewhere) for cell in cells]
    columns = []
    for references in (itself, base):
        pairs = [cell.less(of) for cell, (of, _) in zip(cells, references)]
        columns += [pairs, corrected(pairs)]
    for i, (cell, own, own_p, to, to_p) in enumerate(zip(cells, *columns)):
        count = len(cell.seeds)
        seeds = str(count)
        fewest = min((len(p.seeds) for p in (own, to) if p), default=count)
        if fewest < count:
            seeds += f'\n{fewest} shared'
        names = dict.fromkeys(filter(None, (itself[i][1], base[i][1])))
        table.rows.append(
            [
                cell.name,
                me_text(cell, cell.interval),
                difference_text(own),
                p_text(own_p) if own else '',
                difference_text(to),
                p_text(to_p) if to else '',
                '\n'.join(names),
                seeds,
                ', '.join(map(str, sorted({*cell.runs.steps}))),
                number(float(cell.runs.seconds.mean()), 0),
            ]
        )
    return table


def _variant_plots(arm, budget, cells, baseline, elsewhere) -> list[Plot]:
    """A figure for each setting with at least two numeric values."""
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
                    # Its number of steps is known: a point of the curve.
                    steps = int(found.runs.steps.iloc[0])
                    by_system[found.system][steps] = found
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
        values = '; '.join(
            f'{name}: ' + ', '.join(f'{a:g} {b:.2f}' for a, b in zip(x, y))
            for name, (x, y, _) in curves.items()
        )
        plots.append(
            Plot(
                slug('variants', *arm.key, setting, f'n{budget:03d}'),
                plot_variants(curves, setting, references),
                f'{arm.title}, {labels(budget)}: mean error over {setting}; '
                'bars are 1 SD over seeds.',
                f'ME over {setting}. {values}.',
            )
        )
    return plots
