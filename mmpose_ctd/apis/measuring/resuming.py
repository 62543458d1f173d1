"""Whether a table that was begun may be gone on with."""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import astuple

from mmpose_ctd.errors import InputError

from .measuring_run import printable
from .photograph_table import PhotographTable
from .row_file import names_in

__all__ = ['check_resumed', 'file_digest', 'subject_digests']

_ANEW = (
    'Resume with the settings of the first run, or begin anew with '
    '--overwrite.'
)


def file_digest(path: str | None) -> str | None:
    """SHA-256 of a file's content; None of no file."""
    if not path:
        return None
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


def subject_digests(
    table: PhotographTable | None, files: Sequence[str]
) -> dict[str, str]:
    """Digest of each photograph's name -> of what the table tells of it.

    Photographs of which it tells nothing are left out.
    """
    found = {}
    for file in files:
        subject = table and table.get(file)
        if subject and any(value is not None for value in astuple(subject)):
            found[_digest(printable(file))] = _digest(repr(astuple(subject)))
    return found


def check_resumed(
    args: argparse.Namespace,
    about: str,
    run: dict,
    table: dict[str, str],
    files: Sequence[str],
) -> dict[str, str]:
    """Refuse to go on with rows of other settings.

    Photographs that were changed since are told; their rows stay.

    Args:
        args (argparse.Namespace): Of ``mmpose_ctd measure``.
        about (str): File that the earlier run wrote beside the table.
        run (dict): Settings of this run.
        table (dict[str, str]): :func:`subject_digests` of this run.
        files (Sequence[str]): The photographs.

    Returns:
        dict[str, str]: ``table``, and what was known of photographs that
        are no longer there.

    Raises:
        InputError: If settings differ, or the table of photographs tells
            something else of one that is measured.
    """
    there = [p for p in (f'{args.out}.part', args.out) if os.path.exists(p)]
    if not there:
        return table
    try:
        with open(about, encoding='utf-8') as file:
            content = json.load(file)
        before, known = dict(content['run']), content.get('table')
    except (OSError, ValueError, KeyError, TypeError):
        # Without it nothing can be compared; the columns still are.
        before, known = {}, None
    changed = dict.fromkeys(
        key.removesuffix('_sha256')
        for key, value in run.items()
        if before.get(key, value) != value
    )
    if changed:
        raise InputError(
            f'--resume: the table was begun with another '
            f'{", ".join(changed)}. {_ANEW}'
        )
    done = names_in(there[0], args.delimiter)
    names = {file: printable(file) for file in files}
    if isinstance(known, dict):
        keys = {name: _digest(name) for name in names.values()}
        other = [
            name
            for name, key in keys.items()
            if name in done and known.get(key) != table.get(key)
        ]
        if other:
            raise InputError(
                f'--resume: --table tells something else of {len(other)} '
                f'measured photographs than before, such as {other[0]!r}. '
                f'{_ANEW}'
            )
        here = set(keys.values())
        table = {k: v for k, v in known.items() if k not in here} | table
    since = os.path.getmtime(there[0])
    newer = [
        file
        for file, name in names.items()
        if name in done and _changed(os.path.join(args.images, file)) > since
    ]
    if newer:
        print(
            f'warning: --resume: {len(newer)} measured photographs are newer '
            f'than the table, such as {printable(newer[0])!r}; their rows '
            'stay. --overwrite measures all anew.',
            file=sys.stderr,
        )
    return table


def _changed(path: str) -> float:
    try:
        return os.path.getmtime(path)
    except OSError:
        return 0.0


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
