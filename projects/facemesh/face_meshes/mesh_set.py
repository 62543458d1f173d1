"""A set whose landmarks FaceMesh found: no label, as many faces as one has.

N: images, V: vertices of the mesh.
"""

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmpose_ctd.datasets.landmark_file import LandmarkFile
from mmpose_ctd.datasets.mesh_fit import FaceFrame, to_complex
from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole

from .find_meshes import find_meshes
from .mesh_file import MeshFile

__all__ = ['mesh_landmark_names', 'mesh_set', 'write_mesh_set']

#: Vertices of FaceMesh on eyelids, lips, nose, philtrum and chin. Those of
#: the cheeks and the forehead lie on skin without a mark.
FEATURE_VERTICES = (
    # Right eye, left eye.
    *(33, 7, 163, 144, 145, 153, 154, 155),
    *(133, 246, 161, 160, 159, 158, 157, 173),
    *(263, 249, 390, 373, 374, 380, 381, 382),
    *(362, 466, 388, 387, 386, 385, 384, 398),
    # Outer and inner border of the lips.
    *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375),
    *(291, 185, 40, 39, 37, 0, 267, 269, 270, 409),
    *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324),
    *(308, 191, 80, 81, 82, 13, 312, 311, 310, 415),
    # Nose and philtrum.
    *(1, 2, 4, 94, 164, 98, 327, 48, 278, 64, 294, 129, 358),
    *(60, 290, 97, 326, 167, 393),
    # Chin.
    *(152, 148, 377, 175, 199, 200, 18),
)


def write_mesh_set(
    data_root: str, ann_files: Sequence[str], out: str, **options
) -> MeshFile:
    """Find meshes of all images and write them as landmarks.

    Labels are not read. The set lies beside the labelled one and has its
    images, subjects and splits, so that who is tested can be left out.

    Args:
        data_root (str): Folder of the set.
        ann_files (Sequence[str]): Annotation files, relative to it; the first
            is a COCO keypoint file, further ones may list images alone.
        out (str): The annotation file to write, relative to it.
        **options: Of :func:`.find_meshes`.

    Returns:
        MeshFile: The meshes.

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
    content = mesh_set(images, found)
    write_whole(target, json.dumps(content).encode())
    return meshes


def mesh_set(images: Sequence[dict], meshes: np.ndarray) -> dict:
    """A COCO keypoint file whose landmarks are vertices of the mesh.

    Args:
        images (Sequence[dict]): N image records.
        meshes (np.ndarray): Their meshes, pixels of the image, (N, V, 3);
            NaN where no face was found: those images are left out.

    Returns:
        dict: ``images``, ``annotations`` and ``categories``.
    """
    found = np.isfinite(meshes).all(axis=(1, 2))
    names = mesh_landmark_names(meshes[found])
    kept = [image for image, one in zip(images, found) if one]
    annotations = []
    for image, mesh in zip(kept, meshes[found]):
        points = mesh[list(FEATURE_VERTICES), :2]
        triples = np.column_stack([points, np.full(len(points), 2)])
        width, height = image['width'], image['height']
        annotations.append(
            dict(
                id=len(annotations) + 1,
                image_id=image['id'],
                category_id=1,
                keypoints=[round(float(v), 2) for v in triples.ravel()],
                num_keypoints=len(points),
                bbox=[0, 0, width, height],
                area=width * height,
                iscrowd=0,
            )
        )
    category = dict(id=1, name='face', keypoints=names, skeleton=[])
    return dict(images=kept, annotations=annotations, categories=[category])


def mesh_landmark_names(meshes: np.ndarray) -> list[str]:
    """Names of the vertices by which mirror images know their partners.

    A vertex's partner is the one that lies nearest to its mirror image in
    the mean mesh. Partners share a number and end in ``_R`` and ``_L``, the
    subject's sides; vertices of the midline are their own.

    Args:
        meshes (np.ndarray): Of upright faces, pixels of the image,
            (N, V, 2 or 3).

    Returns:
        list[str]: Such as ``'mesh_33_R'``, in the order of
        :data:`FEATURE_VERTICES`.
    """
    vertices = list(FEATURE_VERTICES)
    mean = FaceFrame.fit(to_complex(meshes)).mean
    # Upright again: the frame may turn a face in any way.
    turn = (mean.conj() * to_complex(meshes).mean(axis=0)).sum()
    mean = (mean * turn / abs(turn))[vertices]
    # The midline; up and down stay as they are.
    mean = mean - (mean.real.min() + mean.real.max()) / 2
    mirrored = -mean.conj()
    partner = np.abs(mirrored[:, None] - mean[None]).argmin(axis=1)
    names = []
    for i, j in enumerate(partner):
        number = min(vertices[i], vertices[int(j)])
        if i == j or partner[j] != i:
            names.append(f'mesh_{vertices[i]}')
        else:
            # The subject's right is at the image's left.
            side = 'R' if mean[i].real < mean[j].real else 'L'
            names.append(f'mesh_{number}_{side}')
    return names
