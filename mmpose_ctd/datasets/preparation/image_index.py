"""Finds the photograph that a record of points speaks of."""

import os
import unicodedata
from collections import defaultdict

from mmpose_ctd.errors import InputError

__all__ = ['IMAGE_SUFFIXES', 'ImageIndex', 'NotFound']

#: Files that are taken for photographs. HEIC is among them so that it is
#: refused in words.
IMAGE_SUFFIXES = frozenset(
    ('.jpg', '.jpeg', '.jpe', '.png', '.tif', '.tiff', '.bmp', '.webp')
    + ('.gif', '.heic', '.heif')
)


class NotFound(InputError):
    """No photograph, or several, of that name.

    Args:
        message (str): Why.
        candidates (list[str]): The photographs that it may be.
    """

    def __init__(self, message: str, candidates: list[str]) -> None:
        super().__init__(message)
        self.candidates = candidates


def _plain(name: str) -> str:
    """A name without what systems differ in: slashes, case, accents' form."""
    name = unicodedata.normalize('NFC', name.strip().replace('\\', '/'))
    return name.casefold()


class ImageIndex:
    """The photographs below a folder, by name.

    Args:
        folder (str): Searched with its subfolders; hidden files and folders
            are left out.

    Attributes:
        paths (list[str]): Relative to the folder, with ``/``, sorted.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.paths: list[str] = []
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for where, folders, files in os.walk(folder):
            folders[:] = sorted(f for f in folders if not f.startswith('.'))
            for file in sorted(files):
                stem, suffix = os.path.splitext(file)
                if file.startswith('.') or suffix.lower() not in (
                    IMAGE_SUFFIXES
                ):
                    continue
                path = os.path.relpath(os.path.join(where, file), folder)
                path = path.replace(os.sep, '/')
                self.paths.append(path)
                self._by_stem[_plain(stem)].append(path)
        self.paths.sort()

    def full(self, path: str) -> str:
        """Where a photograph of the index lies."""
        return os.path.join(self.folder, *path.split('/'))

    def find(self, name: str) -> str:
        """The photograph of a name.

        The name may have folders, lack its extension or have another one,
        and be written in other case. Candidates are told apart, in this
        order, by extension, folders and case.

        Args:
            name (str): As a file of points has it.

        Returns:
            str: A member of ``paths``.

        Raises:
            NotFound: If there is none, or more than one.
        """
        plain = _plain(name)
        base = plain.split('/')[-1]
        stem, suffix = os.path.splitext(base)
        # 'a.b' may be a stem with a point in it.
        found = []
        if suffix in IMAGE_SUFFIXES:
            found = self._by_stem.get(stem, [])
        found = found or self._by_stem.get(base, [])
        if not found:
            raise NotFound('no photograph of this name in IMAGES', [])
        self._check_folder(found, plain)
        for narrower in (
            [p for p in found if _plain(p).split('/')[-1] == base],
            *self._by_folder(found, plain),
            [p for p in found if p == name.strip().replace('\\', '/')],
        ):
            both = [p for p in found if p in narrower]
            found = both or found
            if len(found) == 1:
                return found[0]
        raise NotFound(
            f'{len(found)} photographs of this name in IMAGES; expected one',
            found,
        )

    def _check_folder(self, found: list[str], plain: str) -> None:
        """Two clinics' 001.jpg must not be taken for each other."""
        folder = plain.rpartition('/')[0].rpartition('/')[2]
        inside = f'/{folder}/'
        if folder in ('', '.', '..') or any(
            inside in '/' + _plain(path) for path in found
        ):
            return
        if any(inside in '/' + _plain(path) for path in self.paths):
            raise NotFound(
                'no photograph of this name in its folder, but elsewhere',
                found,
            )

    @staticmethod
    def _by_folder(found: list[str], plain: str) -> list[list[str]]:
        """Those in the folders that the name gives, the longer path first."""
        parts = [p for p in plain.split('/')[:-1] if p not in ('', '.', '..')]
        lists = []
        for start in range(len(parts)):
            tail = '/' + '/'.join(parts[start:])
            lists.append(
                [
                    p
                    for p in found
                    if ('/' + _plain(p)).rsplit('/', 1)[0].endswith(tail)
                ]
            )
        # A photograph that lies in the folder itself.
        lists.append([p for p in found if '/' not in p] if not parts else [])
        return lists
