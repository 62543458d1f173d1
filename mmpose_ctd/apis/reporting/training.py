"""How the systems were trained: data, time, curves, machine, settings."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from mmpose_ctd.apis.config_file import RUNNER_KEYS
from mmpose_ctd.files import file_hash
from mmpose_ctd.machine import machine_class
from mmpose_ctd.visualization import plot_training

from .page_parts import Anonymity, PagePicture, drawing
from .system import ReportedRun, ReportedSystem
from .work_dir import RunLog

_LOSS = 'loss'
#: The tools set them.
_IGNORED = ('work_dir', 'launcher')
_ABSENT = object()
#: Characters of a setting's value to show.
_LONG = 160
_MACHINE = {
    'cpu': 'CPU',
    'cores': 'cores',
    'threads': 'threads',
    'gpu': 'GPU',
    'python': 'Python',
    'torch': 'PyTorch',
}


def training_section(systems: Sequence[ReportedSystem]) -> dict:
    """Data, time, curves and machines of all runs, for the template."""
    names, rows, curves = [], [], []
    for system in systems:
        for number, run in enumerate(system.runs, start=1):
            several = len(system.runs) > 1
            name = f'{system.name} ({number})' if several else system.name
            names.append(name)
            rows.append(_row(run))
            pictures = _curves(name, run.log)
            if pictures:
                curves.append((name, pictures))
    environment = dict(systems[0].first.log.environment)
    environment.pop('seed', None)
    machine = machine_class()
    return dict(
        runs=pd.DataFrame(rows, names),
        curves=curves,
        trained_with=environment,
        here={
            name: str(machine[key])
            for key, name in _MACHINE.items()
            if machine.get(key) is not None
        },
    )


def _row(run: ReportedRun) -> dict[str, str]:
    files = run.run
    chosen = (
        'best in validation' if files.chosen_by == 'validation' else 'last'
    )
    return {
        'config': files.config_name,
        'checkpoint': f'{files.checkpoint.name}\n({chosen})\n'
        f'sha256 {file_hash(files.checkpoint)}',
        'seed': run.seed or 'not set',
        'time': _duration(run.log.seconds),
        **{
            name: _size(run, name)
            for name in ('training', 'validation', 'test')
        },
    }


def _size(run: ReportedRun, name: str) -> str:
    if name not in run.data:
        return 'none'
    data = run.data[name]
    if data is None:
        return 'not found'
    people = f'{len(data.subjects)} subjects\n' if data.subjects else ''
    return f'{people}{data.num_images} images'


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return 'no log'
    if seconds < 120:
        return f'{seconds:.0f} s'
    if seconds < 7200:
        return f'{seconds / 60:.0f} min'
    return f'{seconds / 3600:.1f} h'


def _curves(name: str, log: RunLog) -> list[PagePicture]:
    losses = {k: v for k, v in log.training.items() if k.startswith('loss')}
    # A single term equals the loss.
    if len(losses) == 2:
        losses.pop('loss', None)
    validation = {
        key.rpartition('/')[2]: curve
        for key, curve in log.validation.items()
        if key.rpartition('/')[2] == 'ME'
    } or dict([*log.validation.items()][:1])
    rates = {key: curve for key, curve in log.training.items() if key == 'lr'}
    panels = {
        _LOSS: losses,
        f'validation {next(iter(validation), "")}': validation,
        'learning rate': rates,
    }
    return [
        _picture(name, title, curves)
        for title, curves in panels.items()
        if curves
    ]


def _picture(name: str, title: str, curves: dict) -> PagePicture:
    ends = '; '.join(
        f'{key} from {curve.iloc[0]:.4g} to {curve.iloc[-1]:.4g}'
        for key, curve in curves.items()
    )
    return drawing(
        plot_training(title, curves, log_scale=title == _LOSS),
        f'{title} of {name}: {ends}.',
        sum(map(len, curves.values())),
    )


def settings_section(
    systems: Sequence[ReportedSystem], anonymity: Anonymity
) -> list[dict]:
    """Each system's settings, of its first run.

    ``differences`` from the first system are a table; None for itself.
    """
    first, found = systems[0], []
    for system in systems:
        cfg, changes = system.first.run.cfg, None
        if system is not first:
            changes = _table(
                config_changes(first.first.run.cfg, cfg),
                (first.name, system.name),
                anonymity,
            )
        found.append(
            dict(
                system=system.name,
                differences=changes,
                config=anonymity.clean(cfg.pretty_text),
            )
        )
    return found


def _table(
    changes: Sequence[tuple], names: tuple[str, str], anonymity: Anonymity
) -> pd.DataFrame:
    def shown(text: str) -> str:
        text = anonymity.clean(text) or '(not set)'
        return text if len(text) <= _LONG else f'{text[: _LONG - 1]}…'

    return pd.DataFrame(
        [[shown(before), shown(after)] for _, before, after in changes],
        [anonymity.clean(key) for key, *_ in changes],
        names,
    )


def config_changes(
    before: Mapping, after: Mapping
) -> list[tuple[str, str, str]]:
    """Settings that differ: dotted key and both values, ``''`` if absent.

    Variables that only feed other settings (such as ``data_root``) do not
    count; the settings that they feed do.
    """
    settings = [
        {
            key: _plain(value)
            for key, value in cfg.items()
            if key in RUNNER_KEYS and key not in _IGNORED
        }
        for cfg in (before, after)
    ]
    return [*_changes(*settings, '')]


def _plain(value):
    """Tuples as lists: a dumped config may turn one into the other."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _changes(before, after, key: str) -> Iterator[tuple]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}, key=str):
            values = (part.get(name, _ABSENT) for part in (before, after))
            yield from _changes(*values, f'{key}.{name}' if key else str(name))
    elif _are_dicts(before) and _are_dicts(after):
        if len(before) == len(after):
            for number, pair in enumerate(zip(before, after)):
                yield from _changes(*pair, f'{key}.{number}')
            return
        # One more hook at the front must not make all others differ.
        for item in before:
            if item not in after:
                yield key, _shown(item), ''
        for item in after:
            if item not in before:
                yield key, '', _shown(item)
    elif before != after:
        yield key, _shown(before), _shown(after)


def _are_dicts(value) -> bool:
    return isinstance(value, list) and {*map(type, value)} == {dict}


def _shown(value) -> str:
    """As one would write it in a config; empty if absent."""
    if value is _ABSENT:
        return ''
    if isinstance(value, dict):
        inner = (f'{key}={_shown(value[key])}' for key in sorted(value))
        return f'dict({", ".join(inner)})'
    if isinstance(value, list):
        return f'[{", ".join(map(_shown, value))}]'
    return repr(value)
