"""Writes files that are whole or not there, and reads JSON."""

import contextlib
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmpose_ctd.errors import InputError, MissingFileError

# Each writer has a name of its own.
_DRAFT = re.compile(r'(?P<name>.+?)(\.[0-9a-f]{8})?\.tmp', re.DOTALL)


def drafted(name: str) -> str | None:
    """Which file a draft of :func:`write_whole` was to become; else None."""
    match = _DRAFT.fullmatch(name)
    return match and match['name']


def write_whole(path: str | os.PathLike, content: bytes) -> None:
    """Write a file, or leave what had its name before.

    The bytes reach the disc under a temporary name in the same folder before
    the file gets its own: a kill, a full disc or a power cut leaves the old
    file or the new one, never a part. Of several writers at once, one wins.

    Args:
        path (str or PathLike): The file; it may exist.
        content (bytes): All of it.

    Raises:
        OSError: If it cannot be written. The draft is removed.
    """
    path = os.fspath(path)
    draft = f'{path}.{secrets.token_hex(4)}.tmp'
    try:
        with open(draft, 'xb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        # Of a full disc, what is half written would fill it further.
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise
    _sync_folder(os.path.dirname(path) or '.')


def _sync_folder(folder: str) -> None:
    """Let the new name survive a power cut."""
    # Windows opens no folders, some network file systems sync none.
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


@contextlib.contextmanager
def json_file(path: str | os.PathLike, expected: str) -> Iterator[Any]:
    """Content of a JSON file, for a block that looks for its parts.

    Raises:
        MissingFileError: If there is no such file.
        InputError: With what was ``expected``, if it is no JSON, or the block
            did not find a part or could not use it.
    """
    where = os.fspath(path)
    if not os.path.isfile(path):
        raise MissingFileError(
            where=where, found='no such file', expected=expected
        )
    try:
        yield json.loads(Path(path).read_text(encoding='utf-8'))
    except InputError:
        raise
    except (ValueError, LookupError, TypeError) as error:
        raise InputError(
            where=where, found=repr(error), expected=expected
        ) from error


def sha256_of(path: str | os.PathLike) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def file_hash(path: str | os.PathLike) -> str:
    """The first 8 hexadecimal digits of a file's SHA-256."""
    return sha256_of(path)[:8]
