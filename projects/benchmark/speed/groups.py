"""The groups of a comparison: each measures and makes its table."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from mmengine.config import Config
from rich.table import Table

from .checkpoint_size import checkpoint_sizes
from .comparison import DENOMINATORS, ratios_of, step_systems
from .import_time import import_times
from .latency import inference_latency
from .loader_wait import loader_waits
from .memory import peak_memory
from .opponents import plain_mmpose
from .step_profile import step_profile
from .step_time import step_times
from .steps_apart import step_times_apart
from .synthetic_batch import synthetic_batches
from .tables import profile_table, spread_table

__all__ = ['GROUPS', 'QUICK', 'Effort', 'Pair', 'measure', 'time_steps']


class Pair(NamedTuple):
    """What is compared: ours with regularisers, and ours without."""

    ctd: Config
    ft: Config


class Effort(NamedTuple):
    """How often a thing is measured.

    Attributes:
        rounds (int): Training steps of each system; images are five times as
            many, as one of them is short.
        warm_up (int): Training steps before that.
        processes (int): Fresh processes of each system for its memory.
        process_steps (int): Training steps of such a process.
        imports (int): Fresh processes that import.
        apart (bool): Whether steps are timed in a process for each system,
            see :func:`.step_times_apart`, or all in this one.
        alone (bool): Whether these processes live one after another.
        pause (float): Seconds that stand for a step while loading is timed.
    """

    rounds: int = 7
    warm_up: int = 2
    processes: int = 3
    process_steps: int = 5
    imports: int = 7
    apart: bool = True
    alone: bool = False
    pause: float = 0.5


#: Checks the machinery, not the time.
QUICK = Effort(2, 1, 1, 1, 1, apart=False, pause=0.05)


def time_steps(
    pair: Pair, effort: Effort, systems: Sequence[str]
) -> tuple[dict, dict]:
    """Training steps of the systems, in turn, on the same noise.

    Returns:
        tuple[dict, dict]: System -> seconds, and system -> why not measured.
    """
    configs, missing = step_systems(*pair, systems)
    if effort.apart:
        seconds, failed = step_times_apart(
            configs, pair.ctd, effort.rounds, effort.warm_up, effort.alone
        )
        return seconds, missing | failed
    batches = synthetic_batches(pair.ctd)
    return (
        step_times(configs, effort.rounds, effort.warm_up, batches),
        missing,
    )


def _profile(pair: Pair, effort: Effort, systems: Sequence[str]):
    configs = dict(ctd=pair.ctd, ft=pair.ft)
    parts = step_profile(
        configs, effort.rounds, effort.warm_up, synthetic_batches(pair.ctd)
    )
    seconds = {
        f'{name}: {part}': taken
        for name, of_it in parts.items()
        for part, taken in of_it.items()
        if taken.any()
    }
    return dict(profile_seconds=seconds), profile_table(parts)


def _steps(pair: Pair, effort: Effort, systems: Sequence[str]):
    seconds, missing = time_steps(pair, effort, systems)
    return dict(seconds=seconds, not_measured=missing), spread_table(
        'Seconds of a training step', seconds, DENOMINATORS, missing
    )


def _loader(pair: Pair, effort: Effort, systems: Sequence[str]):
    waits = loader_waits(pair.ctd, effort.pause, rounds=2 * effort.rounds)
    return dict(loader_seconds=waits), spread_table(
        'Seconds a step waits for photographs of 2000x2500 pixels, '
        f'{pair.ctd.train_dataloader.num_workers} workers, a pause of '
        f'{effort.pause:g} s standing for the step',
        waits,
    )


def _memory(pair: Pair, effort: Effort, systems: Sequence[str]):
    wanted = [s for s in ('ctd', 'ft', 'mmpose_ft') if s in systems]
    configs, _ = step_systems(*pair, wanted)
    peaks = peak_memory(configs, effort.processes, effort.process_steps)
    kind = 'held by the GPU' if torch.cuda.is_available() else 'resident'
    return dict(memory_bytes=peaks), spread_table(
        f'Peak memory of a training run, MiB {kind}',
        {name: [p / 2**20 for p in peak] for name, peak in peaks.items()},
        DENOMINATORS,
        digits=0,
        extremes=('least', 'most'),
    )


def _checkpoint(pair: Pair, effort: Effort, systems: Sequence[str]):
    sizes = checkpoint_sizes(dict(ctd=pair.ctd, plain=plain_mmpose(pair.ft)))
    weights = {name: [size['weights']] for name, size in sizes.items()}
    files = {name: [size['file']] for name, size in sizes.items()}
    rows = {name: [w[0] / 1e6] for name, w in weights.items()}
    return dict(
        checkpoint_bytes=weights, checkpoint_file_bytes=files
    ), spread_table(
        'Checkpoint without optimiser, MB of weights',
        rows,
        ('plain',),
        extremes=('least', 'most'),
    )


def _latency(pair: Pair, effort: Effort, systems: Sequence[str]):
    seconds = inference_latency(pair.ctd, 5 * effort.rounds, effort.warm_up)
    return dict(latency_seconds=seconds), spread_table(
        'Milliseconds of inference, one image',
        {name: 1e3 * s for name, s in seconds.items()},
        ('vanilla',),
        digits=1,
    )


def _import(pair: Pair, effort: Effort, systems: Sequence[str]):
    seconds = import_times(effort.imports)
    return dict(import_seconds=seconds), spread_table(
        'Seconds of import: mmpose, then mmpose_ctd beyond it', seconds
    )


#: What is no number of a system.
_WITHOUT_RATIOS = ('import_seconds', 'loader_seconds', 'profile_seconds')
Group = Callable[[Pair, Effort, Sequence[str]], tuple[dict, Table]]
_MEASURES: dict[str, Group] = {
    'steps': _steps,
    'profile': _profile,
    'memory': _memory,
    'checkpoint': _checkpoint,
    'latency': _latency,
    'import': _import,
    'loader': _loader,
}
#: Their names, in the order of a report.
GROUPS = tuple(_MEASURES)


def measure(
    group: str, pair: Pair, effort: Effort, systems: Sequence[str]
) -> tuple[dict, Table]:
    """Measure one group.

    Args:
        group (str): Of :data:`GROUPS`.
        pair (Pair): What is compared.
        effort (Effort): How often.
        systems (Sequence[str]): Rows, of :data:`.comparison.SYSTEMS`.

    Returns:
        tuple[dict, Table]: Raw values by their unit's name and
        ``ratios``, for JSON; and the table.
    """
    raw, table = _MEASURES[group](pair, effort, systems)
    ratios = {}
    plain = {}
    for unit, rows in raw.items():
        plain[unit] = rows
        if unit == 'not_measured':
            continue
        plain[unit] = {name: [float(x) for x in v] for name, v in rows.items()}
        if unit == 'loader_seconds':
            # Waits come in bursts: not the median.
            ratios |= {
                f'loader_{name}_share': float(v.mean())
                / (float(v.mean()) + effort.pause)
                for name, v in rows.items()
            }
        if unit not in _WITHOUT_RATIOS:
            ratios |= ratios_of(unit, rows)
    return dict(plain, ratios=ratios), table
