"""Gets one file of known size and sha256 over HTTP.

A file appears under its name only after its sha256 was found right; until
then it is ``NAME.part``, which the next attempt resumes.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

__all__ = [
    'FetchError',
    'fetch_url',
    'finish_part',
    'part_of',
    'sha256_of',
]

#: Seconds to connect, seconds of silence.
TIMEOUT = (6, 30)
#: Requests for one file: the first, and resumptions after a broken one.
ATTEMPTS = 4
PAUSE = 1.0
#: Bytes read at once; when a connection breaks, as many are lost.
CHUNK = 1 << 15


class FetchError(RuntimeError):
    """A source did not give the file; the message says why."""


class _HashError(FetchError):
    """The bytes are complete and are not the expected ones."""


class _BrokenError(FetchError):
    """The connection ended early; resuming may help."""


def sha256_of(path: Path) -> str:
    """Hex digest of a file's contents."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def fetch_url(url: str, target: Path, size: int, sha256: str) -> None:
    """Download ``url`` to ``target``, resuming ``target.part`` if it exists.

    Args:
        url (str): An http(s) address.
        target (Path): The file to make; its folder exists.
        size (int): Expected size in bytes.
        sha256 (str): Expected hex digest.

    Raises:
        FetchError: If the file could not be had. After a broken connection
            the part stays for the next attempt; a wrong one is deleted.
    """
    part = part_of(target)
    resumed = part.exists()
    _stream_patiently(url, part, size)
    try:
        finish_part(part, target, sha256)
    except _HashError:
        if not resumed:
            raise
        # The part may have been begun from something else: once afresh.
        _stream_patiently(url, part, size)
        finish_part(part, target, sha256)


def part_of(target: Path) -> Path:
    """Where an unfinished ``target`` is kept."""
    return target.with_name(f'{target.name}.part')


def finish_part(part: Path, target: Path, sha256: str) -> None:
    """Give a finished part its name, or delete it."""
    found = sha256_of(part)
    if found != sha256:
        part.unlink()
        raise _HashError(
            f'wrong contents: sha256 {found}, expected {sha256}; deleted'
        )
    os.replace(part, target)


def _stream_patiently(url: str, part: Path, size: int) -> None:
    for left in reversed(range(ATTEMPTS)):
        try:
            _stream(url, part, size)
            return
        except _BrokenError:
            if not left:
                raise
            time.sleep(PAUSE)


def _stream(url: str, part: Path, size: int) -> None:
    """One request: append to the part what it lacks."""
    have = part.stat().st_size if part.exists() else 0
    if have == size:
        return
    if have > size:
        part.unlink()
        have = 0
    # Compression would make the byte range one of something else.
    headers = {'Accept-Encoding': 'identity'}
    if have:
        headers['Range'] = f'bytes={have}-'
    try:
        reply = requests.get(
            url, headers=headers, stream=True, timeout=TIMEOUT
        )
    except requests.RequestException as error:
        raise FetchError(_reason(error)) from error
    with reply:
        continued = reply.status_code == 206 and reply.headers.get(
            'Content-Range', ''
        ).startswith(f'bytes {have}-')
        if reply.status_code == 200:
            have = 0  # no range was asked for, or it is ignored
        elif have and not continued and reply.status_code in (206, 416):
            # Another range, or none: what we hold is of no use to it.
            part.unlink()
            return _stream(url, part, size)
        elif not (have and continued):
            raise FetchError(
                f'the server answered {reply.status_code} {reply.reason}'
            )
        _append(reply, part, have, size)


def _append(reply, part: Path, have: int, size: int) -> None:
    """Write a reply's body behind the first ``have`` bytes of the part."""
    length = reply.headers.get('Content-Length', '')
    if length.isdigit() and have + int(length) != size:
        part.unlink(missing_ok=True)
        raise FetchError(
            f'the server offers {have + int(length)} bytes, expected {size}: '
            'another file, perhaps a Git LFS pointer or an error page'
        )
    try:
        with (
            part.open('r+b' if have else 'wb') as file,
            _shown(size, have) as advance,
        ):
            file.seek(have)
            for chunk in reply.iter_content(CHUNK):
                have += len(chunk)
                if have > size:
                    break
                file.write(chunk)
                advance(len(chunk))
    except requests.RequestException as error:
        raise _BrokenError(
            f'the connection broke after {have} of {size} bytes; another '
            'attempt resumes there'
        ) from error
    if have > size:
        part.unlink()
        raise FetchError(f'the server sends more than the {size} bytes')
    if have < size:
        raise _BrokenError(
            f'the server ended after {have} of {size} bytes; another attempt '
            'resumes there'
        )


@contextmanager
def _shown(total: int, done: int) -> Iterator[Callable[[int], None]]:
    """A progress bar in a terminal; elsewhere silence, not a flood of lines.

    Yields:
        Callable: Told of every further number of bytes.
    """
    console = Console(stderr=True)
    with Progress(
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task('', total=total, completed=done)
        yield lambda count: progress.advance(task, count)


def _reason(error: Exception) -> str:
    """The innermost cause of a failed request, in one line."""
    if isinstance(error, requests.ConnectTimeout):
        return f'no connection within {TIMEOUT[0]} s'
    if isinstance(error, requests.ReadTimeout):
        return f'no answer within {TIMEOUT[1]} s'
    inner = error.args[0] if error.args else error
    inner = getattr(inner, 'reason', inner)
    # urllib3 puts "HTTPSConnection(host=..., port=443): " in front.
    text = ' '.join(str(inner).split()).rpartition('): ')[2]
    return text or type(error).__name__
