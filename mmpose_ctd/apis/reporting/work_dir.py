"""Finds what a training left in its work dir."""

import re
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.framing import merge_options

__all__ = ['TrainedRun', 'open_work_dir', 'training_logs']

_NUMBERED = re.compile(r'(?:iter|epoch)_(\d+)\.pth')


@dataclass
class TrainedRun:
    """One training.

    Attributes:
        folder (Path): Its work dir.
        cfg (Config): The config that it ran with, whole.
        config_name (str): The config's name, without folder and ending.
        checkpoint (Path): The checkpoint that is reported.
        chosen_by (str): ``'validation'`` for a ``best_*`` checkpoint, else
            ``'last'``.
    """

    folder: Path
    cfg: Config
    config_name: str
    checkpoint: Path
    chosen_by: str


def open_work_dir(
    folder: str | Path, options: dict | None = None
) -> TrainedRun:
    """Read a work dir's config and choose its checkpoint.

    The checkpoint is the newest ``best_*.pth``, which validation chose; else
    the one that ``last_checkpoint`` names; else the highest ``iter_*.pth`` or
    ``epoch_*.pth``.

    Args:
        folder (str or Path): What ``tools/train.py`` wrote.
        options (dict, optional): Overrides of the config, dotted keys.

    Raises:
        MissingFileError: If there is no such folder, no config or no
            checkpoint in it.
        InputError: If the config cannot be read, or there are several.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingFileError(
            f'{folder}: no such folder; expected the work dir of a training, '
            'such as work_dirs/ctd_ed_sface.'
        )
    config, name = _config_file(folder)
    try:
        cfg = Config.fromfile(config)
        merge_options(cfg, options or {})
    except InputError:
        raise
    # A config is a program: whatever it raises is its own mistake.
    except Exception as error:
        told = ' '.join(str(error).split())
        raise InputError(
            f'{config}: {type(error).__name__}: {told}'
        ) from error
    for key in ('model', 'test_dataloader'):
        if not cfg.get(key):
            raise InputError(
                f'{config}: has no {key}; a report needs what the system was '
                'tested with.'
            )
    checkpoint, chosen_by = _checkpoint(folder)
    return TrainedRun(folder, cfg, name, checkpoint, chosen_by)


def training_logs(folder: Path) -> list[Path]:
    """Folders of a work dir's trainings, the oldest first.

    A test leaves a folder there, too; it has no loss.
    """
    return [
        file.parents[1]
        for file in sorted(folder.glob('*/vis_data/scalars.json'))
        if '"loss"' in file.read_text(encoding='utf-8', errors='replace')
    ]


def _config_file(folder: Path) -> tuple[Path, str]:
    """The config of the training, and its name."""
    copies = sorted(folder.glob('*.py'))
    if not copies:
        raise MissingFileError(
            f'{folder}: no config (a file <name>.py) in it; expected the work '
            'dir of a training, which keeps a copy of its config.'
        )
    # A test in the same folder writes the copy anew, with its own settings.
    used = [run / 'vis_data' / 'config.py' for run in training_logs(folder)]
    used = [file for file in used if file.is_file()][-1:]
    if len(copies) == 1:
        return (used or copies)[0], copies[0].stem
    texts = [file.read_bytes() for file in copies]
    alike = [
        file
        for file, text in zip(copies, texts)
        if text == (used[0].read_bytes() if used else texts[0])
    ]
    if not alike or (not used and len(alike) < len(copies)):
        raise InputError(
            f'{folder}: holds {len(copies)} configs, '
            f'{", ".join(c.name for c in copies)}, so that it is not told '
            'which one its checkpoints are of. Train each in a work dir of '
            'its own, or remove the others.'
        )
    # mmengine's copy has the name of the config; config.py is somebody's.
    return alike[-1], max(alike, key=lambda f: f.stem != 'config').stem


def _checkpoint(folder: Path) -> tuple[Path, str]:
    best = sorted(folder.glob('best_*.pth'), key=_age)
    if best:
        return best[-1], 'validation'
    last = folder / 'last_checkpoint'
    if last.is_file():
        # A moved folder's file still names its old place.
        written = last.read_text(encoding='utf-8', errors='replace').strip()
        name = re.split(r'[\\/]', written)[-1]
        if name and (folder / name).is_file():
            return folder / name, 'last'
    numbered = [
        (int(match[1]), path)
        for path in folder.glob('*.pth')
        if (match := _NUMBERED.fullmatch(path.name))
    ]
    if not numbered:
        raise MissingFileError(
            f'{folder}: no checkpoint (iter_*.pth, epoch_*.pth, best_*.pth) '
            'in it. Did its training end?'
        )
    return max(numbered)[1], 'last'


def _age(path: Path) -> tuple:
    return path.stat().st_mtime_ns, path.name
