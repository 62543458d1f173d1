"""Refuses what cannot be right as a whole, before any work is done."""

import os
from pathlib import Path

from mmpose_ctd.errors import InputError, MissingFileError

from ..annotation_formats import PointRecord
from ..image_fields import taken_names
from .options import PrepareOptions
from .subjects import SubjectTable

__all__ = ['check_columns', 'check_folders', 'check_ruler']


def check_folders(
    images: str, points: str, out: Path, mapping: str | None
) -> None:
    """Refuse folders that are missing, or would be written into.

    Args:
        images (str): The photographs.
        points (str): The points.
        out (Path): The set, resolved.
        mapping (str, optional): The file of ``--mapping``.

    Raises:
        MissingFileError: If there are no photographs.
        InputError: If something would be overwritten.
    """
    if not os.path.isdir(images):
        raise MissingFileError(f'IMAGES: {images!r} is no folder.')
    for name, path in (('IMAGES', images), ('POINTS', points)):
        inside = Path(path).resolve()
        if out == inside or inside in out.parents or out in inside.parents:
            raise InputError(
                f'--out {out.name}: it and {name} lie in one another; give a '
                'folder elsewhere, so that nothing of yours is overwritten.'
            )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(
            f'--out {out.name}: exists already, and is never overwritten. '
            'Give another name, or move it away.'
        )
    if mapping is not None:
        path = Path(mapping).resolve()
        if out == path or out in path.parents:
            raise InputError(
                '--mapping: lies in the set, which others may get. Give a '
                'file elsewhere.'
            )
        if path.exists():
            raise InputError(
                f'--mapping {path.name}: exists already, and is never '
                'overwritten.'
            )


def check_ruler(
    records: list[PointRecord],
    landmarks: str | None,
    options: PrepareOptions,
) -> None:
    """Refuse a ruler whose ends no record can have.

    Raises:
        InputError: If no record has these points.
    """
    known = {n for r in records for n in r.names or ()}
    lost = [n for n in options.scale_points if known and n not in known]
    if lost:
        raise InputError(
            f'--scale-points {lost[0]}: no record has a point of this name; '
            f'they have {", ".join(sorted(known)[:12])}.'
        )
    if options.scale_points and not known and landmarks is None:
        raise InputError(
            '--scale-points: the points have no names. Give --landmarks, '
            "with names for the ruler's ends among them."
        )


def check_columns(table: SubjectTable) -> None:
    """Refuse columns whose titles mean something else in a set.

    Raises:
        InputError: Names the column.
    """
    own = [*table.columns]
    coco = {'id', 'file_name', 'width', 'height', 'source_crop', 'source_size'}
    taken = {*taken_names(dict.fromkeys(own), ()), *(coco & {*own})}
    if taken:
        raise InputError(
            f'--keep-columns {sorted(taken)[0]}: this name is used for '
            'something else. Rename the column.'
        )
