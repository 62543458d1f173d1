"""Crops to the dense landmarks of a face."""

from typing import ClassVar

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from mmpose_ctd.datasets.face_detection import face_within
from mmpose_ctd.errors import InputError
from mmpose_ctd.input_framing import FACE_MARK

from .find_face_box import search_of


@TRANSFORMS.register_module()
class FindMeshBox(BaseTransform):
    """Replaces ``bbox`` by a square around 478 dense landmarks of the face.

    MediaPipe's second face landmarker finds them (:class:`.FaceMesh`). The
    square has the centre of their upright extent, and its side is ``side``
    times the longer extent: hairline to chin. It varies less than the box of
    :class:`.FindFaceBox`. If ``bbox`` is only a part of the image, the face
    in it is searched. It reads no landmark, so training and testing crop in
    the same way. Without a face ``bbox`` stays. A file is searched once in
    each process, until it changes; an array is searched every time.

    Put it after ``LoadLandmarkImage`` and before ``GetBBoxCenterScale``.

    Args:
        side (float): Side of the square, in extents of the landmarks.
            Defaults to 1.15.
        checkpoint (str, optional): Written by ``mmpose_ctd download
            face-landmarker``. Defaults to ``face_landmarker.pth`` in
            ``$CTD_CHECKPOINTS``, else in ``checkpoints``.

    Raises:
        InputError: If the side is not from 0.2 to 5.
    """

    # What was found, by checkpoint and search. Loader processes inherit it.
    _squares: ClassVar[dict[tuple, tuple | None]] = {}

    def __init__(
        self, side: float = 1.15, checkpoint: str | None = None
    ) -> None:
        if not 0.2 <= side <= 5:
            raise InputError(
                where='FindMeshBox.side',
                found=repr(side),
                expected='a number from 0.2 to 5, extents of the face, such '
                'as 1.15',
            )
        self.side = side
        self.checkpoint = checkpoint

    def transform(self, results: dict) -> dict:
        """Set the box.

        Args:
            results (dict): With ``img`` (H, W, 3), BGR.

        Returns:
            dict: With ``bbox`` (1, 4), x1 y1 x2 y2 in pixels of the image; it
            may reach outside.

        Raises:
            MissingFileError: If there is no checkpoint.
        """
        key, corners = search_of(results)
        if (self.checkpoint, key) in self._squares:
            square = self._squares[self.checkpoint, key]
        else:
            square = self._square(results['img'], corners)
            if key is not None:
                self._squares[self.checkpoint, key] = square
        results[FACE_MARK] = dict(mesh_side=float(self.side))
        if square is not None:
            x, y, extent = square
            half = self.side * extent / 2
            results['bbox'] = np.array(
                [[x - half, y - half, x + half, y + half]], dtype=np.float32
            )
        return results

    @classmethod
    def remember(cls, results: dict, points: np.ndarray | None) -> None:
        """Do not search a whole image again.

        Args:
            results (dict): Of ``LoadLandmarkImage``, without ``bbox``.
            points (np.ndarray, optional): Dense landmarks (478, 2 or more) of
                its face, by the default checkpoint; None: no face was found.
        """
        key, _ = search_of(results)
        if key is not None:
            cls._squares[None, key] = _square_around(points)

    def _square(
        self, image: np.ndarray, corners: np.ndarray | None
    ) -> tuple[float, float, float] | None:
        """Centre and longer extent of the face, pixels of the image."""
        # Imported here: torch models are needed by this transform only.
        from mmpose_ctd.datasets.face_mesh import mesh_points

        box = None
        if corners is not None:
            # Without a detected face, that of the caller.
            x1, y1, x2, y2 = corners
            box = face_within(image, corners) or (x1, y1, x2 - x1, y2 - y1)
        points = mesh_points(image, box=box, checkpoint=self.checkpoint)
        return _square_around(points)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(side={self.side})'


def _square_around(
    points: np.ndarray | None,
) -> tuple[float, float, float] | None:
    """Centre and longer extent of a face, pixels of the image."""
    if points is None:
        return None
    # A box's origin is the corner of the first pixel.
    low, high = points[:, :2].min(0) + 0.5, points[:, :2].max(0) + 0.5
    x, y = (low + high) / 2
    return float(x), float(y), float((high - low).max())
