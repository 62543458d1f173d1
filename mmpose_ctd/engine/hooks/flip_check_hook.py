"""Refuses mirrored images whose landmarks have no known partner."""

from collections.abc import Iterator

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.runner.base_loop import BaseLoop
from mmpose.registry import HOOKS

from mmpose_ctd.config_values import unwrapped
from mmpose_ctd.datasets.flips import may_flip, refuse_flips


@HOOKS.register_module()
class FlipCheckHook(Hook):
    """Checks ``flip_test`` and the pipelines of wrapping datasets.

    A :class:`.CIFASDDataset` checks its own pipeline, but it knows neither
    the model's ``flip_test`` nor a wrapping dataset whose pipeline flips.

    Raises:
        InputError: Before the first step, see :func:`.refuse_flips`.
    """

    def before_run(self, runner: Runner) -> None:
        """Check the loops that are about to run."""
        test_cfg = getattr(unwrapped(runner.model), 'test_cfg', None) or {}
        flip_test = test_cfg.get('flip_test')
        loops = (runner._train_loop, runner._val_loop, runner._test_loop)
        for loop in loops:
            if not isinstance(loop, BaseLoop):
                continue
            for dataset, flips in _datasets(loop.dataloader.dataset):
                meta = getattr(dataset, 'metainfo', None) or {}
                unsettled = meta.get('unsettled_flips', ())
                likely = meta.get('likely_flip_pairs', ())
                where = getattr(dataset, 'ann_file', '')
                if flips:
                    refuse_flips(unsettled, where, 'RandomFlip', likely)
                if flip_test:
                    how = 'model.test_cfg.flip_test'
                    refuse_flips(unsettled, where, how, likely)


def _datasets(dataset, flips: bool = False) -> Iterator[tuple]:
    """The innermost datasets, and whether a wrapping one flips."""
    inner = getattr(dataset, 'datasets', None) or getattr(
        dataset, 'dataset', None
    )
    if inner is None:
        yield dataset, flips
        return
    flips = flips or may_flip(getattr(dataset, 'pipeline', ()))
    for one in inner if isinstance(inner, (list, tuple)) else [inner]:
        yield from _datasets(one, flips)
