"""Runs a trained model on its test set and keeps what it predicted."""

import copy
import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Sequence

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
from mmpose_ctd.files import sha256_of, write_whole
from mmpose_ctd.trained import check_same_landmarks, load_trained
from mmpose_ctd.version import __version__

from .tested_set import TestedSet, collect_samples
from .work_dir import TrainedRun

FILE_NAME = 'report_cache.npz'
#: Raise it when the same key would give other content.
_VERSION = 3
_ARRAYS = ('pred', 'true', 'visible')
_CURE = (
    'The checkpoint must belong to the config in the same folder; was one of '
    'them replaced?'
)
#: What a damaged or a foreign file raises.
_DAMAGE = (
    zipfile.BadZipFile,
    ValueError,
    LookupError,
    TypeError,
    OSError,
    EOFError,
)


def test_loader(cfg: Config) -> DataLoader:
    """The config's test loader, in the dataset's order."""
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    loader = copy.deepcopy(cfg.test_dataloader)
    loader.sampler = dict(type='DefaultSampler', shuffle=False, round_up=False)
    # For a single pass, workers need not persist.
    loader.update(persistent_workers=False, drop_last=False)
    return Runner.build_dataloader(loader)


def load_model(run: TrainedRun, metainfo: dict) -> nn.Module:
    """Build a run's model and load its checkpoint, in inference mode.

    Raises:
        InputError: If the checkpoint does not fit the config or the data.
    """
    model = MODELS.build(run.cfg.model)
    path = str(run.checkpoint)
    content = load_trained(model, path, _CURE)
    check_same_landmarks(path, content, metainfo)
    return model.to(get_device()).eval()


class PredictionCache:
    """A run's predictions, computed once and kept in its work dir.

    The file holds plain numbers and JSON, no ids of people and no paths. It
    is valid for one checkpoint, config and data set, whose digest is given.

    Attributes:
        tested (TestedSet, optional): The predictions in the file.
        stale (bool): Whether the file is damaged or for another key.
    """

    def __init__(
        self, run: TrainedRun, loader: DataLoader, data_digest: str
    ) -> None:
        self.run, self.loader = run, loader
        self.path = run.folder / FILE_NAME
        self.key = _key(run, data_digest)
        self._metainfo = getattr(loader.dataset, 'metainfo', None) or {}
        self.tested: TestedSet | None = None
        self.maps: dict[int, np.ndarray] = {}
        self.stale = False
        if self.path.is_file():
            try:
                self.stale = not self._read()
            except _DAMAGE:
                self.stale = True

    def predict(self) -> bool:
        """Fill :attr:`tested`; return whether the file could be written."""
        model = load_model(self.run, self._metainfo)
        self.tested = _predict(model, self.loader, self._metainfo)
        return self._write()

    def heatmaps(self, indices: Sequence[int]) -> np.ndarray | None:
        """Heat-maps of some images, (n, h, w), in [0, 1].

        Each landmark's map is divided by its maximum; each cell shows the
        highest value of all landmarks. A wide or double peak is an unsure
        prediction. None if the head gives no heat-maps.
        """
        missing = [i for i in indices if i not in self.maps]
        if missing:
            model = load_model(self.run, self._metainfo)
            for i in missing:
                found = _heatmap(model, self.loader.dataset[i])
                if found is None:
                    return None
                self.maps[i] = found
            self._write()
        return np.stack([self.maps[i] for i in indices])

    def _read(self) -> bool:
        """Read the file; whether its key is ours."""
        with np.load(self.path, allow_pickle=False) as file:
            about = json.loads(str(file['about']))
            if about['key'] != self.key:
                return False
            maps = dict(zip(about['maps'], file['maps']))
            self.tested = TestedSet(
                **{name: file[name] for name in _ARRAYS},
                geometry={key: file[key] for key in about['geometry']},
                **about['lists'],
            )
        self.maps = maps
        return True

    def _write(self) -> bool:
        lists = dataclasses.asdict(self.tested)
        geometry = lists.pop('geometry')
        arrays = {name: lists.pop(name) for name in _ARRAYS} | geometry
        about = dict(
            key=self.key,
            maps=[*map(int, self.maps)],
            geometry=[*geometry],
            lists=lists,
        )
        content = io.BytesIO()
        np.savez_compressed(
            content,
            about=np.array(json.dumps(about)),
            maps=np.array([*self.maps.values()], dtype=np.float32),
            **arrays,
        )
        try:
            write_whole(self.path, content.getvalue())
        except OSError:
            return False
        return True


def _key(run: TrainedRun, data_digest: str) -> str:
    """What the predictions depend on, in 64 characters."""
    # Inference uses neither teacher nor regularisers.
    model = {
        key: value
        for key, value in run.cfg.model.items()
        if key not in ('teacher', 'regularizers')
    }
    parts = [model, run.cfg.test_dataloader, run.cfg.get('test_cfg')]
    config = json.dumps(parts, sort_keys=True, default=str)
    parts = (_VERSION, __version__, data_digest, config)
    text = repr((*parts, sha256_of(run.checkpoint)))
    return hashlib.sha256(text.encode()).hexdigest()


@torch.no_grad()
def _predict(
    model: nn.Module, loader: DataLoader, metainfo: dict
) -> TestedSet:
    model.test_cfg = dict(model.test_cfg or {}, output_heatmaps=False)
    samples = []
    for batch in loader:
        for output in model.test_step(batch):
            sample = output.to_dict()
            # Fields of pixels would fill the memory.
            for key in ('gt_fields', 'pred_fields', 'gt_instance_labels'):
                sample.pop(key, None)
            samples.append(sample)
    if not samples:
        raise InputError(
            where='test_dataloader.dataset', found='the test set is empty'
        )
    number = samples[0]['gt_instances']['keypoints'].shape[1]
    known = metainfo.get('keypoint_id2name') or {}
    names = [known.get(k, f'landmark_{k}') for k in range(number)]
    return collect_samples(samples, names, metainfo.get('measurements'))


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
