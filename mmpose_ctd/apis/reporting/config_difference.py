"""What sets a run's config apart from the file it came from, and that from
its base."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config

from mmpose_ctd.apis.command_line import RUNNER_KEYS, quiet_logs

__all__ = ['Change', 'ConfigStory', 'config_changes', 'tell_config']

_CONFIGS = Path(__file__).resolve().parents[3] / 'configs'
#: Set by the tools, or told elsewhere.
_UNTOLD = ('work_dir', 'launcher')
_ABSENT = object()


@dataclass
class Change:
    """A setting that differs.

    Attributes:
        key (str): Dotted.
        before (str): Its value there; empty where it is absent.
        after (str): Its value here; empty where it is absent.
    """

    key: str
    before: str
    after: str


@dataclass
class ConfigStory:
    """Where a run's settings come from.

    Attributes:
        file (str): The config's file, relative to its folder ``configs``;
            empty where it was not found.
        base (str): The sibling that it inherits from; empty where it is put
            together from parts of ``_base_``.
        method (list[Change]): From that sibling to the file.
        overrides (list[Change]): From the file to what the run used.
    """

    file: str = ''
    base: str = ''
    method: list = field(default_factory=list)
    overrides: list = field(default_factory=list)


def tell_config(name: str, cfg: Config) -> ConfigStory:
    """Compare a run's config with its file and that file's base.

    The file is looked for by name in the ``configs`` folders of the project
    and of the current folder; of several the one with the fewest differences
    is taken.

    Args:
        name (str): The config's name, without ending.
        cfg (Config): What the run used.
    """
    folders = {_CONFIGS, Path.cwd() / 'configs'}
    stories = [
        (len(story.overrides), story.file, story)
        for folder in sorted(folders)
        for file in sorted(folder.glob(f'**/{name}.py'))
        if (story := _compare(file, folder, cfg)) is not None
    ]
    return min(stories, key=lambda s: s[:2])[2] if stories else ConfigStory()


def _compare(file: Path, folder: Path, cfg: Config) -> ConfigStory | None:
    # Any file of that name may lie there, and it is a program.
    try:
        with quiet_logs():
            written = Config.fromfile(file)
            base = _sibling(file)
            method = []
            if base is not None:
                method = config_changes(Config.fromfile(base), written)
    except Exception:
        return None
    return ConfigStory(
        file=file.relative_to(folder).as_posix(),
        base='' if base is None else _relative(base, folder),
        method=method,
        overrides=config_changes(written, cfg),
    )


def _relative(file: Path, folder: Path) -> str:
    return Path(os.path.relpath(file, folder)).as_posix()


def _sibling(file: Path) -> Path | None:
    """The one config that a file changes."""
    bases = Config._get_base_files(str(file))
    whole = [
        path
        for base in bases
        if '_base_' not in (path := (file.parent / base).resolve()).parts
    ]
    return whole[0] if len(whole) == 1 else None


def config_changes(before: Mapping, after: Mapping) -> list[Change]:
    """Settings that differ between two configs, in the order of their keys.

    Variables that only carry values into other settings (a config's
    ``data_root``, say) are left out: what they set is compared.

    Args:
        before (Mapping): A config.
        after (Mapping): Another.
    """
    return [*_changes(_settings(before), _settings(after), '')]


def _changes(before, after, key: str) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}, key=str):
            yield from _changes(
                before.get(name, _ABSENT),
                after.get(name, _ABSENT),
                f'{key}.{name}' if key else str(name),
            )
    elif _are_dicts(before) and _are_dicts(after):
        yield from _list_changes(before, after, key)
    elif _plain(before) != _plain(after):
        yield Change(key, _shown(before), _shown(after))


def _list_changes(before, after, key: str) -> Iterator[Change]:
    """Of lists of dicts, such as hooks or a pipeline's steps."""
    if len(before) == len(after):
        for number, pair in enumerate(zip(before, after)):
            yield from _changes(*pair, f'{key}.{number}')
        return
    # One more at the front would make all others differ.
    first, second = (list(map(_plain, items)) for items in (before, after))
    for item in first:
        if item not in second:
            yield Change(key, _shown(item), '')
    for item in second:
        if item not in first:
            yield Change(key, '', _shown(item))


def _settings(cfg: Mapping) -> dict:
    return {
        key: value
        for key, value in cfg.items()
        if key in RUNNER_KEYS and key not in _UNTOLD
    }


def _are_dicts(value) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and all(isinstance(item, Mapping) for item in value)
    )


def _plain(value):
    """Tuples as lists: a dumped config may turn one into the other."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _shown(value) -> str:
    """As one would write it in a config; empty where it is absent."""
    if value is _ABSENT:
        return ''
    if isinstance(value, Mapping):
        inner = ', '.join(
            f'{key}={_shown(item)}' for key, item in sorted(value.items())
        )
        return f'dict({inner})'
    if isinstance(value, (list, tuple)):
        return f'[{", ".join(map(_shown, value))}]'
    return repr(value)
