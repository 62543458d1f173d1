"""The annotation formats, and how the format of a file is found."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from mmpose_ctd.errors import InputError, MissingFileError

from ..json_file import read_json
from . import coco, csv_points, cvat, labelme, pts_tem, tps
from .foreign import foreign_json, foreign_suffix
from .point_record import Reading, ReadOptions, Source, refuse_uneven

__all__ = ['FORMATS', 'AnnotationFormat', 'find_sources']


@dataclass(frozen=True)
class AnnotationFormat:
    """An annotation format.

    Attributes:
        name (str): Its name in ``--format``.
        suffixes (tuple[str, ...]): Suffixes of its files.
        reader (Callable): Returns a :class:`.Reading` of sources and
            :class:`.ReadOptions`.
        first_pixel (float): Coordinate of the centre of the corner pixel: 0;
            1 if pixels count from one; 0.5 if the image's edge is 0.
        y_up (bool): Whether y counts from the lower edge.
    """

    name: str
    suffixes: tuple[str, ...]
    reader: Callable[[list[Source], ReadOptions], Reading]
    first_pixel: float = 0.0
    y_up: bool = False

    def read(
        self, sources: list[Source], options: ReadOptions | None = None
    ) -> Reading:
        """Read all files of points.

        Args:
            sources (list[Source]): The files.
            options (ReadOptions, optional): What the user states about them.

        Returns:
            Reading: Records that cannot be used have a ``problem``.

        Raises:
            InputError: If a whole file cannot be used.
        """
        reading = self.reader(sources, options or ReadOptions())
        refuse_uneven(reading.records)
        return reading


# Programs that draw on a canvas measure from the image's edge.
FORMATS = {
    known.name: known
    for known in (
        AnnotationFormat('tps', ('.tps',), tps.read, 0.5, y_up=True),
        AnnotationFormat('pts', ('.pts',), pts_tem.read_pts, 1.0),
        AnnotationFormat('tem', ('.tem',), pts_tem.read_templates),
        AnnotationFormat('csv', ('.csv', '.tsv', '.txt'), csv_points.read),
        AnnotationFormat('coco', ('.json',), coco.read),
        AnnotationFormat('labelme', ('.json',), labelme.read, 0.5),
        AnnotationFormat('cvat', ('.xml',), cvat.read, 0.5),
    )
}

_BROKEN_JSON = 'broken JSON'
_FOREIGN = 'of another tool'


def find_sources(
    path: str,
    name: str | None = None,
    others: frozenset[str] = frozenset(),
) -> tuple[AnnotationFormat, list[Source]]:
    """Find the files of points below a path, and their format.

    Args:
        path (str): A file, or a folder, searched with its subfolders.
        name (str, optional): The format; None finds it.
        others (frozenset[str]): Real paths of files to ignore, such as the
            table of subjects.

    Returns:
        tuple[AnnotationFormat, list[Source]]: Files sorted by name.

    Raises:
        MissingFileError: If the path does not exist.
        InputError: If there are no files of points, or several formats.
    """
    if name is not None and name not in FORMATS:
        raise InputError(
            where=f'--format {name}',
            found='no such format',
            expected=f'one of {", ".join(FORMATS)}',
        )
    if not os.path.exists(path):
        raise MissingFileError(
            where='POINTS', found=f'{path!r} does not exist'
        )
    if os.path.isfile(path):
        source = Source(path, os.path.basename(path))
        found = {name or _format_of(path, certain=True): [source]}
    else:
        found = _in_folder(path, name, others)
    # Why a file is not read helps more than "no file of points".
    unread = found.pop(_FOREIGN, []) + found.pop(_BROKEN_JSON, [])
    if unread and not found:
        _format_of(unread[0].path, certain=True)
    if not found:
        kinds = FORMATS[name].suffixes if name else _suffixes()
        raise InputError(
            where='POINTS',
            found=f'the folder {path!r} holds no file of points',
            expected=f'files such as {" ".join(kinds)}',
        )
    if len(found) > 1:
        counts = ', '.join(f'{k}: {len(v)} files' for k, v in found.items())
        raise InputError(
            where='POINTS',
            found=f'the folder {path!r} holds files of several formats '
            f'({counts})',
            cure='Say which with --format, or give the file.',
        )
    ((kind, sources),) = found.items()
    return FORMATS[kind], sources


def _suffixes() -> list[str]:
    kinds = (s for known in FORMATS.values() for s in known.suffixes)
    return sorted(set(kinds) - {'.txt'})


def _in_folder(
    path: str, name: str | None, others: frozenset[str]
) -> dict[str, list[Source]]:
    found: dict[str, list[Source]] = {}
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(f for f in folders if not f.startswith('.'))
        for file in sorted(files):
            full = os.path.join(folder, file)
            # macOS writes files such as `._a.tps`.
            if file.startswith('.') or os.path.realpath(full) in others:
                continue
            suffix = os.path.splitext(file)[1].lower()
            if name is None:
                kind = _format_of(full, certain=False)
            else:
                kind = name if suffix in FORMATS[name].suffixes else None
            if kind is not None:
                short = os.path.relpath(full, path).replace(os.sep, '/')
                found.setdefault(kind, []).append(Source(full, short))
    # A broken file becomes a record with a problem.
    if 'labelme' in found:
        found['labelme'] += found.pop(_BROKEN_JSON, [])
        found['labelme'].sort()
    return found


def _format_of(path: str, certain: bool) -> str | None:
    """The format of a file by its suffix and content.

    If ``certain``, it must be a file of points; else None may be returned.
    """
    name = os.path.basename(path)
    suffix = os.path.splitext(path)[1].lower()
    if suffix == '.json':
        kind = _json_kind(path, name, certain)
    elif suffix == '.txt':
        with open(path, 'rb') as file:
            head = file.read(64).lstrip(b'\xef\xbb\xbf \r\n').upper()
        kind = 'csv' if certain else None
        if head.startswith(b'LM='):
            kind = 'tps'
        elif head.startswith(b'VERSION:'):
            kind = 'pts'
    else:
        kind = next(
            (k.name for k in FORMATS.values() if suffix in k.suffixes), None
        )
    if kind is None and (other := foreign_suffix(name, suffix)):
        if certain:
            raise other
        kind = _FOREIGN
    if kind is None and certain:
        raise InputError(
            where=f'POINTS: {name}',
            found='its name and content are of no known format',
            cure=f'Say which with --format ({", ".join(FORMATS)}).',
        )
    return kind


def _json_kind(path: str, name: str, certain: bool) -> str | None:
    try:
        content = read_json(path, name)
    except InputError:
        if certain:
            raise
        return _BROKEN_JSON
    if isinstance(content, dict):
        if 'shapes' in content:
            return 'labelme'
        if 'annotations' in content and 'images' in content:
            return 'coco'
    if other := foreign_json(name, content):
        if certain:
            raise other
        return _FOREIGN
    return None
