"""Reads points of photographs for tools that make no set.

Photographs are known by their file names, without folder, ending and case.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmpose_ctd.errors import InputError

from ..annotation_formats import PointRecord, Refused, find_sources
from ..image_file import IMAGE_SUFFIXES
from ..landmark_file import LandmarkFile
from ..upright_image import PhotographSize, photograph_size
from .landmark_choice import read_landmarks
from .options import UNITS, PrepareOptions
from .picture import clicked_size, in_pixels, to_upright
from .records import landmarks_of
from .report import LeftOut


@dataclass
class LabelledPoints:
    """Points of photographs.

    Attributes:
        names (tuple[str, ...]): The K landmarks.
        points (dict[str, np.ndarray]): Photograph -> (K, 2) landmarks, pixels
            of the upright photograph, the centre of the first one (0, 0); NaN
            where missing.
        subjects (dict[str, str]): Photograph -> who it shows, if known.
        mm_per_px (dict[str, float]): Photograph -> size of a pixel, if known.
        measurements (list, optional): What a COCO file says to measure.
        left_out (dict[str, str]): Record -> why it cannot be used.
    """

    names: tuple[str, ...]
    points: dict[str, np.ndarray] = field(default_factory=dict)
    subjects: dict[str, str] = field(default_factory=dict)
    mm_per_px: dict[str, float] = field(default_factory=dict)
    measurements: list | None = None
    left_out: dict[str, str] = field(default_factory=dict)


def photograph_key(name: str) -> str:
    """By which a photograph is known: its name without folder and ending."""
    name = re.split(r'[/\\]', name.strip())[-1]
    stem, ending = os.path.splitext(name)
    return (stem if ending.lower() in IMAGE_SUFFIXES else name).casefold()


def photographs_below(folder: str | os.PathLike) -> dict[str, Path]:
    """The photographs of a folder and its subfolders, by their keys.

    Raises:
        InputError: If it is not a folder, or two have one name.
    """
    if not os.path.isdir(folder):
        raise InputError(where='--images', found=f'{folder!s} is no folder')
    found: dict[str, Path] = {}
    for path in sorted(Path(folder).rglob('*')):
        is_image = path.suffix.lower() in IMAGE_SUFFIXES
        if not is_image or path.name.startswith('.'):
            continue
        if photograph_key(path.name) in found:
            raise InputError(
                where='--images',
                found=f'two photographs called {path.stem!r}',
                expected='a name of its own for each',
            )
        found[photograph_key(path.name)] = path
    return found


def read_labelled_points(
    path: str | os.PathLike,
    photographs: Mapping[str, str | os.PathLike] | None = None,
    **options,
) -> LabelledPoints:
    """Read points in any format that ``mmpose_ctd prepare`` reads.

    Args:
        path (str or PathLike): A file or a folder of points.
        photographs (Mapping, optional): Key of a photograph
            (:func:`photograph_key`) -> its file. Others are left out. Without
            it sizes come from the records, and EXIF is unknown.
        **options: Fields of :class:`.PrepareOptions` that concern points.

    Raises:
        MissingFileError: If a file does not exist.
        InputError: If the points cannot be read, their names or units are
            unclear, or two records are of one photograph.
    """
    chosen = PrepareOptions(**options)
    own = filter(None, (chosen.landmarks,))
    known, sources = find_sources(
        os.fspath(path), chosen.format, frozenset(map(os.path.realpath, own))
    )
    reading = known.read(sources, chosen.reading)
    choice = read_landmarks(
        chosen.landmarks,
        reading.records,
        chosen.count_from,
        doubtful=reading.doubtful,
    )
    found = LabelledPoints(choice.names)
    if known.name == 'coco' and choice.names == choice.labels:
        file = LandmarkFile.read(sources[0].path, pass_over_unused=True)
        found.measurements = file.measurements
    first, y_up = chosen.frame_of(known)
    for record in reading.records:
        key = photograph_key(record.image)
        if photographs is not None and key not in photographs:
            found.left_out[record.source] = 'it is of another photograph'
            continue
        try:
            if record.problem is not None:
                raise Refused(record.problem)
            photo = _size(record, photographs, key, chosen, y_up)
            points, visible = landmarks_of(record, choice, chosen)
            is_stored, size = clicked_size(photo, chosen.frame, record.size)
            points = in_pixels(points, chosen.unit, size, record.scale)
            points = to_upright(points, photo, is_stored, first, y_up)
        except (LeftOut, Refused) as error:
            found.left_out[record.source] = str(error)
            continue
        if key in found.points:
            raise InputError(
                where=os.path.basename(path),
                found=f'two records of the photograph {record.image!r}',
                expected='one, and different names of photographs in '
                'different folders',
            )
        found.points[key] = np.where(visible[:, None] > 0, points, np.nan)
        _note_fields(found, key, record, chosen)
    return found


def _size(record, photographs, key, options, y_up) -> PhotographSize:
    """Size of the record's photograph; (0, 0) where it does not matter."""
    if photographs is not None:
        return photograph_size(photographs[key])
    if record.size is not None:
        return PhotographSize(record.size)
    if y_up or options.unit in ('share', 'percent', 'permille'):
        raise InputError(
            where=record.source,
            found='it does not give the size of its photograph',
            expected='the size: y counts from below, or the unit is a share',
            cure='Give the photographs: --images FOLDER.',
        )
    return PhotographSize((0, 0))


def _note_fields(
    found: LabelledPoints,
    key: str,
    record: PointRecord,
    options: PrepareOptions,
) -> None:
    scale = record.fields.get('mm_per_px')
    if scale is None and options.scale_unit and record.scale is not None:
        scale = record.scale * UNITS[options.scale_unit]
    if scale is not None:
        if not 0 < scale < np.inf:
            raise InputError(
                where=record.source,
                found=f'mm_per_px={scale}',
                expected='a number above 0',
            )
        found.mm_per_px[key] = float(scale)
    if record.fields.get('subject'):
        found.subjects[key] = str(record.fields['subject'])
