"""A set whose landmarks FaceMesh found: no label, as many faces as one has."""

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mmpose_ctd.datasets.landmark_file import LandmarkFile
from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole

from .find_meshes import find_meshes
from .mesh_file import MeshStatement
from .mesh_landmarks import FEATURE_VERTICES, mesh_set

__all__ = ['write_mesh_set']


def write_mesh_set(
    data_root: str,
    ann_files: Sequence[str],
    out: str,
    vertices: Sequence[int] = FEATURE_VERTICES,
    **options,
) -> MeshStatement:
    """Find meshes of all images and write them as landmarks.

    Labels are not read. The set lies beside the labelled one and has its
    images, subjects and splits, so that who is tested can be left out.

    Args:
        data_root (str): Folder of the set.
        ann_files (Sequence[str]): Annotation files, relative to it; the first
            is a COCO keypoint file, further ones may list images alone.
        out (str): The annotation file to write, relative to it.
        vertices (Sequence[int]): Which become landmarks.
        **options: Of :func:`.find_meshes`.

    Returns:
        MeshStatement: How the meshes were found.

    Raises:
        MissingFileError: If a file does not exist.
        InputError: If two files list the same image, ``out`` is one of them,
            or the meshes cannot be found.
    """
    target = Path(data_root, out)
    if target.suffix != '.json' or out in ann_files:
        raise InputError(
            f'--out {out}: expected another name than {", ".join(ann_files)}, '
            'ending in .json.'
        )
    first = LandmarkFile.read(os.path.join(data_root, ann_files[0]))
    images = [*first.images.values()]
    for name in ann_files[1:]:
        more = first.images_of(os.path.join(data_root, name))
        images += more.images.values()
    names = [image['file_name'] for image in images]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            f'{", ".join(ann_files)}: the image {twice!r} is listed twice.'
        )
    images = [dict(image, id=i) for i, image in enumerate(images, 1)]
    with tempfile.TemporaryDirectory() as folder:
        listed = os.path.join(folder, 'images.json')
        category = dict(id=1, name='face', keypoints=['none'], skeleton=[])
        content = dict(images=images, annotations=[], categories=[category])
        Path(listed).write_text(json.dumps(content), encoding='utf-8')
        meshes = find_meshes(
            data_root, listed, os.path.join(folder, 'mesh.npz'), **options
        )
    found = meshes.vertices[[meshes.rows[i['id']] for i in images]]
    content = mesh_set(images, found, vertices)
    write_whole(target, json.dumps(content).encode())
    return meshes.statement
