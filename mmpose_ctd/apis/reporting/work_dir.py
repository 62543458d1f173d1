"""Reads what a training left in its work dir: config, checkpoint, logs."""

import json
import math
import pickle
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pandas as pd
from mmengine.config import Config

from mmpose_ctd.apis.config_file import parse_config
from mmpose_ctd.checkpoint_file import read_checkpoint
from mmpose_ctd.config_values import entry, is_number
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.framing import merge_options
from mmpose_ctd.privacy import redact

_NUMBERED = re.compile(r'(?:iter|epoch)_(\d+)\.pth')
_STAMP = re.compile(r'^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) - ')
_TRAINING = re.compile(r'(?:Iter|Epoch)\(train\)|Saving checkpoint at ')
#: Lines of mmengine's environment report without a path.
_ENVIRONMENT = re.compile(
    r'^\s{2,8}(Python|GPU [\d,]+|PyTorch|TorchVision|OpenCV|MMEngine|seed)'
    r': (.+)$'
)
#: The environment report is at the top of a log.
_HEAD = 300
_NO_CURVE = {'time', 'data_time', 'iter', 'step', 'epoch', 'memory'}


@dataclass
class TrainedRun:
    """One training: its work dir, and the whole config that it ran with.

    ``config_name`` is without folder and suffix; ``checkpoint`` is the one to
    report, ``chosen_by`` ``'validation'`` if it is a ``best_*``, else
    ``'last'``.
    """

    folder: Path
    cfg: Config
    config_name: str
    checkpoint: Path
    chosen_by: str


@dataclass
class RunLog:
    """What the logs of a work dir contain.

    Attributes:
        training (dict[str, pd.Series]): ``loss``, its terms, ``lr`` and
            everything else that was logged, indexed by training step.
        validation (dict[str, pd.Series]): Metrics of the validations.
        seconds (float, optional): Wall-clock time of the training.
        environment (dict[str, str]): Versions and devices.
        num_restarts (int): How often it was resumed.
    """

    training: dict = field(default_factory=dict)
    validation: dict = field(default_factory=dict)
    seconds: float | None = None
    environment: dict = field(default_factory=dict)
    num_restarts: int = 0


def open_work_dir(
    folder: str | Path, options: dict | None = None
) -> TrainedRun:
    """Read a work dir's config and choose its checkpoint.

    The checkpoint is the newest ``best_*.pth``; else the one that
    ``last_checkpoint`` names; else the highest ``iter_*.pth`` or
    ``epoch_*.pth``. ``options`` override the config, by dotted keys.

    Raises:
        InputError: If something is missing or cannot be read, or if there are
            several configs.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingFileError(
            where=str(folder),
            found='no such folder',
            expected='the work dir of a training, such as '
            'work_dirs/ctd_ed_sface.',
        )
    config, name = _config_file(folder)
    cfg = parse_config(config)
    merge_options(cfg, options or {})
    for key in ('model', 'test_dataloader'):
        if not cfg.get(key):
            raise InputError(
                where=str(config),
                found=f'has no {key}',
                expected='the model and its test data',
            )
    return TrainedRun(folder, cfg, name, *_checkpoint(folder))


def _training_logs(folder: Path) -> list[Path]:
    """Log folders of the trainings, oldest first; tests have no loss."""
    return [
        file.parents[1]
        for file in sorted(folder.glob('*/vis_data/scalars.json'))
        if '"loss"' in file.read_text(encoding='utf-8', errors='replace')
    ]


def _written_with(checkpoint: Path, files: Iterable[Path]) -> list[Path]:
    """Those of the configs that the checkpoint holds the text of."""
    try:
        content = read_checkpoint(str(checkpoint), 'checkpoint', '')
    # It is refused where it is used.
    except (InputError, pickle.UnpicklingError):
        return []
    text = entry(entry(content, 'meta'), 'cfg')
    if not isinstance(text, str):
        return []
    texts = ((file, file.read_text(encoding='utf-8')) for file in files)
    return [file for file, own in texts if text in (own, redact(own))]


def _config_file(folder: Path) -> tuple[Path, str]:
    """The config that the checkpoint was trained with, and its name."""
    copies = sorted(folder.glob('*.py'))
    if not copies:
        raise MissingFileError(
            where=str(folder),
            found='no config (a file <name>.py) in it',
            expected='the work dir of a training, which keeps a copy of its '
            'config.',
        )
    # A later test in this folder overwrites the copy with its own settings.
    used = [run / 'vis_data' / 'config.py' for run in _training_logs(folder)]
    used = [file for file in used if file.is_file()]
    # Nor is it the newest if a later training wrote no checkpoint.
    if len(used) > 1:
        used = _written_with(_checkpoint(folder)[0], used) or used
    used = used[-1:]
    if len(copies) == 1:
        return (used or copies)[0], copies[0].stem
    texts = [file.read_bytes() for file in copies]
    wanted = used[0].read_bytes() if used else texts[0]
    equal = [file for file, text in zip(copies, texts) if text == wanted]
    if not equal or (not used and len(equal) < len(copies)):
        raise InputError(
            where=str(folder),
            found=f'holds {len(copies)} configs, '
            f'{", ".join(c.name for c in copies)}',
            expected='the one that its checkpoints were trained with',
            cure='Train each in its own work dir, or remove the others.',
        )
    # mmengine names its copy as the config; config.py is another tool's.
    return equal[-1], max(equal, key=lambda f: f.stem != 'config').stem


def _checkpoint(folder: Path) -> tuple[Path, str]:
    best = [*folder.glob('best_*.pth')]
    if best:
        newest = max(best, key=lambda p: (p.stat().st_mtime_ns, p.name))
        return newest, 'validation'
    last = folder / 'last_checkpoint'
    if last.is_file():
        # The file of a moved folder still names the old place.
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
            where=str(folder),
            found='no checkpoint (iter_*.pth, epoch_*.pth, best_*.pth) in it',
            cure='Did its training end?',
        )
    return max(numbered)[1], 'last'


def read_run_log(folder: Path) -> RunLog:
    """Read the logs of a work dir's trainings.

    Where a resumed training repeats steps, the repeated ones count.
    """
    runs = _training_logs(folder)
    rows: list[tuple] = []
    for run in runs:
        records = [*_records(run / 'vis_data' / 'scalars.json')]
        steps = [r.get('step') for r in records if 'loss' in r]
        first = min((n for n in steps if n is not None), default=0)
        rows = [row for row in rows if row[2] < first] + [*_rows(records)]
    frame = pd.DataFrame(rows, columns=['trains', 'name', 'step', 'value'])
    training, validation = (
        {
            name: group.set_index('step')['value']
            for name, group in frame[frame['trains'] == trains].groupby(
                'name', sort=False
            )
        }
        for trains in (True, False)
    )
    logs = [file for run in runs for file in sorted(run.glob('*.log'))[:1]]
    seconds = [s for s in map(_seconds, logs) if s is not None]
    return RunLog(
        training=training,
        validation=validation,
        seconds=sum(seconds) if seconds else None,
        environment=_environment(logs[-1]) if logs else {},
        num_restarts=max(0, len(runs) - 1),
    )


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding='utf-8', errors='replace').splitlines()


def _records(file: Path) -> Iterator[dict]:
    for line in _lines(file):
        try:
            record = json.loads(line)
        except ValueError:
            # A killed run leaves half a line.
            continue
        if isinstance(record, dict):
            yield record


def _rows(records: list[dict]) -> Iterator[tuple]:
    step = 0
    for record in records:
        trains = 'loss' in record
        # mmengine logs no step for validations.
        if trains:
            step = record.get('step', step)
        for name, value in record.items():
            if (
                name not in _NO_CURVE
                and is_number(value)
                and math.isfinite(value)
            ):
                yield trains, name, step, float(value)


def _seconds(log: Path) -> float | None:
    """From the start of a log to its last line of training."""
    lines = [(_STAMP.match(line), line) for line in _lines(log)]
    stamps = [match[1] for match, _ in lines if match]
    trained = [m[1] for m, line in lines if m and _TRAINING.search(line)]
    if not trained:
        return None
    begin, end = (
        datetime.strptime(text, '%Y/%m/%d %H:%M:%S')
        for text in (stamps[0], trained[-1])
    )
    return (end - begin).total_seconds()


def _environment(log: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in map(_ENVIRONMENT.match, _lines(log)[:_HEAD]):
        if match:
            found.setdefault(match[1], match[2].partition(' (')[0].strip())
    return found
