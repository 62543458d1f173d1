"""Draws the points of a set on its pictures, to check them by eye."""

import json
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole
from mmpose_ctd.visualization import landmark_sheet

from ..upright_image import read_upright
from .options import PrepareOptions
from .unfinished import open_unfinished, publish, unfinished_of

# File that marks its unfinished folder.
_MARK = 'sheets.unfinished'
#: Pictures on a sheet.
_ON_SHEET = 20


def check_preview(folder: Path) -> None:
    """Raise InputError if sheets would lie among other files."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            where=f'--preview {folder.name}',
            found='exists already',
            expected='a new folder',
        )


def write_preview(prepared: Path, folder: Path, progress: bool = True) -> int:
    """Write contact sheets of a set, twenty pictures each.

    Args:
        prepared (Path): The set.
        folder (Path): Of ``sheet_001.jpg`` ...; it appears when all are
            drawn.
        progress (bool): Whether to show a bar.

    Returns:
        int: The number of sheets.
    """
    text = (prepared / 'annotations/landmarks.json').read_text('utf-8')
    content = json.loads(text)
    names = content['categories'][0]['keypoints']
    pairs = list(zip(content['images'], content['annotations']))
    staged = unfinished_of(folder)
    open_unfinished(staged, _MARK)
    # An interrupted run may have drawn another set.
    for sheet in staged.glob('sheet_*.jpg'):
        sheet.unlink()
    starts = range(0, len(pairs), _ON_SHEET)
    for number, start in enumerate(
        track(
            starts,
            'sheets',
            console=Console(stderr=True),
            disable=not progress,
        ),
        1,
    ):
        images, keypoints, titles = [], [], []
        for image, annotation in pairs[start : start + _ON_SHEET]:
            images.append(
                read_upright(prepared / 'images' / image['file_name'])
            )
            keypoints.append(np.reshape(annotation['keypoints'], (-1, 3)))
            titles.append(image['file_name'])
        sheet = landmark_sheet(images, keypoints, names, titles)
        data = cv2.imencode('.jpg', sheet)[1].tobytes()
        write_whole(staged / f'sheet_{number:03d}.jpg', data)
    (staged / _MARK).unlink()
    publish(staged, folder)
    return len(starts)


def finished_set(out: Path, options: PrepareOptions) -> bool | None:
    """Judge whether a set lacks only its preview.

    Args:
        out (Path): The set's folder.
        options (PrepareOptions): How it would be made now.

    Returns:
        bool | None: Whether all records are in it; None if there is no set,
        or one made with other options.
    """
    try:
        text = (out / 'annotations/landmarks.json').read_text('utf-8')
        made_with = json.loads(text)['info']['options']
        report = json.loads((out / 'report.json').read_text('utf-8'))
        wanted = json.loads(json.dumps(options.described()))
        if any(made_with.get(key) != wanted[key] for key in wanted):
            return None
        return not report['left_out']
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
