"""Writes a report about trained systems."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmpose_ctd.errors import InputError

from .page import render_page
from .system import System, check_comparable, read_run

__all__ = ['write_report']

#: What a config that cannot be built ends with: a type or a key of it that
#: does not exist.
_BAD_CONFIG = (KeyError, TypeError, ImportError, AttributeError)


def write_report(
    work_dirs: Mapping[str, Sequence[str | Path]],
    out: str | Path,
    photographs: bool = False,
    title: str = 'Landmark detection report',
    options: dict | None = None,
    say=print,
) -> list[str]:
    """Test what was trained and write a page about it.

    A work dir that cannot be used is left out and told; the others are
    reported.

    Args:
        work_dirs (Mapping[str, Sequence[str | Path]]): Name of a system ->
            its work dirs, one a seed. The first system is what the others
            are compared with.
        out (str or Path): The page, an ``.html`` file.
        photographs (bool): Whether people are shown. Defaults to False.
        title (str): Of the page.
        options (dict, optional): Overrides of all configs, dotted keys.
        say (Callable): Takes a line for the user. Defaults to ``print``.

    Returns:
        list[str]: What was left out and why, a line each.

    Raises:
        InputError: If nothing is left to report.
    """
    out = Path(out)
    if out.suffix.lower() not in ('.html', '.htm'):
        raise InputError(f'--out {out}: expected a name ending in .html.')
    # Before the tests: a folder that cannot be made loses no result.
    out.parent.mkdir(parents=True, exist_ok=True)
    systems, failed = [], []
    for name, folders in work_dirs.items():
        system = System(name)
        for folder in folders:
            try:
                system.add(read_run(folder, options, say), folder)
            except (InputError, OSError) as error:
                failed.append(_line(folder, str(error)))
            except _BAD_CONFIG as error:
                told = error.args[0] if error.args else error
                failed.append(_line(folder, f'{type(error).__name__}: {told}'))
        if system.runs:
            systems.append(system)
    if not systems:
        raise InputError(
            failed[0]
            if len(failed) == 1
            else 'no work dir can be reported: ' + ' | '.join(failed)
        )
    check_comparable(systems)
    page = render_page(systems, title, photographs, len(failed))
    aside = Path(f'{out}.{os.getpid()}.tmp')
    aside.write_text(page, encoding='utf-8')
    os.replace(aside, out)
    return failed


def _line(folder: str | Path, told: str) -> str:
    told = ' '.join(told.split())
    return told if told.startswith(str(folder)) else f'{folder}: {told}'
