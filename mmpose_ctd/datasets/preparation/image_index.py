"""Finds the photograph that a record of points names.

A record goes only with the photograph that it names: every folder in its name
must be the photograph's, and another photograph of that file name is never
taken instead. A name without folders in a file in a subfolder belongs to that
subfolder: ``v2/points.tps`` names the photographs of ``v2``.

In this file ``parts`` are a name's folders and its file, in the form in which
names are compared: lower case, accents composed.
"""

import os
import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from mmpose_ctd.errors import InputError

from ..image_file import IMAGE_SUFFIXES


class NotFound(InputError):
    """No photograph, or several ``candidates``, of that name."""

    def __init__(
        self, candidates: Sequence[str], found: str, cure: str = ''
    ) -> None:
        expected = 'one' if len(candidates) > 1 else ''
        super().__init__(found=found, expected=expected, cure=cure)
        self.candidates = list(candidates)


def _split(name: str) -> tuple[str, ...]:
    """The parts of a path of any system, as written; never empty."""
    parts: list[str] = []
    for part in name.strip().replace('\\', '/').split('/'):
        if part == '..' and parts:
            parts.pop()
        elif part.strip() not in ('', '.', '..'):
            parts.append(part)
    return tuple(parts) or ('',)


def _plain(name: str) -> str:
    return unicodedata.normalize('NFC', name.strip()).lower()


@lru_cache(maxsize=1 << 16)
def _parts(name: str) -> tuple[str, ...]:
    return tuple(map(_plain, _split(name)))


def _folder_parts(folder: str) -> tuple[str, ...]:
    return tuple(part for part in _parts(folder) if part)


def _folders(path: str) -> tuple[str, ...]:
    return _parts(path)[:-1]


class ImageIndex:
    """The photographs below a folder, by name; hidden ones are skipped.

    Attributes:
        paths (list[str]): Relative to the folder, with ``/``, sorted.
        folders (set[tuple[str, ...]]): Parts of the folders that hold
            photographs, in themselves or below.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.paths: list[str] = []
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for where, folders, files in os.walk(folder):
            folders[:] = sorted(f for f in folders if not f.startswith('.'))
            for file in sorted(files):
                stem, suffix = os.path.splitext(file)
                is_image = suffix.lower() in IMAGE_SUFFIXES
                if file.startswith('.') or not is_image:
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

    def of_file(self, file: str) -> list[str]:
        """Photographs of a file name, in any folder, of any extension."""
        plain = _plain(file)
        stem, suffix = os.path.splitext(plain)
        # 'a.b' may be a stem with a point in it.
        found = self._by_stem.get(stem) if suffix in IMAGE_SUFFIXES else None
        return found or self._by_stem.get(plain, [])

    def at(self, parts: Sequence[str]) -> list[str]:
        """Photographs of a file name in exactly these folders."""
        *folders, file = parts
        return [p for p in self.of_file(file) if _folders(p) == (*folders,)]

    def ending(self, parts: Sequence[str]) -> list[str]:
        """Photographs of a file name whose folders end with these."""
        *folders, file = parts
        last = slice(-len(folders), None)
        return [
            p for p in self.of_file(file) if _folders(p)[last] == (*folders,)
        ]

    def named_as(self, file: str, folder: str) -> list[str]:
        """Photographs of a folder that have the name of another file."""
        stem = os.path.splitext(os.path.basename(file))[0]
        return self.at((*_folder_parts(folder), stem))

    def folder_of(self, file: str, name: str) -> str:
        """The folder of photographs in which a file of names lies.

        If it lies in none, that of its ``name``: its folder below POINTS.
        """
        otherwise = posixpath.dirname(name)
        where = os.path.dirname(os.path.realpath(file))
        folder = os.path.relpath(where, os.path.realpath(self.folder))
        folder = folder.replace(os.sep, '/')
        if folder.split('/')[0] == '..':
            return otherwise
        return folder if _folder_parts(folder) in self.folders else otherwise


class ImageNames:
    """The names that one file gives to photographs.

    Files of points often name folders above IMAGES, such as
    ``C:\\study\\clip1\\001.jpg`` on another computer. They are dropped if all
    names begin with them, and

    - the remaining folders are below IMAGES, or
    - they end as the path of IMAGES itself does. Of an absolute path, made
      on another computer, the last folder is enough.

    Where several names fit a photograph, the closest one gets it: ``a.jpg``
    before ``A.JPG`` and ``a``, and those before ``a.tif``.

    Args:
        index (ImageIndex): The photographs.
        names (Iterable[str]): All names that will be looked up. They may
            lack their extension and be written in other case.
        roots (Sequence[str]): What the names call the folder IMAGES, if the
            user states it; then nothing is concluded.
        folders (Sequence[str], optional): For each name, the folder of its
            file below POINTS. Defaults to ``''``, POINTS itself.

    Attributes:
        dropped (str): The folders that were concluded to be IMAGES.
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
        self._strange_folder = ''
        names = [*names]
        asked = dict.fromkeys(zip(names, folders or [''] * len(names)))
        self._roots = [*filter(None, map(_folder_parts, roots))]
        if not roots and (root := self._concluded(dict.fromkeys(names))):
            self._roots = [root]
        # Photographs that names with folders mean.
        self._named: set[str] = set()
        self._named = {
            path
            for name, folder in asked
            if folder or _folders(name)
            for path in self._meant(name, folder)
        }
        # Photograph -> how well the best names fit it, and those names.
        self._owners: dict[str, tuple[int, set[str]]] = {}
        for name, folder in asked:
            for path in self._meant(name, folder):
                fit = _misfit(path, name)
                best, owners = self._owners.get(path, (fit, set()))
                if fit < best:
                    best, owners = fit, set()
                if fit == best:
                    owners.add(_file(name))
                self._owners[path] = best, owners

    def find(self, name: str, folder: str = '') -> str:
        """The photograph of a name, a member of ``index.paths``.

        Raises:
            NotFound: If there is none, or more than one.
        """
        found = self._meant(name, folder)
        if not found:
            raise self._missing(name)
        fits = {path: _misfit(path, name) for path in found}
        found = [p for p in found if fits[p] == min(fits.values())]
        if len(found) > 1:
            raise NotFound(
                found, f'{len(found)} photographs of this name in IMAGES'
            )
        (path,) = found
        best, owners = self._owners.get(path, (fits[path], set()))
        if fits[path] > best:
            raise NotFound(
                found,
                'no photograph of exactly this name in IMAGES; the similar '
                'one belongs to another record',
            )
        if best and len(owners) > 1:
            raise NotFound(
                found,
                f'{len(owners)} different names fit one photograph, none '
                'exactly',
                'Give the record the exact name of its photograph.',
            )
        return path

    def notes(self, where: str) -> list[str]:
        """What a user should know after all names were looked up."""
        if self.dropped:
            return [
                f'{where}: all names of photographs begin with the folder '
                f'{self.dropped!r}, which is taken for IMAGES (--image-root '
                'states another one)'
            ]
        if self._strange_folder:
            return [
                f'{where}: some names have a folder that is not below IMAGES, '
                f'such as {self._strange_folder!r}; if that is IMAGES itself, '
                f"add --image-root '{self._strange_folder}'"
            ]
        return []

    def _meant(self, name: str, folder: str) -> list[str]:
        """Photographs that a name in a file of a subfolder may mean."""
        base, parts = _folder_parts(folder), _parts(name)
        found = self._in_folders_named(parts)
        is_bare = len(parts) == 1
        if not base or _is_absolute(name) or self._root_of(parts):
            return found
        climbs = re.match(r'\s*\.\.[/\\]', name) is not None
        near = self.index.at(
            _parts(f'{folder}/{name}') if climbs else (*base, *parts)
        )
        if not is_bare:
            # Its folders may also count from IMAGES.
            near += [p for p in self.index.at(parts) if p not in near]
        if near or (is_bare and climbs):
            return near
        if base in self.index.folders:
            return [p for p in found if _folders(p)[: len(base)] == base]
        # The files lie in other folders than the photographs.
        return [p for p in found if not (is_bare and _folders(p))]

    def _root_of(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        """What a name begins with that stands for IMAGES; often empty."""
        for root in self._roots:
            if parts[:-1][: len(root)] == root:
                return root
        return ()

    def _in_folders_named(self, parts: tuple[str, ...]) -> list[str]:
        if len(parts) == 1:
            found = self.index.of_file(parts[0])
            here = self.index.at(parts)
            # Other names may mean all those in folders.
            others = {*found} - {*here}
            return here if here and others <= self._named else found
        if root := self._root_of(parts):
            return self.index.at(parts[len(root) :])
        # A name may leave out folders between IMAGES and its own.
        return self.index.at(parts) or self.index.ending(parts)

    def _concluded(self, names: Iterable[str]) -> tuple[str, ...]:
        """The leading folders of all names that stand for IMAGES."""
        split = {name: _parts(name) for name in names}
        split = {name: parts for name, parts in split.items() if parts[1:]}
        if any(map(self.index.ending, split.values())):
            return ()
        shared = os.path.commonprefix([p[:-1] for p in split.values()])
        own = _folder_parts(os.path.realpath(self.index.folder))
        absolute = all(map(_is_absolute, split))
        for length in range(1, len(shared) + 1):
            root = tuple(shared[:length])
            known = own[-length:] == root or (
                absolute and own[-1:] == root[-1:]
            )
            for name, parts in split.items():
                left = parts[length:]
                if (left[1:] or known) and self.index.at(left):
                    self.dropped = '/'.join(_split(name)[:length])
                    return root
        return ()

    def _missing(self, name: str) -> NotFound:
        *folders, file = _split(name)
        elsewhere = len(self.index.of_file(file))
        if not elsewhere:
            return NotFound((), 'no photograph of this name in IMAGES')
        if not folders:
            return NotFound(
                (),
                'no photograph of this name in the folder of the file that '
                f'names it; {elsewhere} of this name lie elsewhere',
                'Copy it there, or name it with its folder.',
            )
        self._strange_folder = self._strange_folder or '/'.join(folders)
        return NotFound(
            (),
            'no photograph of this name in the folder that it names; '
            f'{elsewhere} of this file name lie elsewhere',
            'Copy it there, or correct the name; see --image-root.',
        )


def _file(name: str) -> str:
    return unicodedata.normalize('NFC', _split(name)[-1].strip())


def _misfit(path: str, name: str) -> int:
    """How far a photograph's file name is from a name.

    0: equal; 1: equal except for case or a missing extension; 2: the name
    has another extension.
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
