"""The annotation formats, and how the format of a file is found."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.files import write_whole

from ..text_files import read_json
from . import csv_points, cvat, tps, writers
from .coco_labelme import read_coco, read_labelme
from .foreign import foreign_json, foreign_suffix
from .point_record import Reading, ReadOptions, Source, refuse_uneven
from .pts_tem import read_pts, read_templates


@dataclass(frozen=True)
class AnnotationFormat:
    """An annotation format.

    Attributes:
        name (str): Its name in ``--format``.
        suffixes (tuple[str, ...]): Suffixes of its files.
        reader (Callable): Returns a :class:`.Reading` of sources and
            :class:`.ReadOptions`.
        writer (Callable): See :mod:`.writers`.
        first_pixel (float): Coordinate of the centre of the corner pixel: 0;
            1 if pixels count from one; 0.5 if the image's edge is 0.
        y_up (bool): Whether y counts from the lower edge.
    """

    name: str
    suffixes: tuple[str, ...]
    reader: Callable[[list[Source], ReadOptions], Reading]
    writer: writers.Writer
    first_pixel: float = 0.0
    y_up: bool = False

    def read(
        self, sources: list[Source], options: ReadOptions | None = None
    ) -> Reading:
        """Read files of points, with what the user states about them.

        Records that cannot be used have a ``problem``.

        Raises:
            InputError: If a whole file cannot be used.
        """
        reading = self.reader(sources, options or ReadOptions())
        refuse_uneven(reading.records)
        return reading

    def write(
        self,
        photographs: Sequence[writers.PhotographPoints],
        names: Sequence[str],
        out: str,
        images: str = '',
    ) -> list[str]:
        """Write points of photographs into a folder, to 0.0001 px.

        tps, pts and tem do not hold the names of the landmarks. ``images``
        leads from ``out`` to the photographs; only LabelMe uses it.

        Returns:
            list[str]: The files, relative to ``out``.

        Raises:
            InputError: If two photographs would share a file.
        """
        placed = []
        for photo in photographs:
            # From the upright image to the format's axes.
            x, y = np.asarray(photo.points, float).T
            if self.y_up:
                y = photo.size[1] - 1 - y
            points = np.stack([x, y], axis=1) + self.first_pixel
            placed.append(photo._replace(points=points))
        files = self.writer(placed, names, images)
        for file, text in files.items():
            path = os.path.join(out, file)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            write_whole(path, text.encode())
        return [*files]


# Programs that draw on a canvas measure from the image's edge.
FORMATS = {
    known.name: known
    for known in (
        AnnotationFormat(
            'tps', ('.tps',), tps.read, writers.write_tps, 0.5, y_up=True
        ),
        AnnotationFormat('pts', ('.pts',), read_pts, writers.write_pts, 1.0),
        AnnotationFormat('tem', ('.tem',), read_templates, writers.write_tem),
        AnnotationFormat(
            'csv', ('.csv', '.tsv', '.txt'), csv_points.read, writers.write_csv
        ),
        AnnotationFormat('coco', ('.json',), read_coco, writers.write_coco),
        AnnotationFormat(
            'labelme', ('.json',), read_labelme, writers.write_labelme, 0.5
        ),
        AnnotationFormat(
            'cvat', ('.xml',), cvat.read, writers.write_cvat, 0.5
        ),
    )
}
_BROKEN = 'broken JSON'
_COMMON = ('.csv', '.json', '.pts', '.tem', '.tps', '.tsv', '.xml')


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
        return FORMATS[name or _format_of_file(source)], [source]
    found = _in_folder(path, name, others)
    if not found:
        kinds = FORMATS[name].suffixes if name else _COMMON
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


def _in_folder(
    path: str, name: str | None, others: frozenset[str]
) -> dict[str, list[Source]]:
    """Files by format. Raises the first refusal if there are none."""
    found: dict[str, list[Source]] = {}
    broken: list[Source] = []
    refusals: list[InputError] = []
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(f for f in folders if not f.startswith('.'))
        for file in sorted(files):
            full = os.path.join(folder, file)
            # macOS writes files such as `._a.tps`.
            if file.startswith('.') or os.path.realpath(full) in others:
                continue
            short = os.path.relpath(full, path).replace(os.sep, '/')
            source = Source(full, short)
            if name is not None:
                suffix = os.path.splitext(file)[1].lower()
                kind = name if suffix in FORMATS[name].suffixes else None
            else:
                kind, refusal = _format_of(source)
                refusals += [refusal] * (refusal is not None)
                broken += [source] * (kind == _BROKEN)
            if kind in FORMATS:
                found.setdefault(kind, []).append(source)
    if not found and refusals:
        raise refusals[0]
    # A broken file becomes a record with a problem.
    if 'labelme' in found:
        found['labelme'] = sorted(found['labelme'] + broken)
    return found


def _format_of_file(source: Source) -> str:
    """The format of a single file that the user gave."""
    kind, refusal = _format_of(source)
    if refusal is not None:
        raise refusal
    if kind is None and source.name.lower().endswith('.txt'):
        return 'csv'
    if kind is None:
        raise InputError(
            where=f'POINTS: {source.name}',
            found='its name and content are of no known format',
            cure=f'Say which with --format ({", ".join(FORMATS)}).',
        )
    return kind


def _format_of(source: Source) -> tuple[str | None, InputError | None]:
    """The format of a file, or None; and why it is not read, if known."""
    name = os.path.basename(source.name)
    suffix = os.path.splitext(name)[1].lower()
    if suffix == '.json':
        try:
            content = read_json(source.path, name)
        except InputError as error:
            return _BROKEN, error
        keys = {*content} if isinstance(content, dict) else {}
        if 'shapes' in keys:
            return 'labelme', None
        if 'annotations' in keys and 'images' in keys:
            return 'coco', None
        return None, foreign_json(name, content)
    # In a folder a .txt may be anything, such as names of landmarks.
    if suffix in _COMMON:
        kinds = (k.name for k in FORMATS.values() if suffix in k.suffixes)
        return next(kinds), None
    return None, foreign_suffix(name, suffix)
