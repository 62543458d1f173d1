"""Batches of so many labelled images and so many others."""

import math
from collections.abc import Iterator

from mmengine.dataset import InfiniteSampler
from mmpose.registry import DATA_SAMPLERS
from torch.utils.data import Sampler

from mmpose_ctd.errors import InputError

__all__ = ['PartlyLabelledBatchSampler']


@DATA_SAMPLERS.register_module()
class PartlyLabelledBatchSampler(Sampler):
    """A batch is ``batch_size`` labelled images and some unlabelled ones.

    Both kinds go round in random order, each at its own pace. The labelled
    images of a batch are those that an ``InfiniteSampler`` of the same seed
    would have drawn from the labelled images alone.

    ::

        train_dataloader = dict(
            batch_size=8,
            sampler=dict(type='InfiniteSampler', shuffle=True),
            batch_sampler=dict(
                type='PartlyLabelledBatchSampler', unlabelled=4
            ),
            dataset=dict(type='PartlyLabelledDataset', ...),
        )

    Args:
        sampler (InfiniteSampler): Its dataset, seed and shuffling are used.
        batch_size (int): Labelled images in a batch.
        unlabelled (int): Unlabelled images in a batch, behind the others.

    Raises:
        InputError: If the dataset does not tell labelled samples from others,
            or the sampler has an end.
    """

    def __init__(
        self, sampler: InfiniteSampler, batch_size: int, unlabelled: int
    ) -> None:
        if not isinstance(sampler, InfiniteSampler) or not hasattr(
            sampler.dataset, 'labelled_indices'
        ):
            raise InputError(
                'PartlyLabelledBatchSampler: found a '
                f'{type(sampler).__name__} of a '
                f'{type(sampler.dataset).__name__}; expected an '
                'InfiniteSampler of a PartlyLabelledDataset.'
            )
        if type(unlabelled) is not int or unlabelled < 1:
            raise InputError(
                'train_dataloader.batch_sampler.unlabelled='
                f'{unlabelled!r}; expected a whole number of 1 or more.'
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.unlabelled = unlabelled
        labelled = sampler.dataset.labelled_indices()
        others = sorted({*range(len(sampler.dataset))} - {*labelled})
        self._labelled, self._others = labelled, others

    def __iter__(self) -> Iterator[list[int]]:
        """Endless batches of indices into the dataset, from the first on."""
        seed = self.sampler.seed
        parts = [
            (part, self._endless(part, part_seed), number)
            for part, number, part_seed in (
                (self._labelled, self.batch_size, seed),
                (self._others, self.unlabelled, seed + 1),
            )
        ]
        while True:
            yield [
                part[next(indices)]
                for part, indices, number in parts
                for _ in range(number)
            ]

    def __len__(self) -> int:
        """Batches of a round through the labelled images."""
        return math.ceil(len(self._labelled) / self.batch_size)

    def _endless(self, part: list[int], seed: int) -> Iterator[int]:
        shuffle = self.sampler.shuffle
        return iter(InfiniteSampler(part, shuffle=shuffle, seed=seed))
