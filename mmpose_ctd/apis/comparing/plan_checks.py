"""Checks of what a plan's file holds, and what is said if they fail."""

import os
from collections.abc import Mapping, Sequence

from mmpose_ctd.errors import InputError, MissingFileError

__all__ = ['PlanChecks']

_KIND_NAMES = {
    str: 'a text',
    int: 'a whole number',
    float: 'a number',
    bool: 'true or false',
    Mapping: 'keys and values',
    Sequence: 'a list',
}


class PlanChecks:
    """Every error names the file, the key, what was found and expected.

    Args:
        path (str): The file.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def _checked(
        self, key: str, given, kinds: Mapping, required: Sequence = ()
    ) -> dict:
        """A mapping's known keys, each of its kind."""
        where = key or 'the plan'
        if not isinstance(given, Mapping):
            self._wrong(where, given, f'keys such as {", ".join(kinds)}')
        for name, value in given.items():
            inner = f'{key}.{name}' if key else str(name)
            if name not in kinds:
                self._wrong(inner, value, f'one of {", ".join(kinds)}')
            kind = kinds[name]
            bad = not isinstance(value, kind) or (
                # A text is a sequence, too; True a whole number.
                kind is Sequence and isinstance(value, str)
            )
            if bad or (kind is int and isinstance(value, bool)):
                kinds_ = kind if isinstance(kind, tuple) else (kind,)
                told = ' or '.join(_KIND_NAMES[k] for k in kinds_)
                self._wrong(inner, value, told)
        for name in required:
            if name not in given:
                raise InputError(
                    f'{self.path}: {where} has no {name!r}; see '
                    'docs/compare.md.'
                )
        return dict(given)

    def _positive(self, key: str, value: int | None) -> int | None:
        if value is not None and not (isinstance(value, int) and value >= 1):
            self._wrong(key, value, 'a whole number from 1 on')
        return value

    def _known(self, name: str, known: Mapping | Sequence, key: str) -> None:
        if not isinstance(name, str) or name not in known:
            self._wrong(key, name, f'one of {", ".join(map(str, known))}')

    def _config(self, key: str, config: str | None) -> None:
        if config and not os.path.isfile(config):
            raise MissingFileError(
                f'{self.path}: {key}: the config {config!r} does not exist. '
                'Paths are relative to the folder that the tool is started '
                'in.'
            )

    def _numbers(self, key: str, given, least: int) -> None:
        good = isinstance(given, (list, tuple)) and all(
            isinstance(v, int) and not isinstance(v, bool) and v >= least
            for v in given
        )
        if not good or not given or len({*given}) < len(given):
            self._wrong(
                key,
                given,
                f'different whole numbers from {least} on, [10, 20]',
            )

    def _different(self, key: str, given: Sequence) -> None:
        texts = {str(value) for value in given}
        if not given or len(texts) < len(given):
            self._wrong(key, list(given), 'different names, at least one')

    def _wrong(self, key: str, found, expected: str) -> None:
        raise InputError(
            f'{self.path}: {key}: found {found!r}, expected {expected}.'
        )
