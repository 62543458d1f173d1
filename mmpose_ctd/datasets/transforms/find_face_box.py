"""Crops to the detected face."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from mmpose_ctd.datasets.face_detection import detect_face
from mmpose_ctd.errors import InputError
from mmpose_ctd.input_framing import FACE_MARK

from .load_and_pack import FILE_STATE


@TRANSFORMS.register_module()
class FindFaceBox(BaseTransform):
    """Replaces ``bbox`` by a square around the largest detected face.

    It reads no label, so training and testing crop in the same way. For a
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
        # None for an array: arrays of different content share an img_path.
        state = results.get(FILE_STATE)
        if state in self._boxes:
            found = self._boxes[state]
        else:
            found = detect_face(results['img'])
            if state is not None:
                self._boxes[state] = found
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
