"""The sections about errors: by number of labels, site and landmark."""

from collections.abc import Sequence

import numpy as np

from mmpose_ctd.apis.error_tables import (
    Table,
    interval,
    number,
    with_interval,
)
from mmpose_ctd.evaluation.functional import bootstrap_interval
from mmpose_ctd.visualization import plot_ced

from .differences import (
    Difference,
    StudyArm,
    SystemErrors,
    corrected,
    pooled,
)
from .report_parts import (
    Fold,
    Plot,
    Section,
    change_text,
    faces,
    is_clear,
    labels,
    me_text,
    over_seeds,
    p_text,
    slug,
    t_ends,
)

#: Of intervals of single landmarks and sites, given with two digits.
_FEW_RESAMPLES = 1000


def overview(
    caption: str,
    columns: Sequence[tuple[str, StudyArm, int]],
    baseline: str,
) -> list:
    """ME of all systems and their gains in one table.

    ``columns`` are heading, arm and budget of each.
    """
    found: dict = {}
    for i, (_, arm, budget) in enumerate(columns):
        cells = arm.plain(budget)
        pairs = [cell.less(arm.get(baseline, budget)) for cell in cells]
        for cell, pair, p in zip(cells, pairs, corrected(pairs)):
            text = me_text(cell)
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
            me_text(cell),
            interval(*cell.interval, 3) or '–',
            over_seeds(cell.areas(threshold), 3),
            *(over_seeds(100 * cell.failure_rates(t), 1) for t in limits),
            str(len(cell.seeds)),
            over_seeds(cell.runs.seconds.to_numpy(float), 0),
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
        every = (pair.interval, pair.crossed, t_ends(pair))
        better = (pair.by_training < 0).sum()
        table.rows.append(
            [
                pair.ours.name,
                change_text(pair.mean, pair.relative),
                *(interval(*ends, 3, sign=True) or '–' for ends in every),
                p_text(p),
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
                p_text(pair.p_value),
                *map(p_text, p),
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
    text = with_interval(over_seeds(values, 3), *ends(errors.mean(axis=0)))
    if pair is None:
        return [text, '']
    change = pair.by_image[here]
    mean = change_text(float(np.nanmean(change)))
    return [text, with_interval(mean, *ends(change), sign=True)]


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
    return with_interval(text, *ends, 2, sign=True)
