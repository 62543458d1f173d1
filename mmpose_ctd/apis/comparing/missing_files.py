"""Files of weights that runs name and that are not there, told beforehand."""

import os.path as osp
from collections.abc import Iterable

from .config_texts import texts_of
from .jobs import Job

__all__ = ['missing_files']

_WEIGHTS = ('.pth', '.pt', '.pkl', '.bin', '.safetensors', '.npz', '.onnx')


def missing_files(jobs: Iterable[Job]) -> list[str]:
    """What will fail for want of a file of weights.

    A run may do without one that its config names, such as the teacher's
    where nothing is learned from it; so this is no error.

    Args:
        jobs (Iterable[Job]): Those still to be done.

    Returns:
        list[str]: A sentence a file: who names it under which key, and how to
        get it where the config says so.
    """
    keys: dict[str, str] = {}
    cures: dict[str, str] = {}
    runs: dict[str, list[str]] = {}
    for job in jobs:
        cfg = job.tests[0].cfg
        if cfg is None:
            continue
        named = {'model': cfg.model, 'load_from': cfg.get('load_from')}
        files = {
            text.value: text
            for text in texts_of(named)
            # An address is fetched when it is needed.
            if text.value.endswith(_WEIGHTS) and '://' not in text.value
        }
        for path, text in files.items():
            if osp.isfile(path):
                continue
            cure = text.parent.get('how_to_get', '')
            keys.setdefault(path, text.key)
            cures[path] = cures.get(path) or cure
            runs.setdefault(path, []).append(job.cell.system)
    return [
        f'{path}, {key} of {", ".join(dict.fromkeys(runs[path]))}, does not '
        f'exist; those of the {len(runs[path])} runs that read it will fail.'
        + (f' To get it: {cures[path]}' if cures[path] else '')
        for path, key in keys.items()
    ]
