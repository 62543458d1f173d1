"""Batches of a fixed number of labelled and of unlabelled images."""

import math
from collections.abc import Iterator

from mmengine.dataset import InfiniteSampler
from mmpose.registry import DATA_SAMPLERS
from torch.utils.data import Sampler

from mmpose_ctd.errors import InputError


@DATA_SAMPLERS.register_module()
class PartlyLabelledBatchSampler(Sampler):
    """``batch_size`` labelled images, then ``unlabelled`` other images.

    Both kinds repeat endlessly in random order. The labelled images of a
    batch are those that an ``InfiniteSampler`` of the same seed draws from
    the labelled images alone.

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
        batch_size (int): Labelled images of a batch.
        unlabelled (int): Unlabelled images of a batch.

    Raises:
        InputError: If the dataset is not a :class:`.PartlyLabelledDataset`,
            or the sampler is finite.
    """

    def __init__(
        self, sampler: InfiniteSampler, batch_size: int, unlabelled: int
    ) -> None:
        if not isinstance(sampler, InfiniteSampler) or not hasattr(
            sampler.dataset, 'labelled_indices'
        ):
            raise InputError(
                where='PartlyLabelledBatchSampler',
                found=f'a {type(sampler).__name__} of a '
                f'{type(sampler.dataset).__name__}',
                expected='an InfiniteSampler of a PartlyLabelledDataset',
            )
        if type(unlabelled) is not int or unlabelled < 1:
            raise InputError(
                where='train_dataloader.batch_sampler',
                found=f'unlabelled={unlabelled!r}',
                expected='a whole number of 1 or more',
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.unlabelled = unlabelled
        self._labelled = sampler.dataset.labelled_indices()
        self._others = sorted(
            {*range(len(sampler.dataset))} - {*self._labelled}
        )

    def __iter__(self) -> Iterator[list[int]]:
        """Yield endless batches of indices into the dataset."""
        shuffle, seed = self.sampler.shuffle, self.sampler.seed
        parts = [
            (part, iter(InfiniteSampler(part, shuffle, seed + i)), number)
            for i, (part, number) in enumerate(
                (
                    (self._labelled, self.batch_size),
                    (self._others, self.unlabelled),
                )
            )
        ]
        while True:
            yield [
                part[next(indices)]
                for part, indices, number in parts
                for _ in range(number)
            ]

    def __len__(self) -> int:
        """Batches until each labelled image was drawn once."""
        return math.ceil(len(self._labelled) / self.batch_size)
