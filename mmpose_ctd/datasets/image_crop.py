"""Crops and resizes an image, with its points.

On each axis, for a crop that begins at pixel o, is s pixels long and is
resized to S pixels:

.. math::
    q = (p - o + 1/2) \\cdot S / s - 1/2

Pixel centres have whole coordinates before and after, as in ``cv2.resize``.
"""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class ImageCrop:
    """A rectangle of an image, and the size that it is resized to.

    All in pixels; the first column and row, x and y, may be negative.
    """

    x: int
    y: int
    width: int
    height: int
    out_width: int
    out_height: int

    @property
    def scale(self) -> np.ndarray:
        """Pixels of the result a pixel of the image, (2,): x and y."""
        return np.array(
            [self.out_width / self.width, self.out_height / self.height]
        )

    def pixels(self, image: np.ndarray) -> np.ndarray:
        """Crop and resize an image (H, W, 3), uint8.

        Shrinking averages over areas, so nothing aliases; enlarging is cubic.
        Outside the image its border is repeated.
        """
        height, width = image.shape[:2]
        right, bottom = self.x + self.width, self.y + self.height
        if self.x >= 0 and right <= width and self.y >= 0 and bottom <= height:
            patch = image[self.y : bottom, self.x : right]
        else:
            columns = np.arange(self.x, right).clip(0, width - 1)
            rows = np.arange(self.y, bottom).clip(0, height - 1)
            patch = image[rows][:, columns]
        size = self.out_width, self.out_height
        if size == (self.width, self.height):
            return patch
        shrinks = size[0] <= self.width and size[1] <= self.height
        how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        return cv2.resize(patch, size, interpolation=how)

    def forward(self, points: np.ndarray) -> np.ndarray:
        """Points of the image (..., 2) as points of the result, in pixels."""
        origin = np.array([self.x, self.y])
        return (points - origin + 0.5) * self.scale - 0.5
