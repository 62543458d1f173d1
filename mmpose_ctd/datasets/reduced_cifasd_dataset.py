"""A dataset type in configs of earlier versions."""

import logging

from mmengine.logging import print_log
from mmpose.registry import DATASETS

from .cifasd_dataset import CIFASDDataset

__all__ = ['ReducedCIFASDDataset']


@DATASETS.register_module()
class ReducedCIFASDDataset(CIFASDDataset):
    """Deprecated: a :class:`CIFASDDataset` that logs a warning.

    Args:
        cache_dir, memory_mb, detail: Ignored.
        **kwargs: Arguments of :class:`CIFASDDataset`.
    """

    def __init__(
        self, *args, cache_dir=None, memory_mb=None, detail=None, **kwargs
    ) -> None:
        print_log(
            "type='ReducedCIFASDDataset' is deprecated and builds a "
            'CIFASDDataset: photographs are read in full, and cache_dir, '
            "memory_mb and detail are ignored. Write type='CIFASDDataset'; "
            'shrink large photographs once with mmpose_ctd prepare.',
            'current',
            logging.WARNING,
        )
        super().__init__(*args, **kwargs)
