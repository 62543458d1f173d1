"""Reads meshes that were found before.

N: images, V: vertices.
"""

import json
import os
import zipfile
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.files import sha256_of

__all__ = ['MeshFile', 'file_digest']

_FORMAT = 'mmpose_ctd face mesh'
_VERSION = 1
_AGAIN = 'Make it anew: python projects/facemesh/facemesh.py mesh'


@dataclass(frozen=True)
class MeshFile:
    """Meshes by image.

    Attributes:
        path (str): Where it was read from.
        network (str): The network that found them.
        views (int): Framings of an image whose median is taken.
        seconds (float): For all images of the file.
        rows (dict): Image id -> row.
        digests (list[str]): Of the N image files.
        attempts (np.ndarray): (N,), 1 where the first look found the face,
            more where a further one did (zoomed), 0 where none.
        vertices (np.ndarray): Pixels of the image, x to the right, y down, z
            away from the camera on the scale of x, (N, V, 3); NaN where no
            face was found.
    """

    path: str
    network: str
    views: int
    seconds: float
    rows: dict[Hashable, int]
    digests: list[str]
    attempts: np.ndarray
    vertices: np.ndarray = field(repr=False)

    @classmethod
    def read(cls, path: str) -> 'MeshFile':
        """Read and check it.

        Raises:
            MissingFileError: If there is no such file.
            InputError: If it is no file of meshes, or is damaged.
        """
        if not os.path.isfile(path):
            raise MissingFileError(
                f'The mesh file {path!r} does not exist. Make it first: '
                'python projects/facemesh/facemesh.py mesh --data-root DATA '
                f'--ann-file FILE --out {path}'
            )
        try:
            # Arrays of objects would be pickles: never read.
            with np.load(path, allow_pickle=False) as content:
                arrays = {key: content[key] for key in content.files}
            about = json.loads(str(arrays['about']))
            if about['format'] != _FORMAT:
                raise ValueError(f'format {about["format"]!r}')
            if about['version'] != _VERSION:
                raise ValueError(f'version {about["version"]!r}')
            return _parse(path, about, arrays)
        except (
            AttributeError,
            EOFError,
            KeyError,
            OSError,
            TypeError,
            ValueError,
            zipfile.BadZipFile,
        ) as error:
            raise InputError(
                f'{path}: no file of face meshes, or a damaged one '
                f'({type(error).__name__}: {error}). {_AGAIN}'
            ) from error

    def of_images(
        self, image_ids: Sequence[Hashable], paths: Sequence[str]
    ) -> np.ndarray:
        """The meshes of some images.

        Args:
            image_ids (Sequence): Their n ids.
            paths (Sequence[str]): Their files, which must be those that the
                meshes were found on.

        Returns:
            np.ndarray: (n, V, 3), NaN where no face was found.

        Raises:
            InputError: If an image is not in the file, or has changed.
        """
        unknown = [i for i in image_ids if i not in self.rows]
        if unknown:
            raise InputError(
                f'{self.path}: has no mesh of {len(unknown)} of '
                f'{len(image_ids)} images, such as image id={unknown[0]!r}: '
                f'it was made from another annotation file. {_AGAIN}'
            )
        rows = [self.rows[i] for i in image_ids]
        changed = [
            i
            for i, row, path in zip(image_ids, rows, paths)
            if file_digest(path) != self.digests[row]
        ]
        if changed:
            raise InputError(
                f'{self.path}: {len(changed)} of {len(image_ids)} images are '
                'not the files that its meshes were found on, such as image '
                f'id={changed[0]!r}. {_AGAIN}'
            )
        return self.vertices[rows]


def file_digest(path: str) -> str:
    """By which an image file is known again, 16 characters."""
    return sha256_of(path)[:16]


def _parse(path: str, about: dict, arrays: dict) -> MeshFile:
    ids = [json.loads(str(text)) for text in arrays['image_ids']]
    digests = [str(text) for text in arrays['digests']]
    vertices = np.asarray(arrays['vertices'], dtype=np.float64)
    attempts = np.asarray(arrays['attempts'], dtype=int)
    if vertices.ndim != 3 or vertices.shape[2] != 3 or vertices.shape[1] < 3:
        raise ValueError(f'vertices of shape {vertices.shape}')
    lengths = {*map(len, (ids, {*ids}, digests, attempts, vertices))}
    if len(lengths) > 1:
        raise ValueError(f'arrays of {sorted(lengths)} images')
    finite = np.isfinite(vertices).all(axis=(1, 2))
    if (finite != (attempts > 0)).any():
        raise ValueError('vertices that are not finite')
    if (np.ptp(vertices[finite, :, :2], axis=1) <= 0).any():
        raise ValueError('vertices that coincide')
    return MeshFile(
        path=path,
        # Earlier files are of FaceMesh in MediaPipe's own environment.
        network=str(about.get('network') or f'MediaPipe {about["mediapipe"]}'),
        views=int(about['views']),
        seconds=float(about['seconds']),
        rows={i: row for row, i in enumerate(ids)},
        digests=digests,
        attempts=attempts,
        vertices=vertices,
    )
