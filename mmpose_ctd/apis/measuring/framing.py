"""Frames: the rectangles of a photograph that the network sees.

A frame is upright and has the shape of the network input, whose ``aspect`` is
height / width. In frame units it goes from (0, 0) to (1, aspect).
"""

from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
)

from mmpose_ctd.datasets.image_crop import ImageCrop

# How a calibration file holds a Framing.
STRICT = ConfigDict(
    strict=True, allow_inf_nan=False, arbitrary_types_allowed=True
)
_ROWS = TypeAdapter(
    list[Annotated[list[float | None], Field(min_length=2, max_length=2)],],
    config=STRICT,
)


def _points(value: Any) -> np.ndarray:
    """Points (x, y) as (K, 2), NaN for null."""
    return np.array(_ROWS.validate_python(value), float)


def _numbers(points: np.ndarray) -> list:
    rounded = np.round(np.asarray(points, float), 6).tolist()
    return [[None if v != v else v for v in row] for row in rounded]


Points = Annotated[
    np.ndarray, BeforeValidator(_points), PlainSerializer(_numbers)
]

#: x, y, width, height in pixels.
Box = tuple[float, float, float, float]


class Frame(NamedTuple):
    """A rectangle of a photograph; it may reach outside.

    In pixels: the corner of the first pixel is (0, 0), its centre (0.5, 0.5).
    """

    x: float
    y: float
    width: float
    height: float

    def to_units(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) of the photograph in frame units."""
        return (np.asarray(points) + 0.5 - self[:2]) / self.width

    def to_image(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) in frame units as pixels of the photograph."""
        return np.asarray(points) * self.width + self[:2] - 0.5


@dataclass
class Framing:
    """How the training faces were framed.

    Attributes:
        template (np.ndarray): See :func:`landmark_template`, (K, 2).
        crop_size (tuple[int, int]): Width and height of the training frames
            in pixels.
        face_box (tuple[float, float, float], optional): The frame around the
            face detector's box: offset of its centre along x and y, and its
            width, all in widths of the box. None if the detector finds no
            faces in the training images.
    """

    template: Points
    crop_size: tuple[int, int]
    face_box: tuple[float, float, float] | None

    def frame_of_face(self, box: Box, aspect: float) -> Frame:
        """Where the search starts, given the box of the face detector."""
        x, y, w, h = box
        right, down, wide = self.face_box
        width, height = wide * w, wide * w * aspect
        left = x + w / 2 + right * w - width / 2
        top = y + h / 2 + down * w - height / 2
        return Frame(left, top, width, height)


def frame_around(box: Box, aspect: float, margin: float = 1.0) -> Frame:
    """The frame with the centre of a box and ``margin`` times its size."""
    x, y, w, h = box
    width = margin * max(w, h / aspect)
    height = width * aspect
    return Frame(x + (w - width) / 2, y + (h - height) / 2, width, height)


def landmark_template(points: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Mean landmarks (K, 2) of the training faces, at median place and size.

    Faces (N, K, 2), in frame units, are shifted and scaled onto each other,
    not turned. Landmarks that are not ``visible`` (N, K) have no influence;
    those that no face has are NaN.
    """
    points = np.where(visible[..., None], points, np.nan)
    seen = visible.any(axis=0)
    template = np.full(points.shape[1:], np.nan)
    template[seen] = np.nanmedian(points[:, seen], axis=0)
    start = template.copy()
    for _ in range(20):
        fits = [fit_template(template, face) for face in points]
        aligned = np.stack(
            [(face - t) / s for (s, t), face in zip(fits, points)]
        )
        template[seen] = np.nanmean(aligned[:, seen], axis=0)
        scale, shift = fit_template(template[seen], start[seen])
        template = template * scale + shift
    fits = [fit_template(template, face) for face in points]
    scale = np.median([s for s, _ in fits])
    centre = np.nanmean(template, axis=0)
    moved = np.median([s * centre + t for s, t in fits], axis=0)
    return (template - centre) * scale + moved


def fit_template(
    template: np.ndarray, points: np.ndarray
) -> tuple[float, np.ndarray]:
    r"""Least squares scale s and shift t (2,) of a template onto points.

    .. math:: \min_{s, t} \sum_k \lVert s T_k + t - p_k \rVert^2

    Both are (K, 2); landmarks that are NaN in either are ignored. s is 1 if
    fewer than two different points are known.
    """
    known = np.isfinite(template).all(-1) & np.isfinite(points).all(-1)
    if not known.any():
        return 1.0, np.zeros(2)
    ours, theirs = template[known], points[known]
    a, b = ours.mean(axis=0), theirs.mean(axis=0)
    spread = ((ours - a) ** 2).sum()
    scale = ((ours - a) * (theirs - b)).sum() / spread if spread else 1.0
    # Wild points may fit a mirrored template best, or a single spot.
    size = np.sqrt(((theirs - b) ** 2).sum() / spread) if spread else 1.0
    scale = float(max(scale, 0.5 * size)) or 1.0
    return scale, b - scale * a


def frame_by_template(
    template: np.ndarray,
    points: np.ndarray,
    aspect: float,
    image_size: tuple[int, int],
) -> Frame:
    """The frame in which landmarks lie as in the training images.

    ``points`` (K, 2) are pixels of the photograph. The frame stays near it
    even if they are wild.
    """
    width, shift = fit_template(template, points + 0.5)
    width = float(np.clip(width, 8, 4 * max(image_size)))
    size = np.array([width, width * aspect])
    x, y = np.clip(shift, 2 - size, np.array(image_size) - 2)
    return Frame(float(x), float(y), *map(float, size))


def cut_frame(
    image: np.ndarray, frame: Frame, size: tuple[int, int]
) -> tuple[np.ndarray, Frame]:
    """Cut out a frame (h, w, 3), averaged down to at most ``size``.

    It never enlarges; the network's own pipeline does. Outside of the
    photograph the border is repeated. The second result is the frame that
    the picture shows exactly: ``frame`` rounded to whole pixels.
    """
    x, y = round(frame.x), round(frame.y)
    width = max(2, round(frame.width))
    height = max(2, round(frame.height))
    crop = ImageCrop(
        x, y, width, height, min(size[0], width), min(size[1], height)
    )
    picture = np.ascontiguousarray(crop.pixels(image))
    return picture, Frame(x, y, width, height)
