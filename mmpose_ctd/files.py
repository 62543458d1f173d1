"""Writes files that are whole or not there."""

import contextlib
import hashlib
import os

__all__ = ['DRAFT', 'file_hash', 'write_whole']

#: End of the name that a file has while it is written.
DRAFT = '.tmp'


def write_whole(path: str | os.PathLike, content: bytes) -> None:
    """Write a file, or leave what had its name before.

    The bytes reach the disc under a temporary name in the same folder before
    the file gets its own: a kill, a full disc or a power cut leaves the old
    file or the new one, never a part.

    Args:
        path (str or PathLike): The file; it may exist.
        content (bytes): All of it.

    Raises:
        OSError: If it cannot be written. The draft is removed.
    """
    path = os.fspath(path)
    draft = path + DRAFT
    try:
        with open(draft, 'wb') as file:
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


def file_hash(path: str | os.PathLike) -> str:
    """The first 8 hexadecimal digits of a file's SHA-256."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()[:8]
