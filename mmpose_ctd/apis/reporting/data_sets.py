"""Who trained, validated and tested a run."""

import copy
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS

from mmpose_ctd.datasets.unlabelled_images import labelled_part
from mmpose_ctd.errors import InputError

__all__ = ['DataSet', 'describe', 'read_data_sets']

_LOADERS = {
    'training': 'train_dataloader',
    'validation': 'val_dataloader',
    'test': 'test_dataloader',
}


@dataclass
class DataSet:
    """A dataset in numbers.

    Attributes:
        num_images (int): Labelled images.
        subjects (set[str]): Their subjects' ids; never to be printed.
        files (set[str]): Names of their files, likewise.
        sites (set[str]): Where they were taken.
        digest (str): Changes when annotations or image files do.
    """

    num_images: int
    subjects: set = field(default_factory=set)
    files: set = field(default_factory=set)
    sites: set = field(default_factory=set)
    digest: str = ''


def describe(dataset) -> DataSet:
    """Read a built dataset's records, without loading an image."""
    found = DataSet(len(dataset))
    get = getattr(dataset, 'get_data_info', None)
    digest = hashlib.sha256()
    for i in range(len(dataset)) if get else ():
        info = get(i)
        if info.get('subject') is not None:
            found.subjects.add(str(info['subject']))
        if info.get('site') is not None:
            found.sites.add(str(info['site']))
        path = info.get('img_path')
        if path:
            found.files.add(os.path.basename(path))
        digest.update(repr(_record(info, path)).encode())
    found.digest = digest.hexdigest()
    return found


def _record(info: dict, path: str | None) -> tuple:
    points = [
        None if info.get(key) is None else info[key].tolist()
        for key in ('keypoints', 'keypoints_visible', 'bbox')
    ]
    state = os.stat(path) if path and os.path.isfile(path) else None
    file = state and (Path(path).name, state.st_size, state.st_mtime_ns)
    told = [info.get(k) for k in ('subject', 'site', 'mm_per_px', 'img_id')]
    return points, file, told


def read_data_sets(cfg: Config, test: DataSet) -> dict[str, DataSet | None]:
    """Training, validation and test set of a run.

    Args:
        cfg (Config): A Runner's config.
        test (DataSet): The test set, which is already known.

    Returns:
        dict: ``'training'``, ``'validation'`` and ``'test'`` -> the set;
        None where it cannot be found any more; absent where the config has
        none.
    """
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    read = {_text(cfg.test_dataloader.dataset): test}
    found = {}
    for name, key in _LOADERS.items():
        loader = cfg.get(key)
        if not loader:
            continue
        # Two loaders of one set are read once.
        text = _text(loader.dataset)
        if text not in read:
            read[text] = _build(loader.dataset)
        found[name] = read[text]
    return found


def _text(dataset) -> str:
    settings = {k: v for k, v in dataset.items() if k != 'pipeline'}
    return json.dumps(settings, sort_keys=True, default=str)


def _build(config) -> DataSet | None:
    settings = labelled_part(copy.deepcopy(config))
    settings['pipeline'] = []
    try:
        return describe(DATASETS.build(settings))
    except (InputError, OSError):
        return None
