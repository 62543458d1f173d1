"""What sets the systems' configs apart."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .anonymity import Anonymity
from .config_difference import Change, config_changes
from .system import RunResult, System
from .tables import Table

__all__ = ['Settings', 'settings_section']

#: Characters of a value that are shown.
_LONG = 160


@dataclass
class Settings:
    """Of one system.

    Attributes:
        system (str): Its name.
        origin (str): Which file it came from, in a sentence.
        tables (list[Table]): Differences.
        config (str): The whole config, as text.
    """

    system: str
    origin: str
    tables: list = field(default_factory=list)
    config: str = ''


def settings_section(
    systems: Sequence[System], anonymity: Anonymity
) -> list[Settings]:
    """Config, base and overrides of each system's first run."""
    first = systems[0]
    found = []
    for system in systems:
        settings = _settings(system.name, system.first, anonymity)
        if system is not first:
            changes = config_changes(first.first.run.cfg, system.first.run.cfg)
            settings.tables.append(
                _table(
                    f'All settings in which {system.name} differs from '
                    f'{first.name}',
                    changes,
                    (first.name, system.name),
                    anonymity,
                )
            )
        found.append(settings)
    return found


def _settings(name: str, result: RunResult, anonymity: Anonymity) -> Settings:
    story, config = result.story, result.run.config_name
    settings = Settings(name, '', config=_text(result, anonymity))
    if not story.file:
        settings.origin = (
            f'No file {config}.py was found in a folder named configs, so '
            'that overrides on the command line cannot be told from the '
            "config's own settings."
        )
        return settings
    settings.origin = f'configs/{story.file}'
    if story.base:
        settings.origin += f', which changes configs/{story.base}.'
        settings.tables.append(
            _table(
                f'The method: {config}.py against its base',
                story.method,
                (story.base, story.file),
                anonymity,
            )
        )
    else:
        settings.origin += ', put together from parts of _base_.'
    settings.tables.append(
        _table(
            'Changed on the command line or by the environment, or in the '
            'file since then',
            story.overrides,
            ('file', 'run'),
            anonymity,
        )
    )
    return settings


def _table(
    caption: str,
    changes: Sequence[Change],
    names: tuple[str, str],
    anonymity: Anonymity,
) -> Table:
    rows = []
    for change in changes:
        cells = [
            _short(anonymity.clean(text)) or '(not set)'
            for text in (change.before, change.after)
        ]
        rows.append([anonymity.clean(change.key), *cells])
    return Table(caption, ['setting', *names], rows, words=True)


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f'{text[: _LONG - 1]}…'


def _text(result: RunResult, anonymity: Anonymity) -> str:
    return anonymity.clean(result.run.cfg.pretty_text)
