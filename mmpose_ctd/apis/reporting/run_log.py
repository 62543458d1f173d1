"""Reads what a training logged: curves, time, environment."""

import json
import math
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from .work_dir import training_logs

__all__ = ['Curve', 'RunLog', 'read_run_log']

_STAMP = re.compile(r'^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) - ')
_TRAINING = re.compile(r'(?:Iter|Epoch)\(train\)|Saving checkpoint at ')
#: What of the environment a reader wants to know; it has no path in it.
_ENVIRONMENT = re.compile(
    r'^\s{2,8}(Python|CUDA available|GPU [\d,]+|CUDA_HOME|PyTorch|'
    r'TorchVision|OpenCV|MMEngine|seed|Distributed launcher|GPU number): (.+)$'
)
_NO_CURVE = {'time', 'data_time', 'iter', 'step', 'epoch', 'memory'}


@dataclass
class Curve:
    """Values over the steps of a training."""

    steps: list = field(default_factory=list)
    values: list = field(default_factory=list)


@dataclass
class RunLog:
    """What the files of a work dir tell of its training.

    Attributes:
        training (dict[str, Curve]): ``loss``, its terms, ``lr`` and whatever
            else was logged.
        validation (dict[str, Curve]): Each validation's metrics.
        seconds (float, optional): Wall-clock time of the training.
        environment (dict[str, str]): Versions and devices.
        num_restarts (int): How many times it was resumed.
    """

    training: dict = field(default_factory=dict)
    validation: dict = field(default_factory=dict)
    seconds: float | None = None
    environment: dict = field(default_factory=dict)
    num_restarts: int = 0


def read_run_log(folder: Path) -> RunLog:
    """Read the logs of a work dir.

    Folders of tests are passed over. Of a resumed training's earlier parts
    the steps that were made again are left out.

    Args:
        folder (Path): The work dir.
    """
    log = RunLog()
    runs = [
        (run, _records(run / 'vis_data' / 'scalars.json'))
        for run in training_logs(folder)
    ]
    log.num_restarts = max(0, len(runs) - 1)
    for _, records in runs:
        _add(log, records)
    spans = [
        _times(text)
        for run, _ in runs
        for text in sorted(run.glob('*.log'))[:1]
    ]
    known = [span for span in spans if span is not None]
    if known:
        log.seconds = sum(known)
    for run, _ in runs[-1:]:
        for text in sorted(run.glob('*.log'))[:1]:
            log.environment = _environment(text)
    return log


def _records(file: Path) -> list[dict]:
    records = []
    with open(file, encoding='utf-8', errors='replace') as lines:
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                # A run that was killed leaves half a line.
                continue
            if isinstance(record, dict):
                records.append(record)
    return records


def _add(log: RunLog, records: list[dict]) -> None:
    numbers = [r.get('step') for r in records if 'loss' in r]
    first = min((n for n in numbers if n is not None), default=0)
    for curves in (log.training, log.validation):
        for curve in curves.values():
            kept = [i for i, step in enumerate(curve.steps) if step < first]
            curve.steps = [curve.steps[i] for i in kept]
            curve.values = [curve.values[i] for i in kept]
    step = 0
    for record in records:
        trains = 'loss' in record
        if trains:
            step = record.get('step', step)
        # mmengine gives validations no step of their own.
        curves = log.training if trains else log.validation
        for name, value in record.items():
            if name in _NO_CURVE or not _is_number(value):
                continue
            curve = curves.setdefault(name, Curve())
            curve.steps.append(step)
            curve.values.append(float(value))


def _is_number(value) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and math.isfinite(value)
    )


def _times(file: Path) -> float | None:
    """Seconds from the start of a log to its last line of training."""
    first = last = None
    with open(file, encoding='utf-8', errors='replace') as lines:
        for line in lines:
            match = _STAMP.match(line)
            if not match:
                continue
            if first is None:
                first = match[1]
            if _TRAINING.search(line):
                last = match[1]
    if last is None:
        return None
    begin, end = (
        datetime.strptime(text, '%Y/%m/%d %H:%M:%S') for text in (first, last)
    )
    return (end - begin).total_seconds()


def _environment(file: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    with open(file, encoding='utf-8', errors='replace') as lines:
        for number, line in enumerate(lines):
            match = _ENVIRONMENT.match(line)
            if match and match[1] not in found:
                found[match[1]] = match[2].partition(' (')[0].strip()
            # It stands at the beginning.
            if number > 300:
                break
    found.pop('CUDA_HOME', None)
    return found
