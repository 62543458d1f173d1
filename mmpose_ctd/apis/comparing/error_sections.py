"""Sections of a comparison's report: errors, differences and variants."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.figure import Figure

from mmpose_ctd.apis.error_tables import Table, interval, number
from mmpose_ctd.evaluation.functional import bootstrap_interval
from mmpose_ctd.visualization import (
    LearningCurve,
    plot_ced,
    plot_curve_panels,
    plot_learning_curves,
    plot_variants,
)

from .differences import (
    Difference,
    StudyArm,
    SystemErrors,
    corrected,
    pooled,
    spread,
)
from .label_efficiency import labels_needed

__all__ = [
    'Fold',
    'Plot',
    'Section',
    'baseline_of',
    'budget_section',
    'held_out_section',
    'itself_of',
    'landmark_section',
    'learning_section',
    'next_budgets',
    'setting_of',
    'site_section',
    'variant_section',
]

#: Of intervals of single landmarks and sites, given with two digits.
_FEW_RESAMPLES = 1000
#: Bands of more curves hide each other.
_MOST_BANDS = 4


@dataclass
class Plot:
    """A figure.

    Attributes:
        name (str): File name without ending, unique in the report.
        figure (Figure): The drawing.
        caption (str): Below it.
        alt (str): What it shows, in words.
        num_points (int): How many points are drawn in it.
    """

    name: str
    figure: Figure = field(repr=False)
    caption: str
    alt: str
    num_points: int = 0


@dataclass
class Fold:
    """A table that is shown on demand."""

    title: str
    table: Table


@dataclass
class Section:
    """A heading with tables, plots, folds and paragraphs (str).

    Attributes:
        words (tuple): Make the anchor, unique in the report.
        title (str): Heading.
        parts (list): What follows.
    """

    words: tuple
    title: str
    parts: list = field(default_factory=list)


def labels(budget: int) -> str:
    """A budget in words."""
    return f'{budget} labelled image' + ('s' if budget != 1 else '')


def faces(arm: StudyArm) -> str:
    """How many faces an arm was tested on."""
    images, people = len(arm.first.subjects), arm.first.num_subjects
    return (
        f'{images} test image{"s" if images != 1 else ""} of '
        f'{people} subject{"s" if people != 1 else ""}'
    )


# --------------------------------------------------------------------- cells


def _me(cell: SystemErrors, ends=(None, None)) -> str:
    """ME ± SD, and below it the interval."""
    return _joined(_over_seeds(cell.mean_errors, 3, cell.deviation), *ends)


def _over_seeds(values: np.ndarray, digits: int, sd=None) -> str:
    text = number(float(values.mean()), digits)
    sd = spread(values) if sd is None else sd
    return f'{text} ± {number(sd, digits)}' if sd == sd else text


def _joined(text: str, low, high, digits: int = 3, sign: bool = False) -> str:
    """A text and, if it is known, the interval below it."""
    return f'{text}\n{interval(low, high, digits, sign)}'.rstrip('\n')


def _change(value: float, relative: float | None = None) -> str:
    text = number(value, 3, sign=True)
    if relative is not None and relative == relative:
        text += f' ({number(100 * relative, 1, sign=True)} %)'
    return text


def _difference(found: Difference | None) -> str:
    """A difference with its intervals over faces and over seeds, too (t)."""
    if found is None:
        return ''
    text = _change(found.mean, found.relative)
    for ends in (found.interval, _t_ends(found)):
        text = _joined(text, *ends, sign=True)
    return text


def _t_ends(found: Difference) -> tuple[float, float]:
    return found.random_seeds.low, found.random_seeds.high


def _p(value: float) -> str:
    if value != value:
        return '–'
    return '< 0.001' if value < 0.001 else f'{value:.3f}'


def is_clear(found: Difference, p_holm: float) -> bool:
    """Whether a difference is shown over faces and over seeds."""
    low, high = _t_ends(found)
    return p_holm < 0.05 and (low > 0 or high < 0)


# ------------------------------------------------------- labels: all budgets


def overview(
    caption: str,
    columns: Sequence[tuple[str, StudyArm, int]],
    baseline: str,
) -> list:
    """ME of all systems and their gains in one table.

    Args:
        caption (str): Of the table.
        columns (Sequence): Heading, arm and budget of each column.
        baseline (str): The system that others are compared with.
    """
    found: dict = {}
    for i, (_, arm, budget) in enumerate(columns):
        cells = arm.plain(budget)
        pairs = [cell.less(arm.get(baseline, budget)) for cell in cells]
        for cell, pair, p in zip(cells, pairs, corrected(pairs)):
            text = _me(cell)
            if pair and np.isfinite(pair.relative):
                mark = ' *' if is_clear(pair, p) else ''
                change = number(100 * pair.relative, 1, sign=True)
                text += f'\n{change} %{mark}'
            found.setdefault(cell.name, {})[i] = text
    rows = [
        [name, *(row.get(i, '–') for i in range(len(columns)))]
        for name, row in found.items()
    ]
    return [
        Table(caption, ['system', *(name for name, *_ in columns)], rows),
        f'ME in pixels, mean ± SD over seeds. Below: the difference to '
        f'{baseline} in percent, with the seeds that both have. * marks a '
        'difference with p (Holm) < 0.05 over faces whose 95 % t interval '
        'over faces and seeds excludes 0, too.',
    ]


def learning_section(arm: StudyArm, baseline: str) -> Section | None:
    """Overview, learning curves and label efficiency of several budgets."""
    budgets = [n for n in arm.budgets if arm.plain(n)]
    if len(budgets) < 2:
        return None
    columns = [(f'n = {n}', arm, n) for n in budgets]
    caption = (
        f'{arm.title}: mean error against number of labelled images, '
        f'{faces(arm)}'
    )
    parts = [
        *overview(caption, columns, baseline),
        *_curves(arm, baseline, budgets),
        *_efficiency(arm, baseline, budgets),
        *_fewer_labels(arm, baseline, budgets),
    ]
    return Section(('labels', *arm.key), f'Labels: {arm.title}', parts)


def _curves(arm: StudyArm, baseline: str, budgets: list[int]) -> list[Plot]:
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
    alt = 'ME over the number of labelled images. ' + '; '.join(
        f'{name}: '
        + ', '.join(f'{n} {me:.2f}' for n, me in zip(c.budgets, c.errors))
        for name, c in curves.items()
    )
    band = 'bands: ± 1 SD over seeds, none for a single seed'
    few = len(curves) <= _MOST_BANDS
    caption = (
        f'{arm.title}: mean error against number of labelled images, both '
        'axes logarithmic'
    )
    figure = plot_learning_curves(curves, band=few)
    caption = f'{caption}; {band}.' if few else f'{caption}.'
    plots = [Plot(slug('learning_curve', *arm.key), figure, caption, alt)]
    if len(curves) > 1:
        grey = baseline if baseline in curves else 'the others'
        plots.append(
            Plot(
                slug('learning_panels', *arm.key),
                plot_curve_panels(curves, baseline),
                f'{arm.title}: a panel for each system; {band}. Grey: {grey}.',
                alt,
            )
        )
    return plots


def _efficiency(arm: StudyArm, baseline: str, budgets: list[int]) -> list:
    bases = [arm.get(baseline, n) for n in budgets if n > 0]
    bases = [cell for cell in bases if cell]
    if len(bases) < 2:
        return [
            f'{baseline} has fewer than two budgets: the labels that it needs '
            'to equal the others are unknown.'
        ]
    table = Table(
        f'Labels that {baseline} needs to equal each system at n, and 95 % '
        'bootstrap interval over subjects',
        ['system', *(f'n = {n}' for n in budgets), 'seeds'],
    )
    for system in arm.systems:
        if system == baseline:
            continue
        found = [labels_needed(arm.get(system, n), bases) for n in budgets]
        seeds = sorted({len(one.seeds) for one in found if one})
        if seeds:
            texts = [one.text if one else '–' for one in found]
            table.rows.append([system, *texts, ' or '.join(map(str, seeds))])
    if not table.rows:
        return []
    return [
        table,
        f'"< {bases[0].budget}": {baseline} is better already with '
        f'{bases[0].budget} labels. "> {bases[-1].budget}": it does not reach '
        f'the system with {bases[-1].budget}. Nothing is extrapolated. Seeds '
        f'are those that the system and {baseline} at every budget have.',
    ]


def next_budgets(budgets: list[int]) -> dict[int, int]:
    """The double of each budget if that was run, else the next one."""
    following = {}
    for n in budgets:
        larger = [m for m in budgets if m > n]
        if larger:
            following[n] = 2 * n if n > 0 and 2 * n in larger else larger[0]
    return following


def _fewer_labels(arm: StudyArm, baseline: str, budgets: list[int]) -> list:
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
    for system in dict.fromkeys([baseline, *arm.systems]):
        row = []
        for n, m in following.items():
            cell = arm.get(system, n)
            row.append(_difference(cell and cell.less(arm.get(baseline, m))))
        if any(row):
            table.rows.append([system, *(cell or '–' for cell in row)])
    if not table.rows:
        return []
    return [
        table,
        f'The row of {baseline} shows the gain from its own additional '
        'labels. An interval that includes 0 does not show that two are '
        'equal: look at its ends.',
    ]


# --------------------------------------------------------- errors: one budget


def budget_section(arm: StudyArm, baseline: str, threshold: float) -> Section:
    """Errors and differences of all budgets, without variants."""
    parts = [
        part
        for budget in arm.budgets
        for part in _budget(arm, budget, baseline, threshold)
    ]
    return Section(('errors', *arm.key), f'Errors: {arm.title}', parts)


def held_out_section(
    arms: Sequence[StudyArm], baseline: str, threshold: float
) -> Section:
    """All held-out sites of a study, without variants."""
    study = arms[0].study
    columns = []
    for arm in arms:
        site = arm.held_out
        if arm.of_sets[1] > 1:
            site += f' (test set {arm.of_sets[0]})'
        columns += [
            (f'{site}\n{labels(n)}', arm, n)
            for n in arm.budgets
            if arm.plain(n)
        ]
    together = pooled(arms)
    parts = overview(
        'Trained at the other sites, tested on the held-out one',
        [*columns, *([('together', *together)] if together else [])],
        baseline,
    )
    if together:
        arm, budget = together
        base = arm.get(baseline, budget)
        pairs = [cell.less(base) for cell in arm.plain(budget)]
        if any(pairs):
            parts += [
                _differences('All sites together', pairs, base.name),
                f'All sites together: {faces(arm)}, each image tested by the '
                'networks that were not trained on its site. All images have '
                'equal weight.',
            ]
    for _, arm, budget in columns:
        parts += _budget(arm, budget, baseline, threshold)
    title = f'Held-out sites: {study}'.rstrip(': ')
    return Section(('held_out', study), title, parts)


def _budget(
    arm: StudyArm, budget: int, baseline: str, threshold: float
) -> list:
    """Errors, differences to the baseline and CED of one budget."""
    cells = arm.plain(budget)
    if not cells:
        return []
    base = arm.get(baseline, budget)
    title = labels(budget)
    if arm.held_out:
        title = f'{arm.held_out} held out, {title}'
    parts = [_errors(f'{title}: errors, {faces(arm)}', cells, threshold)]
    pairs = [cell.less(base) for cell in cells]
    if any(pairs):
        fold = f'{title}: the same differences by other tests and by seed'
        parts += [
            _differences(title, pairs, base.name),
            Fold(fold, _other_tests(title, pairs, base.name)),
        ]
    errors = {cell.name: cell.errors.ravel() for cell in cells}
    medians = '; '.join(
        f'{name}: half of the errors are at most {np.nanmedian(e):.2f} px'
        for name, e in errors.items()
    )
    plot = Plot(
        slug('ced', *arm.key, f'n{budget:03d}'),
        plot_ced(errors, threshold, unit='px'),
        f'{arm.title}, {labels(budget)}: share of test images whose error is '
        'at most t, all seeds together.',
        f'Cumulative error distribution up to {threshold:g} px. {medians}.',
        sum(map(np.size, errors.values())),
    )
    return [*parts, *_notes(cells, base, baseline), plot]


def _errors(
    caption: str, cells: list[SystemErrors], threshold: float
) -> Table:
    limits = sorted({2.0, 3.0, float(threshold)})
    headings = ['system', 'ME ± SD (px)', '[faces]', f'AUC at {threshold:g}']
    headings += [f'FR at {t:g} (%)' for t in limits]
    table = Table(caption, [*headings, 'seeds', 'training (s)'])
    table.rows = [
        [
            cell.name,
            _me(cell),
            interval(*cell.interval, 3) or '–',
            _over_seeds(cell.areas(threshold), 3),
            *(_over_seeds(100 * cell.failure_rates(t), 1) for t in limits),
            str(len(cell.seeds)),
            _over_seeds(cell.runs.seconds.to_numpy(float), 0),
        ]
        for cell in cells
    ]
    return table


def _differences(
    title: str, pairs: Sequence[Difference | None], base: str
) -> Table:
    """The primary test with all intervals; the rows are one family."""
    table = Table(
        f'{title}: ME less that of {base}, same faces and seeds, in pixels',
        [
            'system',
            'difference',
            '[faces]',
            '[faces and seeds]\nbootstrap',
            '[faces and seeds]\nt',
            'p (Holm)',
            'd_z',
            'better with',
        ],
    )
    for pair, p in zip(pairs, corrected(pairs)):
        if pair is None:
            continue
        every = (pair.interval, pair.crossed, _t_ends(pair))
        better = (pair.by_training < 0).sum()
        table.rows.append(
            [
                pair.ours.name,
                _change(pair.mean, pair.relative),
                *(interval(*ends, 3, sign=True) or '–' for ends in every),
                _p(p),
                number(pair.effect_size, 2, sign=True),
                f'{better} of {_shared(pair)}',
            ]
        )
    return table


def _shared(pair: Difference) -> str:
    """How many seeds were compared, and whether they are all."""
    if pair.ours.blocks is not None:
        return f'{len(pair.by_training)} trainings'
    count = len(pair.seeds)
    if set(pair.seeds) == set(pair.ours.seeds) == set(pair.base.seeds):
        return f'{count} seed' + ('s' if count != 1 else '')
    return f'{count} shared'


def _other_tests(
    title: str, pairs: Sequence[Difference | None], base: str
) -> Table:
    table = Table(
        f'{title}: differences to {base}; p-values, Holm-corrected but for '
        'the first',
        [
            'system',
            'sign flips, not corrected',
            'sign flips',
            'paired t',
            'Wilcoxon',
            'faces and seeds, t',
            'difference with each seed (px)',
        ],
    )
    tests = ('p_value', 'p_t', 'p_wilcoxon', 'p_random')
    for pair, *p in zip(pairs, *(corrected(pairs, name) for name in tests)):
        if pair is None:
            continue
        changes = (
            f'{seed}: {number(change, 3, sign=True)}'
            for seed, change in zip(pair.seeds, pair.by_seed)
        )
        table.rows.append(
            [
                pair.ours.name,
                _p(pair.p_value),
                *map(_p, p),
                ', '.join(changes),
            ]
        )
    return table


def _notes(
    cells: list[SystemErrors], base: SystemErrors | None, baseline: str
) -> list[str]:
    """What is missing or unequal in these tables."""
    notes = []
    if base is None:
        notes.append(f'No run of {baseline} here: no differences.')
    else:
        apart = [c.name for c in cells if not set(c.seeds) & set(base.seeds)]
        if apart:
            notes.append(
                f'{", ".join(apart)}: no seed in common with {base.name}, so '
                'no difference.'
            )
    once = [cell.name for cell in cells if len(cell.seeds) == 1]
    if once:
        notes.append(
            f'One seed only: {", ".join(once)}. How much another training '
            'would differ is unknown.'
        )
    by_seeds: dict = {}
    by_steps: dict = {}
    for cell in cells:
        by_seeds.setdefault(tuple(cell.seeds), []).append(cell.name)
        for steps in sorted({*cell.runs.steps} - {0}):
            by_steps.setdefault(steps, []).append(cell.name)
    if len(by_seeds) > 1:
        listed = '; '.join(
            f'{", ".join(names)}: {_listed(seeds)}'
            for seeds, names in by_seeds.items()
        )
        notes.append(
            f'The systems have different seeds ({listed}). Differences use '
            'the seeds that both have; ME, AUC and FR use all.'
        )
    if cells[0].num_subjects == 1:
        notes.append(
            'One test subject only: no intervals and no tests over subjects.'
        )
    if len(by_steps) > 1:
        listed = '; '.join(
            f'{steps} steps {", ".join(names)}'
            for steps, names in sorted(by_steps.items())
        )
        notes.append(f'Unequal training lengths: {listed}.')
    return notes


def _listed(seeds: Sequence[int]) -> str:
    """``'0 to 4'``, or all numbers."""
    if len(seeds) > 2 and seeds[-1] - seeds[0] == len(seeds) - 1:
        return f'{seeds[0]} to {seeds[-1]}'
    return ' and '.join(map(str, seeds))


# ------------------------------------------------------- sites and landmarks


def site_section(arm: StudyArm, baseline: str) -> Section | None:
    """A table per budget: rows are systems, columns sites."""
    first = arm.first
    sites = sorted({*first.sites.tolist()})
    if len(sites) < 2:
        return None
    section = Section(('sites', *arm.key), f'Sites: {arm.title}')
    for budget in arm.budgets:
        cells, base = arm.plain(budget), arm.get(baseline, budget)
        if not cells:
            continue
        headings = ['system']
        for site in sites:
            people = len({*first.subjects[first.sites == site].tolist()})
            text = f'{site or "unknown"} ({people})'
            headings.append(f'{text}\nME ± SD')
            if base is not None:
                headings.append(f'{text}\nless {baseline}')
        table = Table(
            f'{budget} labelled images: ME at each site (number of its test '
            'subjects) in pixels, with 95 % bootstrap intervals over subjects',
            headings,
        )
        for cell in cells:
            row = [cell.name]
            for site in sites:
                row += _site(cell, base, site)[: 1 + (base is not None)]
            table.rows.append(row)
        section.parts.append(table)
    return section if section.parts else None


def _site(
    cell: SystemErrors, base: SystemErrors | None, site: str
) -> list[str]:
    here, pair = cell.sites == site, cell.less(base)
    errors, subjects = cell.errors[:, here], cell.subjects[here]
    if np.isnan(errors).all():
        return ['–', '–']

    def ends(values):
        return bootstrap_interval(
            values, subjects, num_resamples=_FEW_RESAMPLES
        )

    values = np.nanmean(errors, axis=1)
    text = _joined(_over_seeds(values, 3), *ends(errors.mean(axis=0)))
    if pair is None:
        return [text, '']
    change = pair.by_image[here]
    mean = _change(float(np.nanmean(change)))
    return [text, _joined(mean, *ends(change), sign=True)]


def landmark_section(arm: StudyArm, baseline: str) -> Section | None:
    """A table per budget: rows are landmarks, columns systems."""
    folds = []
    for budget in arm.budgets:
        cells, base = arm.plain(budget), arm.get(baseline, budget)
        if cells:
            title = f'{budget} labelled images: mean error of each landmark'
            headings = ['landmark', *(cell.name for cell in cells)]
            rows = [
                [
                    name,
                    *(
                        _landmark(cell, cell.less(base), name)
                        for cell in cells
                    ),
                ]
                for name in arm.landmarks
            ]
            folds.append(Fold(title, Table(title, headings, rows)))
    text = (
        'Mean error of each landmark in pixels. Below: the difference to '
        f'{baseline} with the same seeds and its 95 % bootstrap interval over '
        'subjects. The intervals are not corrected for their number: of 20 '
        'without any effect, one excludes 0. They show where a system gains, '
        'not whether it does.'
    )
    title = f'Landmarks: {arm.title}'
    return (
        Section(('landmarks', *arm.key), title, [text, *folds])
        if folds
        else None
    )


def _landmark(cell: SystemErrors, pair: Difference | None, name: str) -> str:
    column = f'error_{name}'
    errors = cell.of(column)
    if np.isnan(errors).all():
        return '–'
    text = number(float(np.nanmean(errors)), 2)
    if pair is None:
        return text
    ours = cell.with_seeds(pair.seeds, column)
    change = (ours - pair.base.with_seeds(pair.seeds, column)).mean(axis=0)
    ends = bootstrap_interval(
        change, cell.subjects, num_resamples=_FEW_RESAMPLES
    )
    text += f'\n{number(float(np.nanmean(change)), 2, sign=True)}'
    return _joined(text, *ends, 2, sign=True)


# ------------------------------------------------------------------ variants


def variant_section(
    arm: StudyArm, baseline: str, elsewhere: Sequence[StudyArm] = ()
) -> Section | None:
    """Variants against their references; None if the arm has none.

    Args:
        arm (StudyArm): The study.
        baseline (str): The system that others are compared with.
        elsewhere (Sequence[StudyArm]): Arms of other studies with the same
            test set, searched for references that this one lacks.
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
                _me(cell, cell.interval),
                _difference(own),
                _p(own_p) if own else '',
                _difference(to),
                _p(to_p) if to else '',
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


def slug(*words: object) -> str:
    """A file name or anchor made of any words."""
    text = '_'.join(str(word) for word in words if str(word))
    kept = ''.join(c if c.isascii() and c.isalnum() else '_' for c in text)
    return '_'.join(filter(None, kept.lower().split('_'))) or 'all'
