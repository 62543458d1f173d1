"""The runs of one system under the same conditions, one a seed.

S: seeds, N: test images, K: landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from mmpose_ctd.evaluation.functional import (
    area_under_ced,
    bootstrap_interval,
    failure_rate,
    image_errors,
    mean_error,
)

from ..run_record import RunRecord

__all__ = ['NUM_RESAMPLES', 'Cell', 'spread']

#: Resamples of every bootstrap interval of the tables.
NUM_RESAMPLES = 5000


@dataclass(frozen=True)
class Cell:
    """One system with one number of labels.

    Attributes:
        system (str): Its name.
        variant (str): What its study varies; ``''`` for nothing.
        budget (int): Labelled training images.
        runs (tuple[RunRecord, ...]): Sorted by seed, each seed once, all with
            the same test set.
        blocks (np.ndarray, optional): (N,): images of different blocks were
            judged by different networks, whatever their seed is called.
    """

    system: str
    variant: str
    budget: int
    runs: tuple[RunRecord, ...] = field(repr=False)
    blocks: np.ndarray | None = field(default=None, repr=False, compare=False)
    #: Comparisons made so far, so that none is made twice.
    pairs: dict = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        """Of the system, with its variant."""
        return ' '.join(filter(None, (self.system, self.variant)))

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(run.seed for run in self.runs)

    @property
    def subjects(self) -> np.ndarray:
        """(N,) numbers."""
        return self.runs[0].subjects

    @property
    def sites(self) -> np.ndarray:
        """(N,) names."""
        return np.asarray(self.runs[0].sites, dtype=str)

    @property
    def landmarks(self) -> tuple[str, ...]:
        return self.runs[0].landmarks

    @property
    def num_subjects(self) -> int:
        return len(np.unique(self.subjects))

    @cached_property
    def image_errors(self) -> np.ndarray:
        """e_i of each seed, (S, N), NaN where nothing is visible."""
        return np.stack([image_errors(run.errors) for run in self.runs])

    @cached_property
    def mean_errors(self) -> np.ndarray:
        """ME of each seed, (S,)."""
        return np.array([mean_error(errors) for errors in self.image_errors])

    @cached_property
    def mean_error(self) -> float:
        """ME over all seeds."""
        return float(self.mean_errors.mean())

    @cached_property
    def deviation(self) -> float:
        """SD of ME over the seeds, NaN for a single one.

        Of several blocks that of one network drawn for each.
        """
        if self.blocks is None:
            return spread(self.mean_errors)
        variance = 0.0
        for block in np.unique(self.blocks):
            errors = self.image_errors[:, self.blocks == block]
            share = (
                np.isfinite(errors[0]).sum()
                / np.isfinite(self.image_errors[0]).sum()
            )
            variance += (share * spread(np.nanmean(errors, axis=1))) ** 2
        return float(np.sqrt(variance))

    @cached_property
    def interval(self) -> tuple[float, float]:
        """95 % of ME, over subjects, of the errors averaged over seeds."""
        return bootstrap_interval(
            self.image_errors.mean(axis=0),
            self.subjects,
            num_resamples=NUM_RESAMPLES,
        )

    def landmark_errors(self, k: int) -> np.ndarray:
        """Errors of a landmark with each seed and image, (S, N)."""
        return np.stack([run.errors[:, k] for run in self.runs])

    def areas(self, threshold: float) -> np.ndarray:
        """AUC of each seed, (S,)."""
        return np.array(
            [area_under_ced(e, threshold) for e in self.image_errors]
        )

    def failure_rates(self, threshold: float) -> np.ndarray:
        """FR of each seed, (S,), as a share."""
        return np.array(
            [failure_rate(e, threshold) for e in self.image_errors]
        )

    @property
    def seconds(self) -> np.ndarray:
        """Training time of each seed, (S,)."""
        return np.array([run.seconds for run in self.runs], dtype=float)

    def of(self, seeds: Sequence[int]) -> np.ndarray:
        """Which runs have these seeds, as indices."""
        place = {seed: i for i, seed in enumerate(self.seeds)}
        return np.array([place[seed] for seed in seeds], dtype=int)


def spread(values: np.ndarray) -> float:
    """SD (n - 1) over the seeds, NaN for a single one."""
    return float(values.std(ddof=1)) if len(values) > 1 else float('nan')
