"""Who trained, validated and tested a run."""

import copy
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config
from mmpose.registry import DATASETS

from mmpose_ctd.datasets.partly_labelled import labelled_part
from mmpose_ctd.errors import InputError


@dataclass
class DataSummary:
    """A dataset in numbers.

    Attributes:
        num_images (int): Labelled images.
        subjects (set[str]): Ids of their subjects; never print them.
        files (set[str]): Names of their files; never print them.
        sites (set[str]): Where they were taken.
        digest (str): Changes when annotations or image files do.
    """

    num_images: int
    subjects: set = field(default_factory=set)
    files: set = field(default_factory=set)
    sites: set = field(default_factory=set)
    digest: str = ''


def summarise(dataset) -> DataSummary:
    """Read the records of a built dataset, without loading an image."""
    found = DataSummary(len(dataset))
    get = getattr(dataset, 'get_data_info', None)
    digest = hashlib.sha256()
    for info in map(get, range(len(dataset))) if get else ():
        path = info.get('img_path')
        for kept, value in (
            (found.subjects, info.get('subject')),
            (found.sites, info.get('site')),
            (found.files, os.path.basename(path) if path else None),
        ):
            if value is not None:
                kept.add(str(value))
        digest.update(repr(_record(info, path)).encode())
    found.digest = digest.hexdigest()
    return found


def _record(info: dict, path: str | None) -> tuple:
    """What a prediction and its truth depend on."""
    points = [
        None if info.get(key) is None else info[key].tolist()
        for key in ('keypoints', 'keypoints_visible', 'bbox')
    ]
    file = None
    if path and os.path.isfile(path):
        state = os.stat(path)
        file = (Path(path).name, state.st_size, state.st_mtime_ns)
    others = [info.get(k) for k in ('subject', 'site', 'mm_per_px', 'img_id')]
    return points, file, others


def read_data_sets(
    cfg: Config, test: DataSummary
) -> dict[str, DataSummary | None]:
    """Training, validation and test set of a run.

    Args:
        cfg (Config): A Runner's config.
        test (DataSummary): The test set, already known.

    Returns:
        dict: ``'training'``, ``'validation'`` and ``'test'`` -> the set; None
        if it cannot be read, absent if the config has none.
    """
    # Loaders of one set share its summary.
    known = {_text(cfg.test_dataloader.dataset): test}
    found = {}
    for name, key in (
        ('training', 'train_dataloader'),
        ('validation', 'val_dataloader'),
        ('test', 'test_dataloader'),
    ):
        if cfg.get(key):
            text = _text(cfg[key].dataset)
            if text not in known:
                known[text] = _built(cfg[key].dataset)
            found[name] = known[text]
    return found


def _text(dataset) -> str:
    settings = {k: v for k, v in dataset.items() if k != 'pipeline'}
    return json.dumps(settings, sort_keys=True, default=str)


def _built(config) -> DataSummary | None:
    settings = labelled_part(copy.deepcopy(config))
    settings['pipeline'] = []
    try:
        return summarise(DATASETS.build(settings))
    except (InputError, OSError):
        return None
