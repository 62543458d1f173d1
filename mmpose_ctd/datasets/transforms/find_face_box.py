"""Crops to a face: to the detected box, or to its dense landmarks."""

from typing import ClassVar

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from mmpose_ctd.datasets.face_detection import detect_face, face_within
from mmpose_ctd.errors import InputError
from mmpose_ctd.input_framing import FACE_MARK

from .load_and_pack import FILE_STATE

# Centre and extent of a face, in pixels of the image.
_Square = tuple[float, float, float]


def _search_of(results: dict) -> tuple[tuple | None, np.ndarray | None]:
    """Where a sample's face is searched.

    A key of file and place; None for an array: arrays of different content
    share an img_path. And the corners x1, y1, x2, y2 of ``bbox``; None if it
    covers the image, or is absent.
    """
    corners = None
    if results.get('bbox') is not None:
        corners = np.asarray(results['bbox'], float).reshape(-1, 4)[0]
        height, width = results['img'].shape[:2]
        # Half a pixel for boxes that end at a pixel's centre.
        whole = np.array([-0.5, -0.5, width - 1.5, height - 1.5])
        if (corners * (-1, -1, 1, 1) >= whole).all():
            corners = None
    state = results.get(FILE_STATE)
    if state is None:
        return None, corners
    return (state, None if corners is None else tuple(corners)), corners


class _FindBox(BaseTransform):
    """Replaces ``bbox`` by a square around the face."""

    # What was found, by kind of search, its setting, file and place. Loader
    # processes inherit it.
    _squares: ClassVar[dict[tuple, _Square | None]] = {}

    def __init__(self, side: float, setting) -> None:
        if not 0.2 <= side <= 5:
            raise InputError(
                where=f'{type(self).__name__}.side',
                found=repr(side),
                expected='a number from 0.2 to 5, sizes of the face',
                cure='Set it by --cfg-options framing.face_side; 0 there '
                'means whole images.',
            )
        self.side = side
        self._search = type(self).__name__, setting

    def transform(self, results: dict) -> dict:
        """Set ``bbox`` (1, 4), x1 y1 x2 y2 in pixels of ``img``.

        It may reach outside.
        """
        place, corners = _search_of(results)
        key = (*self._search, place)
        if key in self._squares:
            square = self._squares[key]
        else:
            square = self._square(results['img'], corners)
            if place is not None:
                self._squares[key] = square
        results[FACE_MARK] = self._mark()
        if square is not None:
            x, y, extent = square
            half = self.side * extent / 2
            results['bbox'] = np.array(
                [[x - half, y - half, x + half, y + half]], dtype=np.float32
            )
        return results


@TRANSFORMS.register_module()
class FindFaceBox(_FindBox):
    """Replaces ``bbox`` by a square around the largest detected face.

    If ``bbox`` is only a part of the image, the face's centre lies in it: a
    picture may show several people. It reads no landmark, so training and
    testing crop in the same way. For a
    detected box (x, y, width w), the square has its centre at (x + w / 2,
    y + ``centre`` w) and the side ``side`` w. Without a face ``bbox`` stays.
    A file is searched once in each process, until it changes; an array is
    searched every time.

    Put it after ``LoadLandmarkImage`` and before ``GetBBoxCenterScale``.

    Args:
        centre (float): From the upper edge of the detected box down to the
            square's centre, in widths of the box. Defaults to 0.72, between
            eyes and chin.
        side (float): Side of the square, in widths of the detected box.
            Defaults to 1.1: eye corners and chin with a margin.

    Raises:
        InputError: If the side is not from 0.2 to 5.
    """

    def __init__(self, centre: float = 0.72, side: float = 1.1) -> None:
        super().__init__(side, centre)
        self.centre = centre

    def _mark(self) -> dict:
        return dict(face_side=float(self.side), face_centre=float(self.centre))

    def _square(self, image, corners) -> _Square | None:
        if corners is None:
            found = detect_face(image)
        else:
            found = face_within(image, corners)
        if found is None:
            return None
        x, y, width, _ = found
        return x + width / 2, y + self.centre * width, width


@TRANSFORMS.register_module()
class FindMeshBox(_FindBox):
    """Replaces ``bbox`` by a square around 478 dense landmarks of the face.

    MediaPipe's second face landmarker finds them (:class:`.FaceMesh`). The
    square has the centre of their upright extent, and its side is ``side``
    times the longer extent: hairline to chin. It varies less than the box of
    :class:`.FindFaceBox`; all else is as there.

    Args:
        side (float): Side of the square, in extents of the landmarks.
            Defaults to 1.15.
        checkpoint (str, optional): Written by ``mmpose_ctd download
            face-landmarker``. Defaults to ``face_landmarker.pth`` in
            ``$CTD_CHECKPOINTS``, else in ``checkpoints``. Without the file
            the first face raises a MissingFileError.

    Raises:
        InputError: If the side is not from 0.2 to 5.
    """

    def __init__(
        self, side: float = 1.15, checkpoint: str | None = None
    ) -> None:
        super().__init__(side, checkpoint)
        self.checkpoint = checkpoint

    def _mark(self) -> dict:
        return dict(mesh_side=float(self.side))

    @classmethod
    def remember(cls, results: dict, points: np.ndarray | None) -> None:
        """Do not search a whole image again.

        Args:
            results (dict): Of ``LoadLandmarkImage``, without ``bbox``.
            points (np.ndarray, optional): Dense landmarks (478, 2 or more) of
                its face, by the default checkpoint; None: no face was found.
        """
        place, _ = _search_of(results)
        if place is not None:
            cls._squares[cls.__name__, None, place] = _square_around(points)

    def _square(self, image, corners) -> _Square | None:
        # Imported here: torch models are needed by this transform only.
        from mmpose_ctd.datasets.face_mesh import mesh_points

        box = None
        if corners is not None:
            # Without a detected face, that of the caller.
            x1, y1, x2, y2 = corners
            box = face_within(image, corners) or (x1, y1, x2 - x1, y2 - y1)
        points = mesh_points(image, box=box, checkpoint=self.checkpoint)
        return _square_around(points)


def _square_around(points: np.ndarray | None) -> _Square | None:
    if points is None:
        return None
    # A box's origin is the corner of the first pixel.
    low, high = points[:, :2].min(0) + 0.5, points[:, :2].max(0) + 0.5
    x, y = (low + high) / 2
    return float(x), float(y), float((high - low).max())
