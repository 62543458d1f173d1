"""Crops to the detected face."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from mmpose_ctd.datasets.face_detection import Box, detect_face, face_within
from mmpose_ctd.errors import InputError
from mmpose_ctd.input_framing import FACE_MARK

from .load_and_pack import FILE_STATE


def search_of(results: dict) -> tuple[tuple | None, np.ndarray | None]:
    """Where a sample's face is searched.

    Returns:
        tuple: A key of file and place, None for an array: arrays of different
        content share an img_path. And the corners x1, y1, x2, y2 of ``bbox``;
        None if it covers the image, or is absent.
    """
    corners = None
    if results.get('bbox') is not None:
        corners = np.asarray(results['bbox'], float).reshape(-1, 4)[0]
        height, width = results['img'].shape[:2]
        # Half a pixel for boxes that end at a pixel's centre.
        whole = np.array([0.5, 0.5, width - 1.5, height - 1.5])
        if (corners[:2] <= whole[:2]).all() and (
            corners[2:] >= whole[2:]
        ).all():
            corners = None
    state = results.get(FILE_STATE)
    if state is None:
        return None, corners
    return (state, None if corners is None else tuple(corners)), corners


def _face(image: np.ndarray, corners: np.ndarray | None) -> Box | None:
    if corners is None:
        return detect_face(image)
    return face_within(image, corners)


@TRANSFORMS.register_module()
class FindFaceBox(BaseTransform):
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
        if not 0.2 <= side <= 5:
            raise InputError(
                where='FindFaceBox.side',
                found=repr(side),
                expected="a number from 0.2 to 5, widths of the detector's "
                'box, such as 1.1',
                cure='Set it by --cfg-options framing.face_side; 0 there '
                'means whole images.',
            )
        self.centre = centre
        self.side = side
        self._boxes: dict[tuple, tuple | None] = {}

    def transform(self, results: dict) -> dict:
        """Set ``bbox`` (1, 4), x1 y1 x2 y2 in pixels of ``img``.

        It may reach outside.
        """
        key, corners = search_of(results)
        if key in self._boxes:
            found = self._boxes[key]
        else:
            found = _face(results['img'], corners)
            if key is not None:
                self._boxes[key] = found
        results[FACE_MARK] = dict(
            face_side=float(self.side), face_centre=float(self.centre)
        )
        if found is not None:
            x, y, width, _ = found
            across, down = x + width / 2, y + self.centre * width
            half = self.side * width / 2
            results['bbox'] = np.array(
                [[across - half, down - half, across + half, down + half]],
                dtype=np.float32,
            )
        return results

    def __repr__(self) -> str:
        name = type(self).__name__
        return f'{name}(centre={self.centre}, side={self.side})'
