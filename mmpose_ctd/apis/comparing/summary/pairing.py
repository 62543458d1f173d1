"""A system against another on the same faces, with the same seeds.

S: seeds that both have, N: images, G: subjects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from mmpose_ctd.evaluation.functional import (
    CrossedEffects,
    bootstrap_interval,
    cohens_dz,
    crossed_bootstrap_interval,
    crossed_effects_interval,
    holm,
    sign_flip_test,
)

from .cell import NUM_RESAMPLES, Cell

__all__ = ['Pair', 'corrected', 'shared_seeds']


def shared_seeds(*cells: Cell) -> list[int]:
    """Seeds that all cells have, in order."""
    return sorted(set.intersection(*(set(c.seeds) for c in cells)))


@dataclass(frozen=True)
class Pair:
    """The difference of two systems' errors, image by image.

    Only seeds that both have are compared: a seed is also a draw of training
    images, which are then the same for both. Negative is better.

    **The test.** The primary p-value is :func:`sign_flip_test` of the
    subjects' mean differences, averaged over the seeds first. Its null
    hypothesis is about the mean, the very number that the table gives and its
    interval encloses; it needs no normal distribution, which errors of few
    faces do not have; and the unit is the subject, not the image or the
    landmark, which are not independent. The paired t-test and Wilcoxon's
    signed-rank test are given beside it, for readers who trust those. All
    three are about new faces and these very trainings. That of
    :func:`crossed_effects_interval` takes seeds for a sample, too.

    Attributes:
        cell (Cell): The system.
        base (Cell): What it is compared with; the same test set.
        seeds (tuple[int, ...]): Those that both have, at least one.
    """

    cell: Cell
    base: Cell
    seeds: tuple[int, ...]

    @classmethod
    def of(cls, cell: Cell | None, base: Cell | None) -> 'Pair | None':
        """None if one is missing or they have no seed in common."""
        if cell is None or base is None or cell is base:
            return None
        if id(base) not in cell.pairs:
            seeds = tuple(shared_seeds(cell, base))
            cell.pairs[id(base)] = cls(cell, base, seeds) if seeds else None
        return cell.pairs[id(base)]

    @cached_property
    def changes(self) -> np.ndarray:
        """Difference of each seed and image, (S, N)."""
        ours = self.cell.image_errors[self.cell.of(self.seeds)]
        return ours - self.base.image_errors[self.base.of(self.seeds)]

    @cached_property
    def by_image(self) -> np.ndarray:
        """Averaged over the seeds, (N,)."""
        return self.changes.mean(axis=0)

    @cached_property
    def by_seed(self) -> np.ndarray:
        """Difference of ME with each seed, (S,)."""
        return np.nanmean(self.changes, axis=1)

    @cached_property
    def by_training(self) -> np.ndarray:
        """Difference of ME of each training: of a seed, and a block's."""
        blocks = self.cell.blocks
        if blocks is None:
            return self.by_seed
        return np.concatenate(
            [
                np.nanmean(self.changes[:, blocks == block], axis=1)
                for block in np.unique(blocks)
            ]
        )

    @cached_property
    def by_subject(self) -> np.ndarray:
        """Averaged over the seeds and each subject's images, (G,)."""
        known = ~np.isnan(self.by_image)
        _, member_of, counts = np.unique(
            self.cell.subjects[known], return_inverse=True, return_counts=True
        )
        return np.bincount(member_of, self.by_image[known]) / counts

    @property
    def difference(self) -> float:
        """Of ME, in pixels."""
        return float(np.nanmean(self.by_image))

    @property
    def relative(self) -> float:
        """As a share of the other's ME with the same seeds."""
        base = self.base.mean_errors[self.base.of(self.seeds)].mean()
        return self.difference / float(base) if base else float('nan')

    @cached_property
    def interval(self) -> tuple[float, float]:
        """95 %, over subjects."""
        return bootstrap_interval(
            self.by_image, self.cell.subjects, num_resamples=NUM_RESAMPLES
        )

    @cached_property
    def crossed(self) -> tuple[float, float]:
        """95 %, over subjects and seeds."""
        return crossed_bootstrap_interval(
            self.changes,
            self.cell.subjects,
            num_resamples=NUM_RESAMPLES,
            blocks=self.cell.blocks,
        )

    @cached_property
    def random_seeds(self) -> CrossedEffects:
        """t test and interval over subjects and seeds."""
        return crossed_effects_interval(
            self.changes, self.cell.subjects, blocks=self.cell.blocks
        )

    @cached_property
    def p_value(self) -> float:
        """The primary one; not corrected."""
        return sign_flip_test(self.by_subject)

    @cached_property
    def p_t(self) -> float:
        """Paired t-test over subjects."""
        if np.isnan(self.effect_size):
            return float('nan')
        return float(stats.ttest_1samp(self.by_subject, 0.0).pvalue)

    @cached_property
    def p_wilcoxon(self) -> float:
        """Wilcoxon's signed-rank test over subjects."""
        if len(self.by_subject) < 2 or not self.by_subject.any():
            return float('nan')
        return float(stats.wilcoxon(self.by_subject).pvalue)

    @property
    def p_random(self) -> float:
        """Of the t test over subjects and seeds."""
        return self.random_seeds.p_value

    @cached_property
    def effect_size(self) -> float:
        """Cohen's d_z of the subjects' differences."""
        return cohens_dz(self.by_subject)


def corrected(
    pairs: Sequence[Pair | None], name: str = 'p_value'
) -> list[float]:
    """Holm-corrected p-values of a family; NaN where there is no pair.

    What stands in it twice, such as a system and a variant that sets what it
    has anyway, is one hypothesis.
    """
    different: dict[bytes, float] = {}
    for pair in pairs:
        if pair is not None:
            different[pair.changes.tobytes()] = getattr(pair, name)
    by_changes = dict(zip(different, holm([*different.values()]).tolist()))
    return [
        float('nan') if p is None else by_changes[p.changes.tobytes()]
        for p in pairs
    ]
