"""Photographs and a table of their points, prepared."""

import json

import numpy as np
from clinic_folder import wide_csv

from mmpose_ctd.datasets.preparation import prepare

SIZE = (160, 200)


def prepare_points(
    tmp_path, clinic=None, options=None, points='points.csv', **more
):
    """Prepare ``photos`` and a table, which is written if points are given."""
    if clinic is not None:
        (tmp_path / points).write_text(wide_csv(clinic))
    return prepare(
        tmp_path / 'photos',
        tmp_path / points,
        tmp_path / 'set',
        **{'crop': 'landmarks', 'size': 64, **(options or {}), **more},
    )


def codes(report):
    return {n: row.code for n, row in report.rows.items() if row.code}


def content_of(folder) -> dict:
    """The annotation file of a set."""
    return json.loads((folder / 'annotations/landmarks.json').read_text())


def keypoints_of(folder) -> np.ndarray:
    """(N, K, 3), of all pictures of a set."""
    annotations = content_of(folder)['annotations']
    return np.array([np.reshape(a['keypoints'], (-1, 3)) for a in annotations])
