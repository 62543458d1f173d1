"""Draws the points of a set on its pictures, to be looked at."""

import json
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from mmpose_ctd.errors import InputError
from mmpose_ctd.visualization import landmark_sheet

from ..upright_image import read_upright

__all__ = ['check_preview', 'write_preview']

#: Pictures on a sheet.
_ON_SHEET = 20


def check_preview(folder: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        InputError: If sheets would lie among other files.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f'--preview {folder.name}: exists already; give a new folder.'
        )


def write_preview(prepared: Path, folder: Path, progress: bool = True) -> int:
    """Write contact sheets of a set, twenty pictures each.

    Args:
        prepared (Path): The set.
        folder (Path): Where ``sheet_001.jpg`` ... are written.
        progress (bool): Whether to show a bar.

    Returns:
        int: The number of sheets.
    """
    text = (prepared / 'annotations/landmarks.json').read_text('utf-8')
    content = json.loads(text)
    names = content['categories'][0]['keypoints']
    pairs = list(zip(content['images'], content['annotations']))
    folder.mkdir(parents=True, exist_ok=True)
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
        (folder / f'sheet_{number:03d}.jpg').write_bytes(data)
    return len(starts)
