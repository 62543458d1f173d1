"""Sorts a plan's records into what may be compared with each other."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mmpose_ctd.evaluation.functional import image_errors

from ..run_record import RunRecord
from .cell import Cell

__all__ = ['Arm', 'Comparison', 'arrange']


@dataclass
class Arm:
    """The cells of one study that were tested on the same faces.

    Attributes:
        study (str): Its name.
        held_out (str): The site tested on; ``''`` for the common test set.
        test_set (str): Which faces and true points.
        cells (dict): (system, variant, budget) -> :class:`Cell`, in the
            order of the tables.
        of_sets (tuple[int, int]): Number of this test set, and how many the
            study has at this place: (1, 1) unless records do not fit
            together.
    """

    study: str
    held_out: str
    test_set: str
    cells: dict = field(default_factory=dict)
    of_sets: tuple[int, int] = (1, 1)

    @property
    def title(self) -> str:
        """For captions."""
        parts = [self.study]
        if self.held_out:
            parts.append(f'tested on {self.held_out}, not trained on it')
        if self.of_sets[1] > 1:
            number, count = self.of_sets
            parts.append(f'test set {number} of {count}')
        return ', '.join(filter(None, parts)) or 'all runs'

    @property
    def key(self) -> tuple:
        """What tells it from other arms, for names of files and anchors."""
        number, count = self.of_sets
        return self.study, self.held_out, f'set{number}' if count > 1 else ''

    @property
    def budgets(self) -> list[int]:
        return sorted({budget for _, _, budget in self.cells})

    @property
    def systems(self) -> list[str]:
        return list(dict.fromkeys(system for system, _, _ in self.cells))

    @property
    def landmarks(self) -> tuple[str, ...]:
        return next(iter(self.cells.values())).landmarks

    @property
    def varies(self) -> bool:
        """Whether some cells are variants of others."""
        return any(variant for _, variant, _ in self.cells)

    @property
    def is_plain(self) -> bool:
        """Whether systems are compared, and not a few with their variants."""
        plain = {system for system, variant, _ in self.cells if not variant}
        return not self.varies or len(plain) > 2

    def get(self, system, budget, variant='') -> Cell | None:
        return self.cells.get((system, variant, budget))

    def plain(self, budget: int) -> list[Cell]:
        """The cells of a budget that are no variants."""
        return [
            cell
            for (_, variant, n), cell in self.cells.items()
            if n == budget and not variant
        ]

    def faces(self) -> str:
        """How many were tested on."""
        cell = next(iter(self.cells.values()))
        images, people = len(cell.subjects), cell.num_subjects
        people = f'{people} subject' + ('s' if people != 1 else '')
        return f'{images} test image{"s" if images != 1 else ""} of {people}'


@dataclass
class Comparison:
    """All that a report is about.

    Attributes:
        arms (list[Arm]): Of all studies.
        baseline (str): The system that others are compared with.
        used (list[RunRecord]): The final runs that are in the arms.
        trials (list[RunRecord]): Those of the search.
        warnings (list[str]): What was left out or does not fit, and why.
    """

    arms: list = field(default_factory=list)
    baseline: str = ''
    used: list = field(default_factory=list)
    trials: list = field(default_factory=list)
    warnings: list = field(default_factory=list)


def arrange(
    records: Sequence[RunRecord],
    baseline: str,
    systems: Sequence[str] = (),
    studies: Sequence[str] = (),
) -> Comparison:
    """Sort records into arms and cells.

    Records of other test sets never share an arm. Those that cannot be
    compared with the others are left out, with a warning.

    Args:
        records (Sequence[RunRecord]): In any order, which does not matter.
        baseline (str): The system that others are compared with.
        systems (Sequence[str]): Order of the systems. Others follow, the
            baseline first, then by name.
        studies (Sequence[str]): Order of the studies. Others follow, those
            with the most systems first, then by name.
    """
    found = Comparison(baseline=baseline)
    order = {name: i for i, name in enumerate(systems)}
    finals = []
    for record in sorted(records, key=_key):
        told = _fault(record)
        if told:
            found.warnings.append(f'{describe(record)}: left out, {told}')
        elif record.role == 'trial':
            found.trials.append(record)
        else:
            finals.append(record)
    finals = _alike(_once(finals, found.warnings), found.warnings)

    def place(record):
        system = record.system
        return (
            order.get(system, len(order)),
            system != baseline,
            system,
            _variant_key(record.variant),
        )

    plain = {(r.study, r.system) for r in finals if not r.variant}
    sizes = Counter(study for study, _ in plain)
    rank = {name: i for i, name in enumerate(studies)}
    for study in sorted(
        {r.study for r in finals},
        key=lambda name: (rank.get(name, len(rank)), -sizes[name], name),
    ):
        ours = [r for r in finals if r.study == study]
        for held_out in sorted({r.held_out for r in ours}):
            here = [r for r in ours if r.held_out == held_out]
            # The most used one first: the odd one out is seen as such.
            sets = Counter(r.test_set for r in here)
            ranked = sorted(sets, key=lambda name: (-sets[name], name))
            for i, test_set in enumerate(ranked):
                arm = Arm(study, held_out, test_set)
                arm.of_sets = (i + 1, len(ranked))
                members = [r for r in here if r.test_set == test_set]
                _fill(arm, sorted(members, key=place))
                found.arms.append(arm)
            if len(ranked) > 1:
                found.warnings.append(
                    f'{found.arms[-1].study}: records of {len(ranked)} '
                    'different test sets. They stand in tables of their own '
                    'and are never compared with each other.'
                )
    found.used = finals
    return found


def describe(record: RunRecord) -> str:
    """A run in words."""
    parts = [
        record.study,
        ' '.join(filter(None, (record.system, record.variant))),
        f'n={record.budget}',
        f'seed {record.seed}',
        f'held out {record.held_out}' if record.held_out else '',
    ]
    return ', '.join(filter(None, parts))


def _key(record: RunRecord):
    return (
        record.study,
        record.held_out,
        record.system,
        record.variant,
        record.budget,
        record.seed,
        record.role,
        record.started,
        record.config_hash,
        str(record.commit),
        str(sorted(record.options.items(), key=str)),
    )


def _variant_key(variant: str):
    """Numbers in their order, not in the alphabet's."""
    name, _, value = variant.partition('=')
    try:
        return (name, 0, float(value), '')
    except ValueError:
        return (name, 1, 0.0, value)


def _fault(record: RunRecord) -> str:
    """Why a record cannot be used; empty if it can."""
    if record.role not in ('final', 'trial'):
        return f"role must be 'final' or 'trial', found {record.role!r}."
    if record.role == 'trial':
        return ''
    errors = np.asarray(record.errors)
    wanted = len(record.subjects), len(record.landmarks)
    if errors.shape != wanted or len(record.sites) != wanted[0]:
        return (
            f'{wanted[0]} subjects and {wanted[1]} landmarks do not fit '
            f'errors of shape {errors.shape} and {len(record.sites)} sites.'
        )
    if np.isinf(errors).any() or (errors < 0).any():
        return 'an error is infinite or negative: it did not converge.'
    if np.isnan(image_errors(errors)).all():
        return 'no image has an error.'
    return ''


def _once(records: list, warnings: list) -> list:
    """Of runs that were made twice the one that began last."""
    kept: dict = {}
    for record in records:
        key = (*_key(record)[:7], record.test_set)
        kept.setdefault(key, []).append(record)
    for runs in kept.values():
        if len(runs) > 1:
            warnings.append(
                f'{describe(runs[-1])}: found {len(runs)} times; the one '
                'that was started last counts.'
            )
    return [runs[-1] for runs in kept.values()]


def _alike(records: list, warnings: list) -> list:
    """Records that know the same errors as most of their test set."""
    kept = []
    for test_set in dict.fromkeys(r.test_set for r in records):
        here = [r for r in records if r.test_set == test_set]
        shapes = Counter(map(_shape, here))
        usual = max(shapes, key=lambda shape: (shapes[shape], shape))
        for record in here:
            if _shape(record) == usual:
                kept.append(record)
            else:
                warnings.append(
                    f'{describe(record)}: left out, its images, landmarks or '
                    'missing errors differ from those of the other records '
                    'of the same test set.'
                )
    return sorted(kept, key=_key)


def _shape(record: RunRecord) -> tuple:
    return (
        record.landmarks,
        tuple(map(int, record.subjects)),
        tuple(record.sites),
        np.isnan(record.errors).tobytes(),
    )


def _fill(arm: Arm, records: list) -> None:
    groups: dict = {}
    for record in records:
        key = (record.system, record.variant, record.budget)
        groups.setdefault(key, []).append(record)
    for key, runs in groups.items():
        runs = tuple(sorted(runs, key=lambda run: run.seed))
        arm.cells[key] = Cell(*key, runs)
