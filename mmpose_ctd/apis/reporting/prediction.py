"""Runs a trained model on its test set."""

import copy
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpose.registry import MODELS
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmpose_ctd.trained import check_same_landmarks, load_trained

from .tested_set import TestedSet
from .work_dir import TrainedRun

_CURE = (
    'The checkpoint must belong to the config in the same folder; was one of '
    'them replaced?'
)


def test_loader(cfg: Config) -> DataLoader:
    """The config's test loader, in the dataset's order."""
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    loader = copy.deepcopy(cfg.test_dataloader)
    loader.sampler = dict(type='DefaultSampler', shuffle=False, round_up=False)
    # For a single pass, workers need not persist.
    loader.update(persistent_workers=False, drop_last=False)
    return Runner.build_dataloader(loader)


def predict(run: TrainedRun, loader: DataLoader) -> TestedSet:
    """What a run's model predicts on its test set.

    Raises:
        InputError: If the checkpoint does not fit the config or the data.
    """
    model = _load_model(run, loader.dataset)
    return TestedSet(_outputs(model, loader), _metainfo(loader.dataset))


def heatmaps(
    run: TrainedRun, dataset: Dataset, indices: Sequence[int]
) -> np.ndarray | None:
    """Heat-maps of some images, (n, h, w), in [0, 1].

    Each landmark's map is divided by its maximum; each cell shows the
    highest value of all landmarks. A wide or double peak is an unsure
    prediction. None if the head gives no heat-maps.
    """
    # Loaded again: many systems would fill the memory.
    model = _load_model(run, dataset)
    maps = [_heatmap(model, dataset[i]) for i in indices]
    return None if any(one is None for one in maps) else np.stack(maps)


def _load_model(run: TrainedRun, dataset: Dataset) -> nn.Module:
    model = MODELS.build(run.cfg.model)
    path = str(run.checkpoint)
    content = load_trained(model, path, _CURE)
    check_same_landmarks(path, content, _metainfo(dataset))
    return model.to(get_device()).eval()


def _metainfo(dataset: Dataset) -> dict:
    return getattr(dataset, 'metainfo', None) or {}


@torch.no_grad()
def _outputs(model: nn.Module, loader: DataLoader) -> Iterator[dict]:
    model.test_cfg = dict(model.test_cfg or {}, output_heatmaps=False)
    for batch in loader:
        for output in model.test_step(batch):
            yield output.to_dict()


@torch.no_grad()
def _heatmap(model: nn.Module, sample: dict) -> np.ndarray | None:
    model.test_cfg = dict(model.test_cfg or {}, output_heatmaps=True)
    (output,) = model.test_step(pseudo_collate([sample]))
    fields = getattr(output, 'pred_fields', None)
    maps = getattr(fields, 'heatmaps', None)
    if maps is None or maps.ndim != 3:
        return None
    maps = np.maximum(maps.float().cpu().numpy(), 0)
    peaks = maps.max(axis=(1, 2), keepdims=True)
    return (maps / np.where(peaks > 0, peaks, 1)).max(axis=0)
