"""Writes a model's landmarks as points for a person to correct."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.progress import track

from mmpose_ctd.datasets.annotation_formats import FORMATS, PhotographPoints
from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole
from mmpose_ctd.table_cells import csv_text

from .calibration import Calibration
from .landmark_model import LandmarkModel
from .photographs import measure
from .rows import MeasuredFace

#: Below the folder that is written.
POINTS, NAMES, ORDER = 'points', 'landmarks.txt', 'order.csv'
_TITLES = ('rank', 'file', 'status', 'uncertainty', 'look_at', 'remarks')
# Landmarks of a photograph that are named as uncertain.
_LOOK_AT = 3
# Distance of a point from the photograph's border, at least, in pixels.
_BORDER = 0.5


@dataclass(frozen=True)
class Prelabels:
    """What :func:`prelabel` wrote.

    Attributes:
        rows (list[dict]): One for each photograph, least certain first, as
            in ``order.csv``.
        files (list[str]): Files of points, relative to the folder.
        written (int): Photographs with points in these files.
    """

    rows: list[dict]
    files: list[str]
    written: int


def prelabel(
    model: LandmarkModel,
    photographs: str,
    out: str,
    *,
    kind: str = 'labelme',
    most: int | None = None,
    calibration: Calibration | str | None = None,
    recursive: bool = False,
    start: str = 'auto',
) -> Prelabels:
    """Find the landmarks of photographs, and write them for correction.

    ``out`` gets ``points/``, which an annotation tool opens and
    :func:`.prepare` reads; ``landmarks.txt``, their names; and
    ``order.csv``: the photographs, least certain first. Faces unlike the
    training faces come first, then faces by their mean uncertainty. Files of
    several photographs have this order, too.

    Args:
        model (LandmarkModel): Trained.
        photographs (str): The folder.
        out (str): Folder to write, absent or empty.
        kind (str): One of ``FORMATS``. Defaults to ``'labelme'``.
        most (int, optional): How many photographs get points, the least
            certain ones. Defaults to all.
        calibration (Calibration or str, optional): See :func:`.measure`.
        recursive (bool): Whether to read subfolders. Defaults to False.
        start (str): See :func:`.measure`.

    Returns:
        Prelabels: The order, and the files.

    Raises:
        InputError: If an option or the folder cannot be used, no face is
            found, or two photographs would share a file.

    Examples:
        >>> model = LandmarkModel('configs/myset.py', 'model.pth')
        ... # doctest: +SKIP
        >>> prelabel(model, 'photographs', 'to_correct').files
        ... # doctest: +SKIP
        ['c001.json', 'c002.json']
    """
    if kind not in FORMATS:
        raise InputError(
            where=f'--format {kind}',
            found='no such format',
            expected=f'one of {", ".join(FORMATS)}',
        )
    if most is not None and most < 1:
        raise InputError(where=f'--most {most}', expected='1 or more')
    if os.path.lexists(out) and not (
        os.path.isdir(out) and not os.listdir(out)
    ):
        raise InputError(
            where=f'--out {out}',
            found='exists already, and is never overwritten',
            cure='Give another name: it may hold corrected points.',
        )
    measured = measure(
        model,
        photographs,
        calibration,
        recursive=recursive,
        start=start,
    )
    # Before the work: are there two photographs for one file?
    unknown = np.full((len(model.names), 2), np.nan)
    FORMATS[kind].writer(
        [PhotographPoints(file, (1, 1), unknown) for file in measured.files],
        model.names,
        '',
    )
    found = [
        *track(measured.faces(), 'Photographs', total=len(measured.files))
    ]
    faces, rows = rank(found, model.names)
    if not faces:
        raise InputError(
            where=photographs,
            found=f'no face on any of its {len(found)} photographs',
            cure='Turn them upright, or crop them nearer to the face.',
        )
    chosen = [_points(face) for face in faces[:most]]
    inside = os.path.join(out, POINTS)
    back = os.path.relpath(*map(os.path.realpath, (photographs, inside)))
    files = FORMATS[kind].write(
        chosen, model.names, inside, back.replace(os.sep, '/')
    )
    names = ''.join(f'{name}\n' for name in model.names)
    write_whole(os.path.join(out, NAMES), names.encode())
    cells = ([row.get(title, '') for title in _TITLES] for row in rows)
    table = csv_text(_TITLES, cells)
    write_whole(os.path.join(out, ORDER), table.encode())
    return Prelabels(rows, [f'{POINTS}/{file}' for file in files], len(chosen))


def rank(
    found: Sequence[MeasuredFace], names: Sequence[str]
) -> tuple[list[MeasuredFace], list[dict]]:
    """Order N photographs by how much they need a person.

    Returns:
        tuple[list[MeasuredFace], list[dict]]: The faces, least certain first;
        and a row for each photograph: ``rank``, ``file``, ``status``,
        ``uncertainty`` (mean over the landmarks, in the median of the
        faces), ``look_at`` (the landmarks that are less certain than on the
        other faces) and ``remarks``. Photographs without a face come last.
    """
    faces = [one for one in found if one.points is not None]
    if not faces:
        return [], []
    unsure = np.stack([face.uncertainty for face in faces])
    # A landmark that is hard on every face says nothing of this one.
    relative = unsure / np.median(unsure, axis=0)
    mean = unsure.mean(axis=1)
    mean = mean / np.median(mean)
    flagged = np.array([face.row['status'] == 'check' for face in faces])
    order = np.lexsort((-mean, ~flagged))
    rows = []
    for i in order:
        most = np.argsort(-relative[i], kind='stable')[:_LOOK_AT]
        rows.append(
            _row(faces[i])
            | dict(
                uncertainty=round(float(mean[i]), 2),
                look_at=', '.join(names[k] for k in most),
            )
        )
    rows += [_row(one) for one in found if one.points is None]
    return [faces[i] for i in order], [
        dict(rank=rank) | row for rank, row in enumerate(rows, 1)
    ]


def _row(one: MeasuredFace) -> dict:
    return {key: one.row[key] for key in ('file', 'status', 'remarks')}


def _points(face: MeasuredFace) -> PhotographPoints:
    """A face's points, moved into the photograph where they are outside."""
    size = face.row['width_px'], face.row['height_px']
    last = np.maximum(np.array(size) - 1 - _BORDER, _BORDER)
    points = np.clip(face.points, _BORDER, last)
    return PhotographPoints(face.row['file'], size, points)
