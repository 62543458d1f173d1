"""What is compared, and what is measured of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from mmengine.config import Config
from rich.table import Table

from mmpose_ctd.errors import InputError

from .checkpoint_size import checkpoint_sizes
from .import_time import import_times
from .latency import inference_latency
from .loader_wait import loader_waits
from .memory import peak_memory
from .mmrazor_distiller import mmrazor_distiller, why_not_mmrazor
from .opponents import naive_one_forward, plain_mmpose
from .step_profile import step_profile
from .steps_apart import step_times_apart
from .synthetic_batch import synthetic_batches
from .tables import profile_table, spread_table

__all__ = ['GROUPS', 'SYSTEMS', 'Comparison', 'ratios_of']

#: The rows of a comparison of training steps.
SYSTEMS = ('ctd', 'ft', 'mmpose_ft', 'naive_one_forward', 'mmrazor')
# What every row is divided by.
_BELOW = ('ft', 'mmpose_ft')
# Seconds that stand for a step while loading is timed.
_PAUSE = 0.5
# Raw values by their unit, ratios of their medians, and their table.
_Measured = tuple[dict, dict, Table]


@dataclass(frozen=True)
class Comparison:
    """A config with regularisers against its FT and others.

    Attributes:
        ctd (Config): Ours with regularisers.
        ft (Config): Ours without.
        systems (Sequence[str]): Rows, of :data:`SYSTEMS`.
        rounds (int): Measured training steps of each; images are five times
            as many, as one of them is short.
        alone (bool): See :func:`.step_times_apart`.

    Raises:
        InputError: If ``ctd`` has no regulariser, or ``ft`` has one.
    """

    ctd: Config
    ft: Config
    systems: Sequence[str] = SYSTEMS
    rounds: int = 7
    alone: bool = False

    def __post_init__(self) -> None:
        if not self.ctd.model.get('regularizers'):
            raise InputError(
                'The CTD config sets no model.regularizers; expected one '
                'that does, such as configs/frl_faces/ctd_ed_sface.py.'
            )
        if self.ft.model.get('regularizers'):
            raise InputError(
                f'The FT config sets model.regularizers='
                f'{list(self.ft.model.regularizers)}; expected plain '
                'fine-tuning.'
            )

    def configs(self) -> tuple[dict[str, Config], dict[str, str]]:
        """System -> config, and system -> why it cannot run here."""
        configs, missing = dict(ctd=self.ctd, ft=self.ft), {}
        if 'mmpose_ft' in self.systems:
            configs['mmpose_ft'] = plain_mmpose(self.ctd)
        if 'naive_one_forward' in self.systems:
            configs['naive_one_forward'] = naive_one_forward(self.ctd)
        if 'mmrazor' in self.systems:
            why = why_not_mmrazor(self.ctd)
            if why:
                missing['mmrazor'] = why
            else:
                configs['mmrazor'] = mmrazor_distiller(self.ctd)
        chosen = [name for name in self.systems if name in configs]
        return {name: configs[name] for name in chosen}, missing

    def step_seconds(self) -> tuple[dict, dict]:
        """System -> seconds, and system -> why not measured."""
        configs, missing = self.configs()
        seconds, failed = step_times_apart(
            configs, self.ctd, self.rounds, self.alone
        )
        return seconds, missing | failed

    def steps(self) -> _Measured:
        """Training steps in turn, on the same noise."""
        seconds, missing = self.step_seconds()
        table = spread_table(
            'Seconds of a training step', seconds, _BELOW, missing
        )
        raw = dict(seconds=seconds, not_measured=missing)
        return raw, ratios_of(seconds, _BELOW), table

    def profile(self) -> _Measured:
        """Where the time of our steps goes."""
        parts = step_profile(
            dict(ctd=self.ctd, ft=self.ft),
            self.rounds,
            synthetic_batches(self.ctd),
        )
        seconds = {
            f'{name}: {part}': taken
            for name, of_it in parts.items()
            for part, taken in of_it.items()
            if taken.any()
        }
        return dict(profile_seconds=seconds), {}, profile_table(parts)

    def memory(self) -> _Measured:
        """Peak memory of processes that train, three of a system at most."""
        systems = [s for s in ('ctd', 'ft', 'mmpose_ft') if s in self.systems]
        configs, _ = replace(self, systems=systems).configs()
        peaks = peak_memory(configs, min(3, self.rounds))
        kind = 'held by the GPU' if torch.cuda.is_available() else 'resident'
        table = spread_table(
            f'Peak memory of a training run, MiB {kind}',
            {name: np.divide(peak, 2**20) for name, peak in peaks.items()},
            _BELOW,
            digits=0,
        )
        ratios = ratios_of(peaks, _BELOW, 'memory_')
        return dict(memory_bytes=peaks), ratios, table

    def checkpoint(self) -> _Measured:
        """Bytes of the weights in a checkpoint."""
        sizes = checkpoint_sizes(
            dict(ctd=self.ctd, plain=plain_mmpose(self.ft))
        )
        table = spread_table(
            'Checkpoint without optimiser, MB of weights',
            {name: np.divide(size, 1e6) for name, size in sizes.items()},
            ['plain'],
        )
        ratios = ratios_of(sizes, ['plain'], 'checkpoint_')
        return dict(checkpoint_bytes=sizes), ratios, table

    def latency(self) -> _Measured:
        """Inference of one image."""
        seconds = inference_latency(self.ctd, 5 * self.rounds)
        table = spread_table(
            'Milliseconds of inference, one image',
            {name: 1e3 * s for name, s in seconds.items()},
            ['vanilla'],
            digits=1,
        )
        ratios = ratios_of(seconds, ['vanilla'], 'latency_')
        return dict(latency_seconds=seconds), ratios, table

    def import_time(self) -> _Measured:
        """Imports in fresh processes."""
        seconds = import_times(self.rounds)
        table = spread_table(
            'Seconds of import: mmpose, then mmpose_ctd beyond it', seconds
        )
        return dict(import_seconds=seconds), {}, table

    def loader(self) -> _Measured:
        """What is left to wait for of loading large photographs."""
        waits = loader_waits(self.ctd, _PAUSE, rounds=2 * self.rounds)
        table = spread_table(
            'Seconds a step waits for photographs of 2000x2500 pixels, '
            f'{self.ctd.train_dataloader.num_workers} workers, a pause of '
            f'{_PAUSE:g} s standing for the step',
            dict(full=waits),
        )
        # Waits come in bursts: not the median.
        share = waits.mean() / (waits.mean() + _PAUSE)
        ratios = dict(loader_full_share=share)
        return dict(loader_seconds=dict(full=waits)), ratios, table


#: Name -> what measures it, in the order of a report.
GROUPS = {
    'steps': Comparison.steps,
    'profile': Comparison.profile,
    'memory': Comparison.memory,
    'checkpoint': Comparison.checkpoint,
    'latency': Comparison.latency,
    'import': Comparison.import_time,
    'loader': Comparison.loader,
}


def ratios_of(
    values: Mapping[str, Sequence[float]],
    denominators: Sequence[str],
    prefix: str = '',
) -> dict[str, float]:
    """Ratios of medians, ``'memory_ctd_over_ft'`` and the like.

    A row that was not measured is in none.
    """
    medians = {name: float(np.median(v)) for name, v in values.items()}
    return {
        f'{prefix}{name}_over_{below}': median / medians[below]
        for below in denominators
        if below in medians
        for name, median in medians.items()
        if name != below
    }
