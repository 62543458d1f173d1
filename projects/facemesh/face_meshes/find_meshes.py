"""Finds the face meshes of a set with MediaPipe's network."""

import io
import json
import os
import time
from collections.abc import Callable

import cv2
import numpy as np

from mmpose_ctd.datasets.face_mesh import VIEWS, FaceMesh
from mmpose_ctd.datasets.landmark_file import LandmarkFile
from mmpose_ctd.errors import InputError
from mmpose_ctd.files import write_whole

from .mesh_file import MeshFile, file_digest

__all__ = ['MAX_VIEWS', 'find_meshes']

#: Framings of a face whose median can be taken.
MAX_VIEWS = len(VIEWS)
#: Written into the mesh file.
_NETWORK = 'face landmarker V2'


def find_meshes(
    data_root: str,
    ann_file: str,
    out: str,
    checkpoint: str | None = None,
    views: int = MAX_VIEWS,
    image_prefix: str = 'images/',
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> MeshFile:
    """Find the mesh of every image of an annotation file.

    Args:
        data_root (str): Folder of the set.
        ann_file (str): Annotation file, relative to it.
        out (str): The ``.npz`` to write.
        checkpoint (str, optional): Of the network. Defaults to the one that
            ``mmpose_ctd download face-landmarker`` wrote.
        views (int): Framings of a face whose median is taken, 1 to 9.
            Defaults to 9.
        image_prefix (str): Folder of the images in ``data_root``.
        advance (Callable): Called with the number of finished images and of
            all images.

    Returns:
        MeshFile: What was written.

    Raises:
        MissingFileError: If the network or the annotation file is missing.
        InputError: If an argument is wrong, or an image cannot be used.
    """
    if not 1 <= views <= MAX_VIEWS:
        raise InputError(
            where='--views', found=str(views), expected=f'1 to {MAX_VIEWS}'
        )
    if not out.endswith('.npz'):
        raise InputError(
            where='--out', found=out, expected='a name ending in .npz'
        )
    file = LandmarkFile.read(os.path.join(data_root, ann_file))
    records = [*file.images.values()]
    for record in records:
        file.check_image(record)
    mesh = FaceMesh(checkpoint)
    vertices, attempts, digests = [], [], []
    begin = time.perf_counter()
    for done, record in enumerate(records, 1):
        path = os.path.join(data_root, image_prefix, record['file_name'])
        found, attempt = _find(mesh, _load(path, record), views)
        vertices.append(found)
        attempts.append(attempt)
        digests.append(file_digest(path))
        advance(done, len(records))
    some = next((v for v in vertices if v is not None), np.zeros((478, 3)))
    nothing = np.full(some.shape, np.nan)
    about = dict(
        format='mmpose_ctd face mesh',
        version=1,
        network=_NETWORK,
        views=views,
        seconds=time.perf_counter() - begin,
    )
    content = io.BytesIO()
    np.savez_compressed(
        content,
        about=json.dumps(about),
        # An id may be a number or a text.
        image_ids=[json.dumps(record['id']) for record in records],
        digests=digests,
        attempts=np.array(attempts, dtype=np.int8),
        vertices=np.stack([nothing if v is None else v for v in vertices]),
    )
    os.makedirs(os.path.dirname(out) or '.', exist_ok=True)
    write_whole(out, content.getvalue())
    return MeshFile.read(out)


def _find(
    mesh: FaceMesh, image: np.ndarray, views: int
) -> tuple[np.ndarray | None, int]:
    """Vertices (V, 3) or None, and the attempt that found them, from 1."""
    height, width = image.shape[:2]
    attempts = (
        dict(box=None),
        # A tilted or small face that is not detected: the whole image, and
        # its middle.
        dict(box=(width / 6, height / 6, width / 1.5, height / 1.5), looks=3),
        dict(box=(width / 3, height / 3, width / 3, height / 3), looks=3),
    )
    for number, attempt in enumerate(attempts, 1):
        found = mesh.find(image, views=views, **attempt)
        if found is not None:
            return found, number
    return None, 0


def _load(path: str, record: dict) -> np.ndarray:
    """An image in BGR, of the size that its record says."""
    # As the data sets read it, an EXIF orientation applied.
    image = cv2.imread(path, cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(
            where=f'image id={record["id"]}: {path}',
            found='it is missing or cannot be read as an image',
        )
    height, width = image.shape[:2]
    if (width, height) != (record['width'], record['height']):
        raise InputError(
            where=f'image id={record["id"]}',
            found=f'{width}x{height} pixels in the file',
            expected=f'{record["width"]}x{record["height"]}, as its record '
            'says',
        )
    return image
