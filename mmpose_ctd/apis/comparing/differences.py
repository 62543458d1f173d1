"""Errors of systems on the same faces, and their differences.

S: seeds, N: test images, G: subjects. Errors are in pixels of the image.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from mmpose_ctd.evaluation.functional import (
    CrossedEffects,
    area_under_ced,
    bootstrap_interval,
    cohens_dz,
    crossed_bootstrap_interval,
    crossed_effects_interval,
    failure_rate,
    holm,
    mean_error,
    sign_flip_test,
)

#: Resamples of the bootstrap intervals of ME and of differences.
NUM_RESAMPLES = 5000


def spread(values: np.ndarray) -> float:
    """SD (n - 1) over the seeds, NaN for a single one."""
    return float(values.std(ddof=1)) if len(values) > 1 else float('nan')


@dataclass(frozen=True, eq=False)
class SystemErrors:
    """Errors of one system, or a variant of it, with one number of labels.

    ``variant`` is ``''`` for none. The frame has rows of
    :func:`.results_frame`, S runs of N images, sorted by seed and image.
    ``blocks``, (N,): images of different blocks were tested with different
    networks, whatever their seed.
    """

    system: str
    variant: str
    budget: int
    frame: pd.DataFrame = field(repr=False)
    blocks: np.ndarray | None = field(default=None, repr=False)
    _differences: dict = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Of the system, with its variant."""
        return f'{self.system} {self.variant}'.strip()

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row per seed."""
        return self.frame.drop_duplicates('seed')

    @cached_property
    def images(self) -> pd.DataFrame:
        """A row per image, of the first run."""
        return self.frame[self.frame.seed == self.frame.seed.iloc[0]]

    @cached_property
    def seeds(self) -> list[int]:
        return self.runs.seed.tolist()

    @cached_property
    def subjects(self) -> np.ndarray:
        """(N,) numbers."""
        return self.images.subject.to_numpy()

    @property
    def num_subjects(self) -> int:
        return len(np.unique(self.subjects))

    @cached_property
    def errors(self) -> np.ndarray:
        """Mean error of each image, (S, N), NaN if nothing is visible."""
        return self.with_seeds(self.seeds)

    def with_seeds(self, seeds: Sequence[int], column='error') -> np.ndarray:
        """A column of the frame for these seeds, (S, N)."""
        values = self.frame[column].to_numpy().reshape(len(self.seeds), -1)
        return values[[self.seeds.index(seed) for seed in seeds]]

    @cached_property
    def mean_errors(self) -> np.ndarray:
        """ME of each seed, (S,)."""
        return np.array([mean_error(row) for row in self.errors])

    @property
    def mean_error(self) -> float:
        """ME, averaged over the seeds."""
        return float(self.mean_errors.mean())

    @cached_property
    def deviation(self) -> float:
        """SD of ME over the seeds; each block has a network of its own."""
        if self.blocks is None:
            return spread(self.mean_errors)
        known = np.isfinite(self.errors[0])
        variance = 0.0
        for block in np.unique(self.blocks):
            here = self.blocks == block
            share = known[here].sum() / known.sum()
            means = np.nanmean(self.errors[:, here], axis=1)
            variance += (share * spread(means)) ** 2
        return float(np.sqrt(variance))

    @cached_property
    def interval(self) -> tuple[float, float]:
        """95 % of ME over subjects, errors averaged over the seeds first."""
        return bootstrap_interval(
            self.errors.mean(axis=0),
            self.subjects,
            num_resamples=NUM_RESAMPLES,
        )

    def areas(self, threshold: float) -> np.ndarray:
        """AUC of each seed, (S,)."""
        return np.array([area_under_ced(e, threshold) for e in self.errors])

    def failure_rates(self, threshold: float) -> np.ndarray:
        """FR of each seed, (S,), as a share."""
        return np.array([failure_rate(e, threshold) for e in self.errors])

    def less(self, base: 'SystemErrors | None') -> 'Difference | None':
        """The difference to another system, if they share seeds."""
        if base is None or base is self:
            return None
        if base not in self._differences:
            seeds = shared_seeds(self, base)
            self._differences[base] = (
                Difference(self, base, seeds) if seeds else None
            )
        return self._differences[base]


def shared_seeds(*systems: SystemErrors) -> list[int]:
    """Seeds that all have, in order."""
    return sorted(set.intersection(*(set(one.seeds) for one in systems)))


@dataclass(frozen=True, eq=False)
class Difference:
    """The difference of two systems' errors, image by image.

    Only seeds that both have are compared: a seed is also a draw of training
    images, which are then equal for both. Below 0, ``ours`` is better.

    The primary p-value, :attr:`p_value`, is :func:`.sign_flip_test` of the
    subjects' mean differences, averaged over the seeds first. Its null
    hypothesis is about the mean, which the tables give; it needs no normal
    distribution; its unit is the subject, as images of a person and landmarks
    of a face are not independent. It is about new faces and these networks.
    :attr:`random_seeds` is about new trainings, too.

    Attributes:
        ours (SystemErrors): A system.
        base (SystemErrors): What it is compared with; the same test set.
        seeds (list[int]): Those that both have, at least one.
    """

    ours: SystemErrors
    base: SystemErrors
    seeds: list

    @cached_property
    def changes(self) -> np.ndarray:
        """Of each seed and image, (S, N)."""
        ours, base = self.ours, self.base
        return ours.with_seeds(self.seeds) - base.with_seeds(self.seeds)

    @cached_property
    def by_image(self) -> np.ndarray:
        """Averaged over the seeds, (N,)."""
        return self.changes.mean(axis=0)

    @cached_property
    def by_training(self) -> np.ndarray:
        """Of ME of each training: of each seed, and each block's."""
        blocks = self.ours.blocks
        if blocks is None:
            return np.nanmean(self.changes, axis=1)
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
            self.ours.subjects[known], return_inverse=True, return_counts=True
        )
        return np.bincount(member_of, self.by_image[known]) / counts

    @property
    def mean(self) -> float:
        """Of ME, in pixels."""
        return float(np.nanmean(self.by_image))

    @property
    def relative(self) -> float:
        """As a share of the base's ME with the same seeds."""
        where = [self.base.seeds.index(seed) for seed in self.seeds]
        base = self.base.mean_errors[where].mean()
        return self.mean / float(base) if base else float('nan')

    @cached_property
    def interval(self) -> tuple[float, float]:
        """95 % over subjects."""
        return bootstrap_interval(
            self.by_image, self.ours.subjects, num_resamples=NUM_RESAMPLES
        )

    @cached_property
    def crossed(self) -> tuple[float, float]:
        """95 % over subjects and seeds, by bootstrap."""
        return crossed_bootstrap_interval(
            self.changes,
            self.ours.subjects,
            num_resamples=NUM_RESAMPLES,
            blocks=self.ours.blocks,
        )

    @cached_property
    def random_seeds(self) -> CrossedEffects:
        """t interval and test over subjects and seeds."""
        return crossed_effects_interval(
            self.changes, self.ours.subjects, blocks=self.ours.blocks
        )

    @property
    def t_ends(self) -> tuple[float, float]:
        """Of the t interval over subjects and seeds."""
        return self.random_seeds.low, self.random_seeds.high

    @cached_property
    def p_value(self) -> float:
        """The primary one, not corrected."""
        return sign_flip_test(self.by_subject)

    @cached_property
    def effect_size(self) -> float:
        """Cohen's d_z of the subjects' differences."""
        return cohens_dz(self.by_subject)


def corrected(differences: Sequence[Difference | None]) -> list[float]:
    """Holm-corrected p-values of a family; NaN for None.

    Equal differences, as of a system and a variant that sets what the system
    has anyway, are one hypothesis.
    """
    keys = [one and one.changes.tobytes() for one in differences]
    p_of = {key: one.p_value for key, one in zip(keys, differences) if one}
    p_of = dict(zip(p_of, holm([*p_of.values()]).tolist()))
    return [p_of[key] if key else float('nan') for key in keys]
