"""The section about labels: errors of all budgets, and labels saved."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import isotonic_regression

from mmpose_ctd.apis.error_tables import Table
from mmpose_ctd.visualization import (
    LearningCurve,
    plot_curve_panels,
    plot_learning_curves,
)

from .arms import StudyArm
from .differences import SystemErrors, shared_seeds
from .report_tables import (
    Plot,
    Section,
    difference_text,
    faces,
    overview,
    slug,
)

#: Bands of more curves hide each other.
_MOST_BANDS = 4
_RESAMPLES = 2000
#: Stands for an error of 0, which has no logarithm.
_LEAST = 1e-9


def equal_budget(
    budgets: Sequence[float], errors: Sequence[float], target: float
) -> float:
    """Where a learning curve falls to the error ``target``.

    The logarithms of the errors are made non-increasing by isotonic regression
    and joined by straight lines over the logarithms of the budgets (a power
    law between neighbours). Nothing is extrapolated: 0 if the target lies
    before the first of the increasing budgets, infinity if beyond the last.

    Examples:
        >>> equal_budget([10, 40], [4., 2.], 4.), equal_budget(
        ...     [10, 40], [4., 2.], 1.9)
        (10.0, inf)
        >>> round(equal_budget([10, 40], [4., 2.], 8 ** 0.5), 6)
        20.0
    """
    x = np.log(np.asarray(budgets, dtype=np.float64))
    y = np.log(np.maximum(np.asarray(errors, dtype=np.float64), _LEAST))
    y = isotonic_regression(y, increasing=False).x
    goal = np.log(max(target, _LEAST))
    # The last bits of a logarithm must not decide whether an end is reached.
    rounding = 1e-12
    if goal > y[0] + rounding:
        return 0.0
    if goal < y[-1] - rounding:
        return float('inf')
    last = int(np.argmax(y <= goal + rounding))
    if last == 0:
        return float(budgets[0])
    above, below = y[last - 1], y[last]
    share = min(1.0, (above - goal) / (above - below))
    return float(np.exp(x[last - 1] + share * (x[last] - x[last - 1])))


def labels_needed(
    cell: SystemErrors | None, bases: Sequence[SystemErrors]
) -> tuple[list[float], list[int]] | None:
    """Labels that the baseline needs to be as good as a system.

    ``bases`` are the baseline at two or more increasing budgets.

    Returns:
        tuple: The labels (0 below the first budget, infinity beyond the last
        one) and, of two or more subjects, the ends of their 95 % bootstrap
        interval over subjects; then the seeds used. None without a cell or a
        seed that all have.
    """
    seeds = shared_seeds(cell, *bases) if cell else []
    if not seeds:
        return None
    budgets = [base.budget for base in bases]
    errors = np.stack(
        [one.with_seeds(seeds).mean(axis=0) for one in (cell, *bases)]
    )
    known = ~np.isnan(errors[0])
    errors, subjects = errors[:, known], cell.subjects[known]
    target, *curve = errors.mean(axis=1)
    values = [equal_budget(budgets, curve, target)]
    _, member_of, counts = np.unique(
        subjects, return_inverse=True, return_counts=True
    )
    if len(counts) > 1:
        totals = np.stack([np.bincount(member_of, e) for e in errors])
        drawn = np.random.default_rng(0).integers(
            0, len(counts), (_RESAMPLES, len(counts))
        )
        means = totals[:, drawn].sum(axis=2) / counts[drawn].sum(axis=1)
        found = [equal_budget(budgets, m[1:], m[0]) for m in means.T]
        # Order statistics: nothing lies between a number and infinity.
        ends = np.quantile(found, [0.025, 0.975], method='inverted_cdf')
        values += ends.tolist()
    return values, seeds


def labels_text(values: Sequence[float], budgets: Sequence[int]) -> str:
    """``'31'`` and, below it, the interval, of :func:`labels_needed`."""

    def one(value):
        if value == 0:
            return f'< {budgets[0]}'
        if value == float('inf'):
            return f'> {budgets[-1]}'
        return f'{value:.0f}' if value >= 10 else f'{value:.1f}'

    text, *ends = map(one, values)
    return f'{text}\n[{", ".join(ends)}]' if ends else text


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
        f'axes logarithmic{f"; {band}" if few else ""}.'
    )
    figure = plot_learning_curves(curves, band=few)
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
    known = [cell.budget for cell in bases]
    table = Table(
        f'Labels that {baseline} needs to equal each system at n, and 95 % '
        'bootstrap interval over subjects',
        ['system', *(f'n = {n}' for n in budgets), 'seeds'],
    )
    for system in arm.systems:
        found = [labels_needed(arm.get(system, n), bases) for n in budgets]
        counts = sorted({len(seeds) for _, seeds in filter(None, found)})
        if system != baseline and counts:
            texts = [labels_text(one[0], known) if one else '–'
                     for one in found]  # fmt: skip
            table.rows.append([system, *texts, ' or '.join(map(str, counts))])
    if not table.rows:
        return []
    return [
        table,
        f'"< {known[0]}": {baseline} is better already with {known[0]} '
        f'labels. "> {known[-1]}": it does not reach the system with '
        f'{known[-1]}. Nothing is extrapolated. Seeds are those that the '
        f'system and {baseline} at every budget have.',
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
            row.append(
                difference_text(cell and cell.less(arm.get(baseline, m)))
            )
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
