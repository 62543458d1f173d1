"""Runs a trained model over its test set."""

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import MODELS
from torch import nn
from torch.utils.data import DataLoader

from mmpose_ctd.errors import InputError
from mmpose_ctd.trained import (
    check_same_landmarks,
    load_trained,
)

from .tested_set import TestedSet, collect_samples
from .work_dir import TrainedRun

__all__ = ['Predictor', 'test_loader']

_CURE = (
    'The checkpoint must be of the config that lies beside it; was one of '
    'them replaced?'
)


def test_loader(cfg: Config) -> DataLoader:
    """The config's test loader, in the dataset's order.

    Raises:
        InputError: If its data cannot be used.
    """
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    loader = copy.deepcopy(cfg.test_dataloader)
    loader.sampler = dict(type='DefaultSampler', shuffle=False, round_up=False)
    # One pass: workers that stay would stay for nothing.
    loader.update(persistent_workers=False, drop_last=False)
    return Runner.build_dataloader(loader)


class Predictor:
    """A run's model on its test set.

    Args:
        run (TrainedRun): The training.
        loader (DataLoader): Of :func:`test_loader`.

    Raises:
        InputError: If the checkpoint does not fit the config or the data.
    """

    def __init__(self, run: TrainedRun, loader: DataLoader) -> None:
        self.run = run
        self.loader = loader
        metainfo = getattr(loader.dataset, 'metainfo', None) or {}
        self.names = landmark_names(metainfo)
        model = MODELS.build(run.cfg.model)
        path = str(run.checkpoint)
        content = load_trained(model, path, _CURE)
        check_same_landmarks(path, content, metainfo)
        self.model: nn.Module = model.to(get_device()).eval()

    @torch.no_grad()
    def predict(self, on_image: Callable[[int], None]) -> TestedSet:
        """Predict every image; heat-maps are let go at once.

        Args:
            on_image (Callable): Called with the number of images done since
                the last call.
        """
        samples = []
        with self._heatmaps(False):
            for batch in self.loader:
                outputs = self.model.test_step(batch)
                samples += [_light(output) for output in outputs]
                on_image(len(outputs))
        if not samples:
            raise InputError(
                f'{self.run.folder}: its test set is empty '
                '(test_dataloader.dataset).'
            )
        names = self.names
        if names is None:
            num = samples[0]['gt_instances']['keypoints'].shape[1]
            names = [f'landmark_{k}' for k in range(num)]
        metainfo = getattr(self.loader.dataset, 'metainfo', None) or {}
        return collect_samples(samples, names, metainfo.get('measurements'))

    @torch.no_grad()
    def heatmaps(self, indices: Sequence[int]) -> np.ndarray | None:
        """Where the model sees any landmark, on a few images.

        Each landmark's map is divided by its maximum, and the highest of all
        landmarks is taken: a narrow peak is a sure prediction, a wide or
        double one is not.

        Args:
            indices (Sequence[int]): Images, by their place in the dataset.

        Returns:
            np.ndarray or None: (n, h, w), float32, in [0, 1]; None if the
            head gives no heat-maps.
        """
        found = []
        with self._heatmaps(True):
            for i in indices:
                batch = pseudo_collate([self.loader.dataset[i]])
                fields = getattr(
                    self.model.test_step(batch)[0], 'pred_fields', None
                )
                maps = getattr(fields, 'heatmaps', None)
                if maps is None or maps.ndim != 3:
                    return None
                found.append(_composite(maps.float().cpu().numpy()))
        return np.stack(found)

    def _heatmaps(self, wanted: bool):
        return _TestConfig(self.model, output_heatmaps=wanted)


class _TestConfig:
    """Changes a model's ``test_cfg`` for a while."""

    def __init__(self, model: nn.Module, **changes) -> None:
        self.model, self.changes = model, changes

    def __enter__(self) -> None:
        self.before = self.model.test_cfg
        self.model.test_cfg = dict(self.before or {}, **self.changes)

    def __exit__(self, *_) -> None:
        self.model.test_cfg = self.before


def landmark_names(metainfo: dict) -> list[str] | None:
    """The dataset's K landmark names, in order."""
    names = metainfo.get('keypoint_id2name')
    return [names[k] for k in range(len(names))] if names else None


def _light(sample) -> dict:
    """A data sample without its fields of pixels."""
    kept = sample.to_dict()
    for field in ('gt_fields', 'pred_fields', 'gt_instance_labels'):
        kept.pop(field, None)
    return kept


def _composite(maps: np.ndarray) -> np.ndarray:
    maps = np.maximum(maps, 0)
    peaks = maps.max(axis=(1, 2), keepdims=True)
    return (maps / np.where(peaks > 0, peaks, 1)).max(axis=0)
