"""Which part of a photograph a network can see, and how finely."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

__all__ = ['Framing', 'Reduction']


@dataclass(frozen=True)
class Reduction:
    """A photograph's region, scaled down.

    Pixel (i, j) of the small picture covers the photograph's pixels around

    .. math::
        x = x_0 + (i + 1/2) a_x - 1/2, \\quad
        y = y_0 + (j + 1/2) a_y - 1/2

    where the centre of the top left pixel is (0, 0), x_0, y_0 is the region's
    corner and a its size over the picture's.

    Args:
        region (tuple[int, int, int, int]): x1, y1, x2, y2 in pixels of the
            photograph; x2 and y2 are the first outside.
        size (tuple[int, int]): Width and height of the small picture.
    """

    region: tuple[int, int, int, int]
    size: tuple[int, int]

    @property
    def scaled(self) -> bool:
        """Whether the picture is smaller than its region."""
        x1, y1, x2, y2 = self.region
        return self.size != (x2 - x1, y2 - y1)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """The small picture (h, w, C) of a photograph (H, W, C)."""
        x1, y1, x2, y2 = self.region
        part = image[y1:y2, x1:x2]
        if not self.scaled:
            return np.ascontiguousarray(part)
        # Averages whole pixels, by parts too: neither shift nor aliasing.
        return cv2.resize(part, self.size, interpolation=cv2.INTER_AREA)

    def to_photograph(self, flip: str | None, image_size) -> np.ndarray:
        """The affine map (3, 3) from the picture's pixels.

        Args:
            flip (str, optional): How both have been mirrored since:
                ``'horizontal'``, ``'vertical'`` or ``'diagonal'`` (both).
            image_size (tuple[int, int]): Height and width of the photograph.
        """
        matrix = np.eye(3)
        for axis, directions in enumerate(
            (('horizontal', 'diagonal'), ('vertical', 'diagonal'))
        ):
            start, n = self.region[axis], self.size[axis]
            step = (self.region[axis + 2] - start) / n
            offset = start + step / 2 - 0.5
            if flip in directions:
                last = image_size[1 - axis] - 1
                offset = last - offset - step * (n - 1)
            matrix[axis, axis], matrix[axis, 2] = step, offset
        return matrix

    def seen(self, flip: str | None, image_size) -> np.ndarray:
        """The region as corners (2, 2), x1 y1 and x2 y2, after a flip."""
        corners = np.reshape(self.region, (2, 2)).astype(float)
        height, width = image_size
        if flip in ('horizontal', 'diagonal'):
            corners[:, 0] = width - corners[::-1, 0]
        if flip in ('vertical', 'diagonal'):
            corners[:, 1] = height - corners[::-1, 1]
        return corners


@dataclass(frozen=True)
class Framing:
    """How far a pipeline's crops may reach around a box, and how near.

    Args:
        input_size (tuple[int, int]): Width and height of the network input.
        padding (float): Of ``GetBBoxCenterScale``.
        scales (tuple[float, float]): Least and largest factor of the box.
        shift (float): Largest shift, in widths and heights of the box.
        rotates (bool): Whether the crop may turn.
        detail (float): Pixels of the small picture for each of the network
            input, at the least, on an axis.
    """

    input_size: tuple[int, int]
    padding: float = 1.25
    scales: tuple[float, float] = (1.0, 1.0)
    shift: float = 0.0
    rotates: bool = False
    detail: float = 2.0

    def reduction(
        self, box: Sequence[float], image_size: tuple[int, int]
    ) -> Reduction:
        """What to keep of a photograph.

        Args:
            box (Sequence[float]): x1, y1, x2, y2 in its pixels.
            image_size (tuple[int, int]): Its height and width.
        """
        low, high = np.reshape(box, (2, 2)).astype(float)
        size = (high - low) * self.padding
        # As TopdownAffine: the box grows to the input's shape.
        side = max(size[0], size[1] * self.input_size[0] / self.input_size[1])
        step = side * self.scales[0] / self.input_size[0] / self.detail
        step = max(step, 1.0)
        half = np.array(self.input_size) * side / self.input_size[0] / 2
        half *= self.scales[1]
        if self.rotates:
            half[:] = math.hypot(*half)
        # Two pixels more, as interpolation looks at its neighbours.
        reach = half + self.shift * size + 2 * step
        centre = (low + high) / 2
        bounds = np.array(image_size[::-1])
        first = np.clip(np.floor(centre - reach), 0, bounds - 1).astype(int)
        last = np.clip(np.ceil(centre + reach) + 1, first + 1, bounds)
        last = last.astype(int)
        small = np.ceil((last - first) / step).astype(int)
        return Reduction((*first.tolist(), *last.tolist()), (*small.tolist(),))
