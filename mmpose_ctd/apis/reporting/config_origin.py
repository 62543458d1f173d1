"""Compares configs: a run's with its file, and that file with its base."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from mmpose_ctd.apis.config_file import RUNNER_KEYS, parse_config

_CONFIGS = Path(__file__).resolve().parents[3] / 'configs'
#: The tools set them.
_IGNORED = ('work_dir', 'launcher')
_ABSENT = object()


class SettingChange(NamedTuple):
    """A setting that differs: dotted key and both values, '' if absent."""

    key: str
    before: str
    after: str


@dataclass
class ConfigOrigin:
    """Where a run's settings come from.

    Attributes:
        file (str): The config's file, relative to the folder ``configs``;
            empty if it was not found.
        base (str): The config that it inherits from; empty if it inherits
            only from parts in ``_base_``.
        method (list[SettingChange]): From the base to the file.
        overrides (list[SettingChange]): From the file to the run.
    """

    file: str = ''
    base: str = ''
    method: list = field(default_factory=list)
    overrides: list = field(default_factory=list)


def find_origin(name: str, cfg: Config) -> ConfigOrigin:
    """Find a run's config file by its name without suffix, and compare.

    It is looked for in the ``configs`` folders of the project and of the
    current folder. Of several, the one with the fewest differences is taken.
    """
    origins = [
        origin
        for folder in sorted({_CONFIGS, Path.cwd() / 'configs'})
        for file in sorted(folder.glob(f'**/{name}.py'))
        if (origin := _origin(file, folder, cfg)) is not None
    ]
    return min(
        origins,
        key=lambda origin: (len(origin.overrides), origin.file),
        default=ConfigOrigin(),
    )


def _origin(file: Path, folder: Path, cfg: Config) -> ConfigOrigin | None:
    # Any file may have this name, and a config is a program.
    try:
        written = parse_config(file)
        bases = [
            (file.parent / base).resolve()
            for base in Config._get_base_files(str(file))
        ]
        whole = [path for path in bases if '_base_' not in path.parts]
        before = parse_config(whole[0]) if len(whole) == 1 else None
    except Exception:
        return None
    origin = ConfigOrigin(
        file.relative_to(folder).as_posix(),
        overrides=config_changes(written, cfg),
    )
    if before is not None:
        origin.base = Path(os.path.relpath(whole[0], folder)).as_posix()
        origin.method = config_changes(before, written)
    return origin


def config_changes(before: Mapping, after: Mapping) -> list[SettingChange]:
    """Settings that differ between two configs, sorted by key.

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


def _changes(before, after, key: str) -> Iterator[SettingChange]:
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
                yield SettingChange(key, _shown(item), '')
        for item in after:
            if item not in before:
                yield SettingChange(key, '', _shown(item))
    elif before != after:
        yield SettingChange(key, _shown(before), _shown(after))


def _are_dicts(value) -> bool:
    return (
        isinstance(value, list)
        and len(value) > 0
        and all(isinstance(item, dict) for item in value)
    )


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
