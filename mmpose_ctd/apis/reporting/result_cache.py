"""Keeps a run's predictions in its work dir, so that they are made once.

A file of plain numbers and JSON. It holds no id of a person and no path.
"""

import contextlib
import hashlib
import json
import os
import zipfile
from pathlib import Path

import numpy as np
from mmengine.config import Config

from mmpose_ctd.version import __version__

from .tested_set import TestedSet
from .work_dir import TrainedRun

__all__ = ['FILE_NAME', 'ResultCache', 'result_key']

FILE_NAME = 'report_cache.npz'
#: To be raised when the same key would give other content.
_VERSION = 1
_ARRAYS = ('pred', 'true', 'visible')
_LISTS = ('names', 'subjects', 'sites', 'img_ids')


def result_key(run: TrainedRun, data_digest: str) -> str:
    """What the predictions depend on, in 64 characters.

    Args:
        run (TrainedRun): Its checkpoint's bytes and its config count.
        data_digest (str): Of the test set.
    """
    digest = hashlib.sha256()
    told = (_VERSION, __version__, data_digest, _config_text(run.cfg))
    digest.update(repr(told).encode())
    with open(run.checkpoint, 'rb') as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def _config_text(cfg: Config) -> str:
    """The parts of a config that predictions come from."""
    # Teacher and regularisers are gone after training.
    model = {
        key: value
        for key, value in cfg.model.items()
        if key not in ('teacher', 'regularizers')
    }
    parts = [model, cfg.test_dataloader, cfg.get('test_cfg')]
    return json.dumps(parts, sort_keys=True, default=str)


class ResultCache:
    """The predictions of one run, as far as they are known.

    Args:
        run (TrainedRun): Whose work dir holds the file.
        key (str): Of :func:`result_key`.

    Attributes:
        tested (TestedSet, optional): All predictions.
        heatmaps (dict[int, np.ndarray]): Image -> its map (h, w).
        stale (bool): Whether there was a file of another key, or a damaged
            one.
    """

    def __init__(self, run: TrainedRun, key: str) -> None:
        self.path = run.folder / FILE_NAME
        self.key = key
        self.tested: TestedSet | None = None
        self.heatmaps: dict[int, np.ndarray] = {}
        self.stale = False
        if self.path.is_file():
            try:
                self.stale = not self._read()
            except (ValueError, LookupError, TypeError, OSError, EOFError):
                self.stale = True
            except zipfile.BadZipFile:
                self.stale = True
        if self.stale:
            self.tested, self.heatmaps = None, {}

    def _read(self) -> bool:
        with np.load(self.path, allow_pickle=False) as file:
            about = json.loads(str(file['about']))
            if about['key'] != self.key:
                return False
            tested = TestedSet(
                **{name: file[name] for name in _ARRAYS},
                **{name: about[name] for name in _LISTS},
                geometry={
                    key: file[f'geometry_{key}'] for key in about['geometry']
                },
                measurements=about['measurements'],
            )
            maps = file['heatmaps'] if about['heatmaps'] else ()
            self.heatmaps = dict(zip(about['heatmaps'], maps))
        lengths = {
            len(tested.true),
            len(tested.visible),
            *(len(getattr(tested, name)) for name in _LISTS[1:]),
            *(len(values) for values in tested.geometry.values()),
        }
        if lengths != {len(tested.pred)}:
            return False
        self.tested = tested
        return True

    def save(self) -> bool:
        """Write what is known; False where the folder may not be written."""
        tested = self.tested
        arrays = {name: getattr(tested, name) for name in _ARRAYS}
        for key, values in tested.geometry.items():
            arrays[f'geometry_{key}'] = values
        if self.heatmaps:
            arrays['heatmaps'] = np.stack([*self.heatmaps.values()])
        about = dict(
            key=self.key,
            geometry=[*tested.geometry],
            heatmaps=[int(i) for i in self.heatmaps],
            measurements=tested.measurements,
            **{name: getattr(tested, name) for name in _LISTS},
        )
        aside = Path(f'{self.path}.{os.getpid()}.tmp')
        try:
            with open(aside, 'wb') as file:
                np.savez_compressed(
                    file, about=np.array(json.dumps(about)), **arrays
                )
            os.replace(aside, self.path)
        except OSError:
            with contextlib.suppress(OSError):
                aside.unlink()
            return False
        return True
