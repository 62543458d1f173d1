"""How the systems were trained: data, seed, time, curves, machine."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mmpose_ctd.files import file_hash
from mmpose_ctd.machine import machine_class
from mmpose_ctd.visualization import plot_training

from .pictures import Picture, drawing
from .run_log import Curve, RunLog
from .system import RunResult, System
from .tables import Table

__all__ = ['TrainingSection', 'training_section']

_LOSS, _RATE = 'loss', 'learning rate'
#: Of the environment that mmengine logs.
_TOLD = {'Python', 'PyTorch', 'TorchVision', 'OpenCV', 'MMEngine'} | {
    f'GPU {n}' for n in ('0', '0,1', '0,1,2,3', '0,1,2,3,4,5,6,7')
}


@dataclass
class TrainingSection:
    """What is known of the trainings.

    Attributes:
        runs (Table): A row each.
        curves (list[tuple[str, list[Picture]]]): Name of a run and its curves.
        machines (list[Table]): Where it was trained, and reported.
    """

    runs: Table
    curves: list = field(default_factory=list)
    machines: list = field(default_factory=list)


def training_section(systems: Sequence[System]) -> TrainingSection:
    """Data, time, curves and machines of all runs."""
    table = Table(
        'Trainings; subjects and images of each data set',
        [
            'system',
            'config',
            'checkpoint',
            'seed',
            'time',
            'training',
            'validation',
            'test',
        ],
        words=True,
    )
    section = TrainingSection(table)
    for system in systems:
        for number, result in enumerate(system.runs, start=1):
            name = system.name
            if len(system.runs) > 1:
                name += f' ({number})'
            table.rows.append([name, *_row(result)])
            pictures = _curves(name, result.log)
            if pictures:
                section.curves.append((name, pictures))
    log = systems[0].first.log
    used = {k: v for k, v in log.environment.items() if k in _TOLD}
    if used:
        section.machines.append(
            _pairs(f'Trained with ({systems[0].name})', used)
        )
    section.machines.append(
        _pairs('This report was made on', _here(machine_class()))
    )
    return section


def _row(result: RunResult) -> list[str]:
    run = result.run
    chosen = 'best in validation' if run.chosen_by == 'validation' else 'last'
    return [
        run.config_name,
        f'{run.checkpoint.name}\n({chosen})\n'
        f'sha256 {file_hash(run.checkpoint)}',
        result.seed or 'not set',
        _duration(result.log.seconds),
        *(_size(result, name) for name in ('training', 'validation', 'test')),
    ]


def _size(result: RunResult, name: str) -> str:
    if name not in result.data:
        return 'none'
    data = result.data[name]
    if data is None:
        return 'not found'
    if not data.subjects:
        return f'{data.num_images} images'
    return f'{len(data.subjects)} subjects\n{data.num_images} images'


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return 'no log'
    if seconds < 120:
        return f'{seconds:.0f} s'
    if seconds < 7200:
        return f'{seconds / 60:.0f} min'
    return f'{seconds / 3600:.1f} h'


def _curves(name: str, log: RunLog) -> list[Picture]:
    losses = {
        key: curve
        for key, curve in log.training.items()
        if key.startswith('loss')
    }
    # A single term is the loss itself.
    if len(losses) == 2:
        losses.pop('loss', None)
    validation = {
        key.rpartition('/')[2]: curve
        for key, curve in log.validation.items()
        if key.rpartition('/')[2] == 'ME'
    }
    if not validation:
        # Another metric's own; the first names it.
        validation = dict([*log.validation.items()][:1])
    rates = {key: curve for key, curve in log.training.items() if key == 'lr'}
    panels = {
        _LOSS: losses,
        f'validation {next(iter(validation), "")}': validation,
        _RATE: rates,
    }
    return [
        _picture(f'{title} of {name}', title, curves)
        for title, curves in panels.items()
        if curves
    ]


def _picture(told: str, title: str, curves: dict[str, Curve]) -> Picture:
    ends = '; '.join(
        f'{key} from {curve.values[0]:.4g} to {curve.values[-1]:.4g}'
        for key, curve in curves.items()
    )
    points = {
        key: (curve.steps, curve.values) for key, curve in curves.items()
    }
    return drawing(
        plot_training({title: points}, log_scale=(_LOSS,)),
        f'{told}: {ends}.',
        sum(len(curve.steps) for curve in curves.values()),
    )


def _here(machine: dict) -> dict[str, str]:
    names = {
        'cpu': 'CPU',
        'cores': 'cores',
        'threads': 'threads',
        'gpu': 'GPU',
        'python': 'Python',
        'torch': 'PyTorch',
    }
    return {
        told: str(machine[key])
        for key, told in names.items()
        if machine.get(key) is not None
    }


def _pairs(caption: str, values: dict[str, str]) -> Table:
    rows = [[key, value] for key, value in values.items()]
    return Table(caption, ['', 'value'], rows, words=True)
