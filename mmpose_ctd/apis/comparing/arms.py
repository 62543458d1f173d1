"""The systems of a study that were tested on the same faces."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from .differences import (
    Difference,
    SystemErrors,
    corrected,
    shared_seeds,
    spread,
)


@dataclass
class StudyArm:
    """The systems of one study that were tested on the same faces.

    Attributes:
        study (str): Its name.
        held_out (str): The site tested on; ``''`` for the common test set.
        test_set (str): Of the records.
        cells (dict): (system, variant, budget) -> :class:`SystemErrors`, in
            the order of the tables.
        landmarks (tuple[str, ...]): K names.
        of_sets (tuple[int, int]): Number of this test set and how many the
            study has here; (1, 1) unless records do not fit together.
    """

    study: str
    held_out: str
    test_set: str
    cells: dict
    landmarks: tuple
    of_sets: tuple = (1, 1)

    @property
    def title(self) -> str:
        """For captions."""
        parts = [self.study]
        if self.held_out:
            parts.append(f'tested on {self.held_out}, not trained on it')
        if self.of_sets[1] > 1:
            parts.append('test set {} of {}'.format(*self.of_sets))
        return ', '.join(filter(None, parts)) or 'all runs'

    @property
    def key(self) -> tuple:
        """Distinguishes arms in names of files and anchors."""
        number, count = self.of_sets
        return self.study, self.held_out, f'set{number}' if count > 1 else ''

    @property
    def budgets(self) -> list[int]:
        return sorted({budget for _, _, budget in self.cells})

    @property
    def systems(self) -> list[str]:
        return list(dict.fromkeys(system for system, _, _ in self.cells))

    @property
    def is_plain(self) -> bool:
        """Whether it compares systems, not only a few with their variants."""
        plain = {system for system, variant, _ in self.cells if not variant}
        return len(plain) > 2 or not any(v for _, v, _ in self.cells)

    @property
    def first(self) -> SystemErrors:
        return next(iter(self.cells.values()))

    def get(self, system, budget, variant='') -> SystemErrors | None:
        return self.cells.get((system, variant, budget))

    def plain(self, budget: int) -> list[SystemErrors]:
        """Those with a budget that are no variants."""
        return [
            cell
            for (_, variant, n), cell in self.cells.items()
            if n == budget and not variant
        ]


def arms_of(
    frame: pd.DataFrame,
    baseline: str,
    systems: Sequence[str] = (),
    studies: Sequence[str] = (),
) -> list[StudyArm]:
    """Group final runs, see :func:`.results_frame`, by study and faces.

    Systems not in ``systems`` follow, the baseline first, then by name;
    studies not in ``studies`` follow, those with the most systems first.
    """
    order = {name: i for i, name in enumerate(systems)}
    rank = {name: i for i, name in enumerate(studies)}
    plain = frame[frame.variant == ''].groupby('study').system.nunique()

    def place(study):
        return rank.get(study, len(rank)), -plain.get(study, 0), study

    def row(key):
        system, variant, budget = key
        number = order.get(system, len(order))
        return number, system != baseline, system, *_in_order(variant), budget

    keys = ['system', 'variant', 'budget']
    arms = []
    for study, held_out in sorted(
        {*zip(frame.study, frame.held_out)}, key=lambda k: (place(k[0]), k[1])
    ):
        here = frame[(frame.study == study) & (frame.held_out == held_out)]
        # The most used test set first: the odd one is shown as such.
        sets = here.groupby('test_set').run.nunique()
        sets = sorted(sets.index, key=lambda name: (-sets[name], name))
        for i, test_set in enumerate(sets, 1):
            rows = here[here.test_set == test_set]
            rows = rows.sort_values(['seed', 'image'], kind='stable')
            groups = dict([*rows.groupby(keys)])
            cells = {
                key: SystemErrors(*key, groups[key])
                for key in sorted(groups, key=row)
            }
            names, of_sets = rows.landmarks.iloc[0], (i, len(sets))
            arms.append(
                StudyArm(study, held_out, test_set, cells, names, of_sets)
            )
    return arms


def _in_order(variant: str) -> tuple:
    """Sorts variants such as ``'steps=90'`` by their number."""
    name, _, value = variant.partition('=')
    try:
        return name, 0, float(value), ''
    except ValueError:
        return name, 1, 0.0, value


def pooled(arms: Sequence[StudyArm]) -> tuple[StudyArm, int] | None:
    """The images of several held-out sites as one test set, and its budget.

    Each image is tested by the networks that did not train on its site.
    Systems have the seeds that they have on all sites; those without one are
    left out. None for a single site, several budgets or test sets on a site,
    or different landmarks.
    """
    budgets = [[n for n in arm.budgets if arm.plain(n)] for arm in arms]
    if (
        len(arms) < 2
        or any(len(found) != 1 for found in budgets)
        or any(arm.of_sets[1] > 1 for arm in arms)
        or len({arm.landmarks for arm in arms}) > 1
    ):
        return None
    budget = min(n for (n,) in budgets)
    cells = {}
    for system in arms[0].systems:
        parts = [arm.get(system, n) for arm, (n,) in zip(arms, budgets)]
        seeds = shared_seeds(*parts) if all(parts) else []
        if not seeds:
            continue
        frames, people, images = [], 0, 0
        for part in parts:
            rows = part.frame[part.frame.seed.isin(seeds)]
            subject, image = rows.subject + people, rows.image + images
            frames.append(rows.assign(subject=subject, image=image))
            people, images = subject.max() + 1, images + len(part.images)
        together = pd.concat(frames).sort_values(
            ['seed', 'image'], kind='stable'
        )
        # Networks of two sites share nothing but the number of their seed.
        blocks = np.repeat(
            [arm.held_out for arm in arms], [len(p.images) for p in parts]
        )
        cells[system, '', budget] = SystemErrors(
            system, '', budget, together, blocks
        )
    if not cells:
        return None
    name = '+'.join(arm.test_set for arm in arms)
    arm = StudyArm(arms[0].study, 'all sites', name, cells, arms[0].landmarks)
    return arm, budget


def reference(
    cell: SystemErrors, arms: Sequence[StudyArm], baseline: str = ''
) -> tuple[SystemErrors | None, str]:
    """What a system or a variant is compared with, and its name.

    The ``baseline`` with the cell's variation, else as it is; without a
    baseline the cell's own system without its variation. ``arms`` have the
    same test set, the cell's first; the first reference that shares a seed is
    taken.
    """
    wanted = [(baseline, cell.variant), (baseline, '')]
    if not baseline:
        wanted = [(cell.system, '')] if cell.variant else []
    elif cell.system == baseline:
        wanted = []
    for arm in arms:
        for system, variant in wanted:
            found = arm.get(system, cell.budget, variant)
            if found and cell.less(found):
                of = '' if arm is arms[0] else f' ({arm.study})'
                return found, found.name + of
    return None, ''


def of_the_same_faces(
    arm: StudyArm, arms: Sequence[StudyArm]
) -> list[StudyArm]:
    """The arm, then those of other studies with its test set and site."""
    faces = arm.test_set, arm.held_out
    others = [one for one in arms if one is not arm]
    return [arm] + [
        one for one in others if (one.test_set, one.held_out) == faces
    ]


# ------------------------------------------------------------------- numbers


def summary_rows(
    arms: Sequence[StudyArm], baseline: str, threshold: float
) -> list[dict]:
    """The numbers of the tables, a row per study, system, variant and budget.

    Differences are to ``reference``: the baseline; for a variant the same
    system without the variation, else the baseline. NaN is unknown.
    """
    rows = []
    for arm in arms:
        places = of_the_same_faces(arm, arms)
        # Systems and variants are two families of hypotheses.
        for budget, is_varied in product(arm.budgets, (False, True)):
            cells = [
                cell
                for cell in arm.cells.values()
                if cell.budget == budget and bool(cell.variant) == is_varied
            ]
            bases = [
                reference(cell, places)[0]
                or reference(cell, places, baseline)[0]
                if is_varied
                else arm.get(baseline, budget)
                for cell in cells
            ]
            pairs = [cell.less(base) for cell, base in zip(cells, bases)]
            rows += [
                {
                    'study': arm.study,
                    'held_out': arm.held_out,
                    'test_set': arm.test_set,
                    **_cell_numbers(cell, threshold),
                    **_pair_numbers(pair, p),
                }
                for cell, pair, p in zip(cells, pairs, corrected(pairs))
            ]
    return rows


def _cell_numbers(cell: SystemErrors, threshold: float) -> dict:
    low, high = cell.interval
    areas = cell.areas(threshold)
    limits = sorted({2.0, 3.0, float(threshold)})
    return {
        'system': cell.system,
        'variant': cell.variant,
        'budget': cell.budget,
        'seeds': ' '.join(map(str, cell.seeds)),
        'images': len(cell.subjects),
        'subjects': cell.num_subjects,
        # Of me, difference and the thresholds of auc and fr.
        'unit': 'image px',
        'me': cell.mean_error,
        'me_sd': cell.deviation,
        'me_low': low,
        'me_high': high,
        f'auc_{threshold:g}': float(areas.mean()),
        f'auc_{threshold:g}_sd': spread(areas),
        **{f'fr_{t:g}': float(cell.failure_rates(t).mean()) for t in limits},
        'training_seconds': float(cell.runs.seconds.mean()),
        'steps': ' '.join(map(str, sorted({*cell.runs.steps}))),
    }


_PAIR = (
    *('difference', 'difference_relative'),
    *('difference_low_faces', 'difference_high_faces'),
    *('difference_low_faces_seeds', 'difference_high_faces_seeds'),
    *('p_sign_flip', 'p_sign_flip_holm', 'd_z'),
    *('difference_low_faces_seeds_t', 'difference_high_faces_seeds_t'),
    'p_faces_seeds_t',
)


def _pair_numbers(pair: Difference | None, p_holm: float) -> dict:
    if pair is None:
        nothing = dict.fromkeys(_PAIR, float('nan'))
        return {**nothing, 'reference': '', 'shared_seeds': ''}
    numbers = (
        *(pair.mean, pair.relative, *pair.interval, *pair.crossed),
        *(pair.p_value, p_holm, pair.effect_size),
        *(*pair.t_ends, pair.random_seeds.p_value),
    )
    return {
        **dict(zip(_PAIR, numbers, strict=True)),
        'reference': pair.base.name,
        'shared_seeds': ' '.join(map(str, pair.seeds)),
    }
