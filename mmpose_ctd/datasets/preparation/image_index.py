"""Finds the photograph that a record of points names.

A record is laid only on the photograph that it names: every folder in its
name must be the photograph's, and another photograph of the same file name is
never taken instead. A name without folders in a file that lies in a subfolder
is of that subfolder: ``v2/points.tps`` names the photographs of ``v2``.

Files of points often name folders that lie above IMAGES, such as
``C:\\study\\clip1\\001.jpg`` of the computer they were made on. Which of them
is IMAGES is either stated (``--image-root``) or concluded from all records
together, see :class:`ImageNames`.
"""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from mmpose_ctd.errors import InputError

from ..image_file import IMAGE_SUFFIXES

__all__ = ['IMAGE_SUFFIXES', 'ImageIndex', 'ImageNames', 'NotFound']


class NotFound(InputError):
    """No photograph, or several, of that name.

    Args:
        candidates (Sequence[str]): The photographs that it may be.
        **kwargs: Of :class:`.InputError`.
    """

    def __init__(self, candidates: Sequence[str] = (), **kwargs) -> None:
        super().__init__(**kwargs)
        self.candidates = list(candidates)


def _plain(name: str) -> str:
    """A name without what systems differ in: case and accents' form."""
    return unicodedata.normalize('NFC', name.strip()).lower()


def _split(name: str) -> tuple[str, ...]:
    """The parts of a path of any system: folders, then the file."""
    parts: list[str] = []
    for part in name.strip().replace('\\', '/').split('/'):
        if part == '..' and parts:
            parts.pop()
        elif part.strip() not in ('', '.', '..'):
            parts.append(part)
    return tuple(parts)


def _shared(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """What all lists begin with."""
    lists = list(lists)
    if not lists:
        return ()
    first, last = min(lists), max(lists)
    same = 0
    while same < len(first) and first[: same + 1] == last[: same + 1]:
        same += 1
    return first[:same]


class ImageIndex:
    """The photographs below a folder, by name.

    Args:
        folder (str): Searched with its subfolders; hidden files and folders
            are left out.

    Attributes:
        paths (list[str]): Relative to the folder, with ``/``, sorted.
        folders (set[tuple[str, ...]]): Those that hold photographs, in
            themselves or below; as they are compared.
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
        self.folders = {
            parts[:n]
            for parts in map(_folders, self.paths)
            for n in range(1, len(parts) + 1)
        }

    def full(self, path: str) -> str:
        """Where a photograph of the index lies."""
        return os.path.join(self.folder, *path.split('/'))

    def named_as(self, file: str, folder: str) -> list[str]:
        """Photographs of a folder that are called as a file beside them.

        Args:
            file (str): The file, such as ``001.json``.
            folder (str): Below the folder of the index.
        """
        stem = os.path.splitext(os.path.basename(file))[0]
        where = _plain_split(folder)
        return [p for p in self.of_file(stem) if _folders(p) == where]

    def of_file(self, file: str) -> list[str]:
        """Photographs of a file name, in any folder, of any extension."""
        plain = _plain(file)
        stem, suffix = os.path.splitext(plain)
        found = []
        # 'a.b' may be a stem with a point in it.
        if suffix in IMAGE_SUFFIXES:
            found = self._by_stem.get(stem, [])
        return found or self._by_stem.get(plain, [])

    def find(self, name: str) -> str:
        """The photograph of one name alone; see :class:`ImageNames`."""
        return ImageNames(self, [name]).find(name)

    def folder_of(self, file: str, otherwise: str) -> str:
        """The folder of photographs to which a file of names belongs.

        Args:
            file (str): Path of the file.
            otherwise (str): Its folder below the one that the user gave.

        Returns:
            str: That in which it lies, if it is of photographs.
        """
        own = os.path.realpath(self.folder)
        folder = os.path.relpath(
            os.path.dirname(os.path.realpath(file)), own
        ).replace(os.sep, '/')
        is_inside = folder.split('/')[0] != '..'
        known = is_inside and _plain_split(folder) in self.folders
        return folder if known else otherwise


class ImageNames:
    """The names that one file gives to photographs.

    Folders above IMAGES are dropped if all names begin with them, and

    - the folders that remain are below IMAGES, or
    - they end as the path of IMAGES itself does; of an absolute path, made
      on another computer, the last folder is enough.

    Where several names fit a photograph, it belongs to the one that is its
    own: ``a.jpg`` before ``A.JPG`` and ``a``, and those before ``a.tif``.

    Args:
        index (ImageIndex): The photographs.
        names (Iterable[str]): All names that will be asked for. They may lack
            their extension and be written in other case.
        roots (Sequence[str]): What the names call the folder IMAGES, if that
            is stated; then nothing is concluded.
        folders (Sequence[str], optional): Of each name, the folder of its
            file, below POINTS; ``''`` for POINTS itself, which is the
            default for all.

    Attributes:
        dropped (str): The folders that were concluded to be IMAGES.
        strange_folder (str): The first folder that was asked for and is not
            there.
    """

    def __init__(
        self,
        index: ImageIndex,
        names: Iterable[str],
        roots: Sequence[str] = (),
        folders: Sequence[str] | None = None,
    ) -> None:
        self.index = index
        self.dropped = ''
        self.strange_folder = ''
        names = [*names]
        asked = dict.fromkeys(zip(names, folders or [''] * len(names)))
        names = [*dict.fromkeys(names)]
        self._roots = [_plain_split(root) for root in roots]
        if not roots:
            self._roots = [self._concluded(names)]
        # Photograph -> how well the best names fit it, and those.
        self._owners: dict[str, tuple[int, set[str]]] = {}
        for name, folder in asked:
            for path in self._below(name, folder):
                fit = _fit(path, name)
                best, owners = self._owners.get(path, (fit, set()))
                if fit < best:
                    best, owners = fit, set()
                if fit == best:
                    owners.add(_file(name))
                self._owners[path] = best, owners

    def find(self, name: str, folder: str = '') -> str:
        """The photograph of a name.

        Args:
            name (str): One of the names, as its file has it.
            folder (str): The folder of its file.

        Returns:
            str: A member of ``index.paths``.

        Raises:
            NotFound: If there is none, or more than one.
        """
        found = self._below(name, folder)
        if not found:
            raise self._missing(name, folder)
        fits = {path: _fit(path, name) for path in found}
        found = [p for p in found if fits[p] == min(fits.values())]
        if len(found) > 1:
            raise NotFound(
                found,
                found=f'{len(found)} photographs of this name in IMAGES',
                expected='one',
            )
        (path,) = found
        best, owners = self._owners.get(path, (fits[path], set()))
        if fits[path] > best:
            raise NotFound(
                found,
                found='no photograph of exactly this name in IMAGES; the one '
                'that is similar belongs to another record',
            )
        if best and len(owners) > 1:
            raise NotFound(
                found,
                found=f'{len(owners)} different names fit one photograph, '
                'none exactly',
                cure='Name it in the record as it is called.',
            )
        return path

    def _below(self, name: str, folder: str) -> list[str]:
        """Photographs that a name in a file of a subfolder may mean."""
        found = self._in_folder(name)
        base, parts = _plain_split(folder), _plain_split(name) or ('',)
        is_bare = not parts[1:]
        if not base or _is_absolute(name) or self._is_stated(parts):
            return found
        climbs = re.match(r'\s*\.\.[/\\]', name) is not None
        near = self._exactly(
            _plain_split(f'{folder}/{name}') if climbs else (*base, *parts)
        )
        if not is_bare:
            # It may count its folders from IMAGES as well.
            near += [p for p in self._exactly(parts) if p not in near]
        if near or (is_bare and climbs):
            return near
        if base in self.index.folders:
            return [p for p in found if _folders(p)[: len(base)] == base]
        # The folders of the files are not those of the photographs.
        return [p for p in found if not (is_bare and _folders(p))]

    def _exactly(self, parts: tuple[str, ...]) -> list[str]:
        *folders, file = parts or ('',)
        found = self.index.of_file(file)
        return [p for p in found if _folders(p) == tuple(folders)]

    def _is_stated(self, parts: tuple[str, ...]) -> bool:
        """Whether a name begins with what stands for IMAGES."""
        return any(root and parts[: len(root)] == root for root in self._roots)

    def _in_folder(self, name: str) -> list[str]:
        """Photographs of the file name in the folders that are named."""
        *folders, file = _plain_split(name) or ('',)
        folders = tuple(folders)
        found = self.index.of_file(file)
        if not folders:
            return found
        for root in self._roots:
            if root and folders[: len(root)] == root:
                left = folders[len(root) :]
                return [p for p in found if _folders(p) == left]
        # A name may leave out folders that lie between IMAGES and its own.
        whole = [p for p in found if _folders(p) == folders]
        return whole or [
            p for p in found if _folders(p)[-len(folders) :] == folders
        ]

    def _concluded(self, names: list[str]) -> tuple[str, ...]:
        """The leading folders of all names that stand for IMAGES."""
        split = {name: _plain_split(name) for name in names}
        split = {name: parts for name, parts in split.items() if parts[1:]}
        shared = _shared(parts[:-1] for parts in split.values())
        if any(self._in_folder_as_named(parts) for parts in split.values()):
            return ()
        own = _plain_split(os.path.realpath(self.index.folder))
        absolute = all(map(_is_absolute, split))
        for length in range(1, len(shared) + 1):
            root = shared[:length]
            known = own[-length:] == root or (
                absolute and own[-1:] == root[-1:]
            )
            for name, (*folders, file) in split.items():
                left = tuple(folders[length:])
                if (left or known) and any(
                    _folders(p) == left for p in self.index.of_file(file)
                ):
                    self.dropped = '/'.join(_split(name)[:length])
                    return root
        return ()

    def _in_folder_as_named(self, parts: tuple[str, ...]) -> bool:
        folders = parts[:-1]
        return any(
            _folders(p)[-len(folders) :] == folders
            for p in self.index.of_file(parts[-1])
        )

    def _missing(self, name: str, folder: str) -> NotFound:
        *folders, file = _split(name) or ('',)
        elsewhere = self.index.of_file(_plain(file))
        if not elsewhere:
            return NotFound(found='no photograph of this name in IMAGES')
        if not folders:
            return NotFound(
                found='no photograph of this name in the folder of the file '
                f'that names it; {len(elsewhere)} of the same name lie '
                'elsewhere',
                cure='Copy it there, or name it with its folder.',
            )
        self.strange_folder = self.strange_folder or '/'.join(folders)
        return NotFound(
            found='no photograph of this name in the folder that it names; '
            f'{len(elsewhere)} of the same file name lie elsewhere',
            cure='Copy it there, or correct the name; see --image-root.',
        )

    def notes(self, where: str) -> list[str]:
        """What a user should know after all names were asked for.

        Args:
            where (str): The file of the names.
        """
        if self.dropped:
            return [
                f'{where}: all names of photographs begin with the folder '
                f'{self.dropped!r}, which is taken for IMAGES (--image-root '
                'states another one)'
            ]
        if self.strange_folder:
            return [
                f'{where}: some names have a folder that is not below IMAGES, '
                f'such as {self.strange_folder!r}; if that is IMAGES itself, '
                f"say so: --image-root '{self.strange_folder}'"
            ]
        return []


@lru_cache(maxsize=1 << 16)
def _plain_split(name: str) -> tuple[str, ...]:
    return tuple(map(_plain, _split(name)))


def _folders(path: str) -> tuple[str, ...]:
    return _plain_split(path)[:-1]


def _file(name: str) -> str:
    return unicodedata.normalize('NFC', (_split(name) or ('',))[-1].strip())


def _fit(path: str, name: str) -> int:
    """How far a photograph's file name is from a name.

    0: the same; 1: but for case or a missing extension; 2: the name has
    another extension.
    """
    ours, theirs = _file(path), _file(name)
    if ours == theirs:
        return 0
    suffix = os.path.splitext(theirs.lower())[1]
    same = ours.lower() == theirs.lower()
    return 1 if same or suffix not in IMAGE_SUFFIXES else 2


def _is_absolute(name: str) -> bool:
    name = name.strip()
    return name[:1] in ('/', '\\') or name[1:2] == ':'
