"""Reads checkpoints after checking them, without running code from them."""

import contextlib
import io
import os
import warnings
import zipfile
from typing import Any

import torch

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.safe_loading import harmless_globals, refusal_reason

_COPY = 'Copy or download it again, or name another checkpoint.'
# Start of torch's current format.
_ZIP = b'PK\x03\x04'
_EXPECTED = 'a checkpoint that torch.save() wrote'
#: An archive's mark of a folder, which no checksum covers. torch reads no
#: bytes of a part that has it, and returns what was in the memory.
_FOLDER = 0x10


def check_undamaged(path: str | os.PathLike, what: str) -> None:
    """Compare a checkpoint with the checksums that it carries.

    torch does not check them. Files of torch older than 1.6 have none and
    pass. ``what`` is the config key or argument that names the file.

    Raises:
        MissingFileError: If it does not exist.
        InputError: If it is empty, damaged, or compressed (torch compresses
            nothing; a small file could fill the memory).
    """

    def refuse(found: str, kind: type = InputError) -> InputError:
        return kind(
            where=f'{what}: {os.fspath(path)!r}',
            found=found,
            expected=_EXPECTED,
            cure=_COPY,
        )

    try:
        size = os.path.getsize(path)
        with open(path, 'rb') as file:
            start = file.read(4)
    except FileNotFoundError as error:
        raise refuse('there is no such file', MissingFileError) from error
    except OSError as error:
        raise refuse(error.strerror or str(error)) from error
    if not size:
        raise refuse('the file is empty')
    if start != _ZIP:
        return
    try:
        with zipfile.ZipFile(path) as archive:
            names, parts = archive.namelist(), archive.infolist()
            unpacked = sum(part.file_size for part in parts)
            bad = [
                part.filename
                for part in parts
                if part.external_attr & _FOLDER and not part.is_dir()
            ]
            if unpacked <= size and not bad:
                bad = [*filter(None, [archive.testzip()])]
    # A damaged archive may raise anything.
    except Exception as error:
        raise refuse(f'the file is damaged or cut off ({error})') from error
    if unpacked > size:
        raise refuse(f'it unpacks {size:,} bytes to {unpacked:,}')
    if bad or len({*names}) < len(names):
        where = bad[0] if bad else 'its list of parts'
        raise refuse(f'the file is damaged (in {where})')
    if not any(name.endswith('/data.pkl') for name in names):
        raise refuse('it is a zip archive of something else')


def checkpoint_bytes(content: Any) -> bytes:
    """What ``torch.save`` writes, for :func:`.write_whole`.

    torch puts the name of a file that it saves to into the file; this does
    not.
    """
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def read_checkpoint(
    path: str | os.PathLike, what: str, cure: str, map_location: Any = 'cpu'
) -> Any:
    """Read a file of weights without running code from it.

    The logs in checkpoints of mmengine's Runner are accepted. Memory is
    bounded by the size of the file. ``what`` is the config key or argument
    that names it, ``cure`` what to do if it needs code to load;
    ``map_location`` is that of ``torch.load``.

    Raises:
        InputError: If it is damaged, not a checkpoint, or needs code to load.
    """
    check_undamaged(path, what)
    allowed: contextlib.AbstractContextManager = contextlib.nullcontext()
    # Older torch cannot allow a function under another's name.
    if torch.__version__ >= (2, 6):
        # Keep those that require_safe_loading() allowed for good.
        there = torch.serialization.get_safe_globals()
        allowed = torch.serialization.safe_globals(
            [item for item in harmless_globals() if item not in there]
        )
    try:
        source = _source(path)
        with allowed, warnings.catch_warnings():
            # About pickle protocols of files that it refuses anyway.
            warnings.simplefilter('ignore', UserWarning)
            return torch.load(
                source, map_location=map_location, weights_only=True
            )
    # Any file may raise anything.
    except Exception as error:
        raise InputError(
            where=f'{what}: {os.fspath(path)!r}',
            found='it cannot be read as a file of weights alone '
            f'({refusal_reason(error)})',
            expected=_EXPECTED,
            cure='If it is cut off or damaged, copy or download it again. If '
            f'it holds code, it is refused. {cure}.',
        ) from error


def _source(path: str | os.PathLike) -> str | os.PathLike | io.BytesIO:
    """The file for torch, with bounded memory.

    Raises:
        ValueError: If its pickle makes a ``bytearray``, whose size the file
            could choose freely.
    """
    with open(path, 'rb') as file:
        start = file.read(4)
        pickled = start + (b'' if start == _ZIP else file.read())
    # Unlike a file's, its read() beyond the end allocates nothing.
    source = io.BytesIO(pickled)
    if start == _ZIP:
        source = path
        with zipfile.ZipFile(path) as archive:
            pickled = b''.join(
                archive.read(name)
                for name in archive.namelist()
                if name.endswith('/data.pkl')
            )
    if b'\nbytearray\n' in pickled:
        raise ValueError('it asks for builtins.bytearray')
    return source
