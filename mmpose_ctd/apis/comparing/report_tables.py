"""What a section of a report consists of: texts, tables and figures."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.figure import Figure

from mmpose_ctd.apis.error_tables import (
    Table,
    interval,
    number,
    with_interval,
)

from .arms import StudyArm
from .differences import Difference, SystemErrors, corrected, spread


@dataclass
class Plot:
    """A figure; ``name`` is that of its file, ``alt`` says what it shows."""

    name: str
    figure: Figure = field(repr=False)
    caption: str
    alt: str
    num_points: int = 0


@dataclass
class Section:
    """A heading with tables, plots and paragraphs (str).

    ``words`` make the anchor, unique in the report.
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


def slug(*words: object) -> str:
    """A file name or anchor made of any words."""
    text = '_'.join(str(word) for word in words if str(word))
    kept = ''.join(c if c.isascii() and c.isalnum() else '_' for c in text)
    return '_'.join(filter(None, kept.lower().split('_'))) or 'all'


def over_seeds(values: np.ndarray, digits: int, sd=None) -> str:
    """Mean ± SD; the mean alone for a single seed."""
    text = number(float(values.mean()), digits)
    sd = spread(values) if sd is None else sd
    return f'{text} ± {number(sd, digits)}' if sd == sd else text


def change_text(found: Difference) -> str:
    """A difference in pixels and in percent."""
    text = number(found.mean, 3, sign=True)
    if found.relative == found.relative:
        text += f' ({number(100 * found.relative, 1, sign=True)} %)'
    return text


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
            text = over_seeds(cell.mean_errors, 3, cell.deviation)
            if pair and np.isfinite(pair.relative):
                low, high = pair.t_ends
                clear = p < 0.05 and (low > 0 or high < 0)
                change = number(100 * pair.relative, 1, sign=True)
                text += f'\n{change} %{" *" if clear else ""}'
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


def errors_table(
    caption: str, cells: list[SystemErrors], threshold: float
) -> Table:
    """ME, AUC, FR and training time; a row per system."""
    limits = sorted({2.0, 3.0, float(threshold)})
    headings = [
        'system',
        'ME ± SD (px)',
        '[faces]',
        f'AUC at {threshold:g} px',
    ]
    headings += [f'FR at {t:g} px (%)' for t in limits]
    table = Table(caption, [*headings, 'seeds', 'training (s)'])
    table.rows = [
        [
            cell.name,
            over_seeds(cell.mean_errors, 3, cell.deviation),
            interval(*cell.interval, 3) or '–',
            over_seeds(cell.areas(threshold), 3),
            *(over_seeds(100 * cell.failure_rates(t), 1) for t in limits),
            str(len(cell.seeds)),
            over_seeds(cell.runs.seconds.to_numpy(float), 0),
        ]
        for cell in cells
    ]
    return table


def differences_table(
    caption: str,
    pairs: Sequence[Difference | None],
    names: Sequence[str] = (),
) -> list[Table]:
    """The test and all intervals; the rows are one family of hypotheses.

    ``names`` say what each is compared with, if that differs. A pair that is
    None has no row; without any there is no table.
    """
    headings = [
        *('system', 'compared with', 'difference (px)', '[faces]'),
        *('[faces and seeds]\nbootstrap', '[faces and seeds]\nt'),
        *('p (Holm)', 'd_z', 'better with'),
    ]
    table = Table(caption, headings)
    named = names or [''] * len(pairs)
    for pair, name, p in zip(pairs, named, corrected(pairs)):
        if pair is not None:
            ends = (pair.interval, pair.crossed, pair.t_ends)
            better = (pair.by_training < 0).sum()
            table.rows.append(
                [
                    *(pair.ours.name, name, change_text(pair)),
                    *(interval(*two, 3, sign=True) or '–' for two in ends),
                    _p_text(p),
                    number(pair.effect_size, 2, sign=True),
                    f'{better} of {_shared(pair)}',
                ]
            )
    if not names:
        for row in (table.headings, *table.rows):
            del row[1]
    return [table] if table.rows else []


def difference_text(found: Difference | None) -> str:
    """A difference with its intervals over faces and over seeds, too (t)."""
    if found is None:
        return ''
    text = change_text(found)
    for ends in (found.interval, found.t_ends):
        text = with_interval(text, *ends, sign=True)
    return text


def _p_text(value: float) -> str:
    """A p-value, at least a thousandth; a dash for NaN."""
    if value != value:
        return '–'
    return '< 0.001' if value < 0.001 else f'{value:.3f}'


def _shared(pair: Difference) -> str:
    """How many seeds were compared, and whether they are all."""
    if pair.ours.blocks is not None:
        return f'{len(pair.by_training)} trainings'
    count = len(pair.seeds)
    if set(pair.seeds) == set(pair.ours.seeds) == set(pair.base.seeds):
        return f'{count} seed' + ('s' if count != 1 else '')
    return f'{count} shared'


def unequal_notes(cells: list[SystemErrors]) -> list[str]:
    """What is missing or unequal in tables of these systems."""
    notes = []
    once = [cell.name for cell in cells if len(cell.seeds) == 1]
    if once:
        notes.append(
            f'One seed only: {", ".join(once)}. How much another training '
            'would differ is unknown.'
        )
    by_seeds: dict = {}
    by_steps: dict = {}
    for cell in cells:
        by_seeds.setdefault(_listed(cell.seeds), []).append(cell.name)
        for steps in sorted({*cell.runs.steps} - {0}):
            by_steps.setdefault(steps, []).append(cell.name)
    if len(by_seeds) > 1:
        listed = '; '.join(
            f'{", ".join(names)}: {seeds}' for seeds, names in by_seeds.items()
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
