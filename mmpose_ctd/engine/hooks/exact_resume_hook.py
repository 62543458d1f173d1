"""Makes a resumed run end with the weights of an uninterrupted one."""

import logging

from mmengine.dataset import InfiniteSampler
from mmengine.dist import all_reduce_params, is_distributed
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from mmpose.registry import HOOKS
from torch.utils.data import DataLoader, IterableDataset

from mmpose_ctd.engine.seeded_draws import (
    SeededBatches,
    SeededItems,
    StepBatches,
    seed_step,
)

from .finite_loss_hook import saves_after_step

KEY = 'exact_resume'


@HOOKS.register_module()
class ExactResumeHook(Hook):
    """Makes a resumed run end with the weights of an uninterrupted one.

    - Random numbers of augmentations (``random``, ``numpy.random``, torch)
      depend only on the seed, the round or step, and the sample; not on
      loader workers or interruptions.
    - Random numbers of the model, such as dropout, depend on seed and step.
    - A resumed run continues with the next batch and does not load earlier
      ones.
    - The checkpoint keeps the sampler's seed and, with gradient accumulation,
      the gradients so far (those of the main process).
    - In a distributed run BatchNorm statistics are averaged over the
      processes before each checkpoint.

    It works with datasets that give samples by index and with deterministic
    samplers. It does not cover augmentations with their own generator, nor
    GPU algorithms that sum in varying order
    (``randomness=dict(deterministic=True)`` selects others).
    """

    # Before any other hook draws a number.
    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self._batches: SeededBatches | None = None
        self._kept: dict = {}

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Keep the sampler's seed and gathered gradients."""
        kept = {}
        if self._batches is not None:
            seed = getattr(self._batches.sampler, 'seed', None)
            if seed is not None:
                kept['sampler_seed'] = int(seed)
        if getattr(runner.optim_wrapper, '_accumulative_counts', 1) > 1:
            kept['gradients'] = {
                name: value.grad.cpu()
                for name, value in runner.model.named_parameters()
                if value.grad is not None
            }
        checkpoint[KEY] = kept

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Remember what a resumed run needs."""
        if runner._resume:
            self._kept = checkpoint.get(KEY, {})

    def before_train(self, runner) -> None:
        """Have batches carry seeds, and begin with the one that is next."""
        loop = runner.train_loop
        loader = loop.dataloader
        kinds = (EpochBasedTrainLoop, IterBasedTrainLoop)
        if (
            not isinstance(loop, kinds)
            or loader.batch_sampler is None
            or isinstance(loader.dataset, IterableDataset)
        ):
            print_log(
                'This run cannot be resumed exactly: ExactResumeHook needs '
                "mmengine's epoch or iteration loop and a dataset that gives "
                'samples by index.',
                'current',
                logging.WARNING,
            )
            return
        self._batches = _seeded(loader, runner.seed)
        sampler, seed = self._batches.sampler, self._kept.get('sampler_seed')
        if seed is not None and hasattr(sampler, 'seed'):
            sampler.seed = seed
        if isinstance(sampler, InfiniteSampler):
            # An earlier iterator may have advanced it.
            sampler.indices = sampler._indices_of_rank()
        if isinstance(loop, IterBasedTrainLoop):
            self._batches.skip = loop.iter
            # Older versions of mmengine have begun to load by now, without
            # seeds.
            old = not hasattr(loop.dataloader_iterator, 'skip_iter')
            loop.dataloader_iterator = None
            loader._iterator = None
            loop.dataloader_iterator = StepBatches(
                loader, self._batches, unread=loop.iter if old else 0
            )
        else:
            # Saved within an epoch, which mmengine would repeat.
            inside = loop.iter - loop.epoch * len(loader)
            self._batches.skip = inside if 0 < inside <= len(loader) else 0
        gradients = self._kept.get('gradients', {})
        for name, value in runner.model.named_parameters():
            if name in gradients:
                value.grad = gradients[name].to(value.device)

    def before_train_epoch(self, runner) -> None:
        """Begin a round through the data."""
        by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
        if by_epoch and self._batches is not None:
            self._batches.round = runner.epoch
            self._batches.set_epoch()

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        """Seed the step."""
        seed_step(runner.seed, runner.iter)

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        """Average statistics of several processes before a checkpoint."""
        if is_distributed() and saves_after_step(runner):
            all_reduce_params(runner.model.buffers(), op='mean')


def _seeded(loader: DataLoader, seed: int) -> SeededBatches:
    """Have a loader give each sample the seed of its draws."""
    if isinstance(loader.batch_sampler, SeededBatches):
        # Trained before in this process.
        return loader.batch_sampler
    batches = SeededBatches(loader.batch_sampler, seed)
    # DataLoader refuses assignment; new iterators read the attribute.
    vars(loader)['batch_sampler'] = batches
    loader.dataset.__getitems__ = SeededItems(loader.dataset)
    return batches
