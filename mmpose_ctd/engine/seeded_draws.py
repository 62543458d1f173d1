"""Random numbers that depend only on the seed, the step and the sample."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine.device import get_device
from torch.utils.data import DataLoader

# Separates the random numbers of a step from those of its samples.
_STEP, _SAMPLE = 0, 1


def _seed(key: Sequence[int]) -> list[int]:
    """Seed random, numpy and torch on the CPU; gives two 64-bit seeds."""
    words = np.random.SeedSequence(key).generate_state(2, np.uint64).tolist()
    random.seed(words[0])
    np.random.seed(words[0] & 0xFFFFFFFF)
    # torch.manual_seed() is slow: it formats a stack trace without CUDA.
    torch.default_generator.manual_seed(words[1])
    return words


def seed_step(seed: int, step: int) -> None:
    """Seed the model's random numbers, such as dropout, of a step."""
    words = _seed((seed, _STEP, step))
    device = getattr(torch, get_device().split(':')[0], None)
    if hasattr(device, 'manual_seed'):
        device.manual_seed(words[1])


@contextmanager
def _seeded(key: Sequence[int]) -> Iterator[None]:
    """Seed the block and restore the generators after it."""
    states = (
        random.getstate(),
        np.random.get_state(),
        torch.default_generator.get_state(),
    )
    _seed(key)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.default_generator.set_state(states[2])


class _SeededIndex(int):
    """A dataset index with the key of the sample's random numbers."""

    def __new__(cls, index: int, key: tuple[int, ...]) -> '_SeededIndex':
        self = super().__new__(cls, index)
        self.key = key
        return self

    def __getnewargs__(self) -> tuple:
        return int(self), self.key


class SeededBatches:
    """Wraps a batch sampler: adds keys of random numbers to its indices.

    The key of a sample consists of the seed, the round through the data, the
    number of the batch in it, the sample's index and its earlier occurrences
    in the batch. It does not depend on the loading process.

    Args:
        batches (Sampler): A deterministic batch sampler.
        seed (int): Of the run.

    Attributes:
        round (int): The next round; always 0 with an infinite sampler.
        skip (int): Batches to skip before the next one.
    """

    def __init__(self, batches: Any, seed: int) -> None:
        self.batches = batches
        self.seed = seed
        self.round = 0
        self.skip = 0

    @property
    def sampler(self) -> Any:
        """The sampler of single indices, or None."""
        return getattr(self.batches, 'sampler', None)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the batches of a round, after skipped whole rounds."""
        while True:
            before = self.skip
            for number, batch in enumerate(self.batches):
                if self.skip:
                    self.skip -= 1
                    continue
                yield self._with_keys(number, batch)
            self.round += 1
            if not self.skip or self.skip == before:
                return
            self.set_epoch()

    def _with_keys(self, number: int, batch: Sequence[int]) -> list[int]:
        place = (self.seed, _SAMPLE, self.round, number)
        before: Counter = Counter()
        indices = []
        for index in map(int, batch):
            key = (*place, index, before[index])
            indices.append(_SeededIndex(index, key))
            before[index] += 1
        return indices

    def set_epoch(self) -> None:
        """Let the sampler shuffle for the next round."""
        if hasattr(self.sampler, 'set_epoch'):
            self.sampler.set_epoch(self.round)


class SeededItems:
    """Replaces ``__getitems__`` of a dataset; seeds each sample."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __call__(self, indices: Sequence[int]) -> list:
        return [self._item(index) for index in indices]

    def _item(self, index: int) -> Any:
        if not isinstance(index, _SeededIndex):
            return self.dataset[index]
        with _seeded(index.key):
            return self.dataset[int(index)]


class StepBatches:
    """The data iterator of an ``IterBasedTrainLoop``.

    Unlike mmengine's it does not load batches that were trained before.

    Args:
        loader (DataLoader): Its batch sampler is ``batches``.
        batches (SeededBatches): Positioned at the next batch.
        unread (int): Number of calls to answer with None, by which older
            versions of mmengine skip batches. Defaults to 0.
    """

    def __init__(
        self, loader: DataLoader, batches: SeededBatches, unread: int = 0
    ) -> None:
        self.loader = loader
        self.batches = batches
        self._unread = unread
        self._iterator: Iterator | None = None

    def __iter__(self) -> 'StepBatches':
        return self

    def skip_iter(self, number: int) -> None:
        """Do nothing: the batch sampler has the right position."""

    def __next__(self) -> Any:
        if self._unread:
            self._unread -= 1
            return None
        if self._iterator is None:
            self._iterator = iter(self.loader)
        try:
            return next(self._iterator)
        except StopIteration:
            self.batches.set_epoch()
            self._iterator = iter(self.loader)
            return next(self._iterator)
