"""Sections about errors: by budget, site, landmark and variant."""

from collections.abc import Sequence

import numpy as np

from mmpose_ctd.apis.error_tables import Table, number, with_interval
from mmpose_ctd.evaluation.functional import bootstrap_interval
from mmpose_ctd.visualization import plot_ced

from .arms import StudyArm, of_the_same_faces, reference
from .differences import SystemErrors
from .report_tables import (
    Plot,
    Section,
    differences_table,
    errors_table,
    faces,
    labels,
    over_seeds,
    overview,
    slug,
    unequal_notes,
)

#: Of intervals of single landmarks and sites, given with two digits.
_FEW_RESAMPLES = 1000


def budget_section(arm: StudyArm, baseline: str, threshold: float) -> Section:
    """Errors and differences of all budgets, without variants."""
    parts = [
        part
        for budget in arm.budgets
        for part in _budget(arm, budget, baseline, threshold)
    ]
    return Section(('errors', *arm.key), f'Errors: {arm.title}', parts)


def held_out_section(
    arms: Sequence[StudyArm],
    together: tuple[StudyArm, int] | None,
    baseline: str,
    threshold: float,
) -> Section:
    """All held-out sites of a study, without variants.

    ``together`` is of :func:`.pooled`.
    """
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
    parts = overview(
        'Trained at the other sites, tested on the held-out one',
        [*columns, *([('together', *together)] if together else [])],
        baseline,
    )
    if together:
        arm, budget = together
        parts += _differences(arm, budget, baseline, 'All sites together')
        parts.append(
            f'All sites together: {faces(arm)}, each image tested by the '
            'networks that were not trained on its site. All images have '
            'equal weight.'
        )
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
    title = labels(budget)
    if arm.held_out:
        title = f'{arm.held_out} held out, {title}'
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
    return [
        errors_table(f'{title}: errors, {faces(arm)}', cells, threshold),
        *_differences(arm, budget, baseline, title),
        *unequal_notes(cells),
        plot,
    ]


def _differences(
    arm: StudyArm, budget: int, baseline: str, title: str
) -> list:
    """The differences to the baseline, and why there are none."""
    cells, base = arm.plain(budget), arm.get(baseline, budget)
    if base is None:
        return [f'No run of {baseline} here: no differences.']
    caption = f'{title}: ME less that of {base.name}, same faces and seeds, '
    pairs = [cell.less(base) for cell in cells]
    parts: list = differences_table(f'{caption}in pixels', pairs)
    apart = [cell.name for cell, pair in zip(cells, pairs)
             if pair is None and cell is not base]  # fmt: skip
    if apart:
        parts.append(
            f'{", ".join(apart)}: no seed in common with {base.name}, so no '
            'difference.'
        )
    return parts


# -------------------------------------------------- sites and landmarks


def site_section(arm: StudyArm, baseline: str) -> Section | None:
    """A table per budget: rows are sites, columns systems."""
    sites = arm.first.images.site.to_numpy()
    names = sorted({*sites.tolist()})
    if len(names) < 2:
        return None
    rows = {}
    for site in names:
        here = sites == site
        people = len({*arm.first.subjects[here].tolist()})
        rows[f'{site or "unknown"} ({people})'] = 'error', here
    tables = _by_part(arm, baseline, 'site', rows)
    text = 'In parentheses: the number of test subjects. ' + _below(baseline)
    return Section(('sites', *arm.key), f'Sites: {arm.title}', [text, *tables])


def landmark_section(arm: StudyArm, baseline: str) -> Section:
    """A table per budget: rows are landmarks, columns systems."""
    every = np.ones(len(arm.first.images), dtype=bool)
    rows = {name: (f'error_{name}', every) for name in arm.landmarks}
    tables = _by_part(arm, baseline, 'landmark', rows)
    for table in tables:
        table.folded = True
    title = f'Landmarks: {arm.title}'
    return Section(('landmarks', *arm.key), title, [_below(baseline), *tables])


def _below(baseline: str) -> str:
    return (
        'ME ± SD over seeds, in pixels. Below: the difference to '
        f'{baseline} with the same seeds and its 95 % bootstrap interval over '
        'subjects. The intervals are not corrected for their number: of 20 '
        'without any effect, one excludes 0. They show where a system gains, '
        'not whether it does.'
    )


def _by_part(
    arm: StudyArm, baseline: str, what: str, rows: dict[str, tuple]
) -> list[Table]:
    """A table per budget; ``rows`` are a column of errors and images each."""
    tables = []
    for budget in arm.budgets:
        cells, base = arm.plain(budget), arm.get(baseline, budget)
        if cells:
            tables.append(
                Table(
                    f'{labels(budget)}: mean error of each {what}',
                    [what, *(cell.name for cell in cells)],
                    [
                        [name, *(_part(cell, base, *of) for cell in cells)]
                        for name, of in rows.items()
                    ],
                )
            )
    return tables


def _part(
    cell: SystemErrors, base: SystemErrors | None, column: str, here
) -> str:
    errors = cell.with_seeds(cell.seeds, column)[:, here]
    if np.isnan(errors).all():
        return '–'
    text = over_seeds(np.nanmean(errors, axis=1), 2)
    pair = cell.less(base)
    if pair is None:
        return text
    change = cell.with_seeds(pair.seeds, column)
    change = (change - base.with_seeds(pair.seeds, column)).mean(axis=0)[here]
    ends = bootstrap_interval(
        change, cell.subjects[here], num_resamples=_FEW_RESAMPLES
    )
    text += f'\n{number(float(np.nanmean(change)), 2, sign=True)}'
    return with_interval(text, *ends, 2, sign=True)


# ---------------------------------------------------------------- variants


def variant_section(
    arm: StudyArm,
    baseline: str,
    threshold: float,
    arms: Sequence[StudyArm],
) -> Section | None:
    """Variants against their references; None if the arm has none.

    References that the arm lacks are looked for in those of ``arms`` with its
    test set.
    """
    places = of_the_same_faces(arm, arms)
    varied = {system for system, variant, _ in arm.cells if variant}
    section = Section(('variants', *arm.key), f'Variants: {arm.title}')
    for budget in arm.budgets:
        cells = [
            cell
            for (system, _, n), cell in arm.cells.items()
            if n == budget and system in {baseline, *varied}
        ]
        if not any(cell.variant for cell in cells):
            continue
        title = labels(budget)
        section.parts.append(
            errors_table(f'{title}: variants, {faces(arm)}', cells, threshold)
        )
        for what, of in (
            ('the same system without the variation', ''),
            (f'{baseline}, with the same variation if that was run', baseline),
        ):
            found = [reference(cell, places, of) for cell in cells]
            pairs = [cell.less(base) for cell, (base, _) in zip(cells, found)]
            names = [name for _, name in found]
            section.parts += differences_table(
                f'{title}: ME less that of {what}, in pixels', pairs, names
            )
        section.parts += unequal_notes(cells)
    return section if section.parts else None
