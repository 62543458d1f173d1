"""Random draws that depend on the seed, the step and the sample alone."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine.device import get_device
from torch.utils.data import DataLoader

__all__ = ['SeededBatches', 'SeededItems', 'StepBatches', 'seed_step']

# Keeps the draws of a step apart from those of its samples.
_STEP, _SAMPLE = 0, 1


def _seed(key: Sequence[int]) -> list[int]:
    """Seed random, numpy and torch on the CPU.

    Returns:
        list[int]: 32 and 64 bits, for further generators.
    """
    words = np.random.SeedSequence(key).generate_state(2, np.uint64).tolist()
    random.seed(words[0])
    np.random.seed(words[0] & 0xFFFFFFFF)
    # torch.manual_seed() formats a stack trace where CUDA is not in use.
    torch.default_generator.manual_seed(words[1])
    return words


def seed_step(seed: int, step: int) -> None:
    """Seed what a model draws in a training step, such as dropout.

    Args:
        seed (int): Of the run.
        step (int): Number of the step in the training.
    """
    words = _seed((seed, _STEP, step))
    device = getattr(torch, get_device().split(':')[0], None)
    if hasattr(device, 'manual_seed'):
        device.manual_seed(words[1])


@contextmanager
def _seeded(key: Sequence[int]) -> Iterator[None]:
    """Seed the draws inside; those behind go on as if there were none."""
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
    """An index into a dataset with the key of the sample's draws."""

    def __new__(cls, index: int, key: tuple[int, ...]) -> '_SeededIndex':
        self = super().__new__(cls, index)
        self.key = key
        return self

    def __getnewargs__(self) -> tuple:
        return int(self), self.key


class SeededBatches:
    """Batches of another batch sampler, with the keys of their draws.

    The key of a sample is made of the seed, the round through the data, the
    number of the batch in it, the sample's index and how often the batch has
    had it before: not of the process that prepares it.

    Args:
        batches (Sampler): The batch sampler. Deterministic.
        seed (int): Of the run.

    Attributes:
        round (int): The round that comes next. Always 0 with a sampler that
            has no end.
        skip (int): Batches to leave out before the next one.
    """

    def __init__(self, batches: Any, seed: int) -> None:
        self.batches = batches
        self.seed = seed
        self.round = 0
        self.skip = 0

    @property
    def sampler(self) -> Any:
        """The sampler of single indices, if there is one."""
        return getattr(self.batches, 'sampler', None)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        """The batches of a round; rounds that are skipped whole come first."""
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
        """Have the sampler shuffle for the round that comes next."""
        if hasattr(self.sampler, 'set_epoch'):
            self.sampler.set_epoch(self.round)


class SeededItems:
    """What a data loader calls as ``__getitems__`` of a dataset.

    Args:
        dataset (Dataset): Gives single samples.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        # A subset of another dataset, for example, has one of its own.
        self._own = getattr(dataset, '__getitems__', None)

    def __call__(self, indices: Sequence[int]) -> list:
        return [self._item(index) for index in indices]

    def _item(self, index: int) -> Any:
        if not isinstance(index, _SeededIndex):
            return self._get(index)
        with _seeded(index.key):
            return self._get(int(index))

    def _get(self, index: int) -> Any:
        return self._own([index])[0] if self._own else self.dataset[index]


class StepBatches:
    """What an ``IterBasedTrainLoop`` takes its batches from.

    mmengine's own loads what a resumed run has trained already, unless the
    sampler can skip (``onedl-mmengine``); this one never does.

    Args:
        loader (DataLoader): Its batch sampler is ``batches``.
        batches (SeededBatches): Stands where the training goes on.
        unread (int): Times that the loop asks for a batch in vain, to pass
            over what was trained. Defaults to 0.
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
        """Do nothing: the batch sampler stands there already."""

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
