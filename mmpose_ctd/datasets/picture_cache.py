"""Keeps small pictures, in memory or in a folder."""

import hashlib
import json
import os
import os.path as osp
import struct
import tempfile
import zipfile

import numpy as np

from mmpose_ctd.errors import InputError

__all__ = ['PictureCache']

# What reading a damaged file raises.
_DAMAGED = (
    zipfile.BadZipFile,
    EOFError,
    KeyError,
    RuntimeError,
    ValueError,
    struct.error,
)
# Part of every key: another way of making pictures needs another number.
_VERSION = 2


class PictureCache:
    """Pictures by the file they are made of and the settings.

    A file that changes (size or time of its last change), moves, or is asked
    for with other settings has another key, so that nothing outdated is found.
    In a folder a picture is a ``.npz`` file of bare pixels with a checksum,
    named by the key, a SHA-256: neither names nor EXIF of the photograph are
    in it, and only its owner can read it. The folder may be deleted at any
    time.

    Args:
        folder (str, optional): Where; made when it is first needed. Defaults
            to ``None``: in the memory of each process.
        memory_mb (float): How much a process keeps in memory at most; what
            comes later is not kept. Defaults to 1024.
    """

    def __init__(
        self, folder: str | None = None, memory_mb: float = 1024
    ) -> None:
        self.folder = folder
        self._room = memory_mb * 2**20
        self._memory: dict[str, np.ndarray] = {}

    @staticmethod
    def key(path: str, *settings) -> str:
        """The key of a picture made of a file.

        Args:
            path (str): The photograph.
            *settings: What JSON can hold.

        Raises:
            OSError: If there is no such file.
        """
        state = os.stat(path)
        parts = [
            _VERSION,
            osp.abspath(path),
            state.st_size,
            state.st_mtime_ns,
            settings,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def get(self, key: str) -> np.ndarray | None:
        """A copy of the picture; ``None`` if it is not kept."""
        if self.folder is None:
            picture = self._memory.get(key)
            return None if picture is None else picture.copy()
        try:
            with np.load(self._path(key), allow_pickle=False) as file:
                return file['picture']
        except (FileNotFoundError, NotADirectoryError):
            return None
        # Cut off by a full disc, or damaged: it is made and written again.
        except _DAMAGED:
            return None

    def put(self, key: str, picture: np.ndarray) -> None:
        """Keep a picture.

        Raises:
            InputError: If the folder cannot be written.
        """
        if self.folder is None:
            if picture.nbytes <= self._room and key not in self._memory:
                self._memory[key] = picture.copy()
                self._room -= picture.nbytes
            return
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            # Whole or not at all: several workers write, and read.
            handle, unfinished = tempfile.mkstemp(dir=self.folder)
            try:
                with os.fdopen(handle, 'wb') as file:
                    np.savez(file, picture=picture)
                os.replace(unfinished, self._path(key))
            except BaseException:
                os.unlink(unfinished)
                raise
        except OSError as error:
            raise InputError(
                f'dataset.cache_dir={self.folder!r}: cannot be written '
                f'({error}). Name another folder, or leave it out to keep '
                'the pictures in memory.'
            ) from error

    def _path(self, key: str) -> str:
        return osp.join(self.folder, f'{key}.npz')
