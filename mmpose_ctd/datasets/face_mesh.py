"""Finds 478 dense landmarks of a face with MediaPipe's network, in process."""

import functools
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch

from mmpose_ctd.datasets.face_detection import Box, check_image, detect_face
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.models.backbones import FaceLandmarkerV2
from mmpose_ctd.models.heads import FaceLandmarkerV2Head
from mmpose_ctd.models.teachers.checkpoint import (
    load_source_state,
    load_strictly,
)

#: The checkpoint that `mmpose_ctd download face-landmarker` writes.
CHECKPOINT = 'face_landmarker.pth'
#: Outer corners of the right and the left eye, which say what is upright.
EYE_CORNERS = (33, 263)
#: Side of a crop, as a multiple of the face's longer extent (MediaPipe's).
MARGIN = 1.5
#: Least probability of a face (MediaPipe's).
LEAST_PRESENCE = 0.5
#: The network sees an upright face in a turned photograph, too, and is sure
#: of it. When the crop is turned, points of real faces hardly move: 2 % of the
#: face on 16 adults, blurred, dark, noisy, small, squeezed or tilted by 25
#: degrees; 6 % if they are half covered. Wrong ones follow the crop: by 6 % to
#: 31 % on the 24 of 48 photographs turned by 90 or 180 degrees where a face
#: was seen. They also move by 3 % or more between the first two looks, so
#: points that move by less are not looked at again. A wrong one remains on
#: 1 of 20 photographs that are upside down.
STEADY = 0.02
LARGEST_MOVE = 0.06
_TURNED = (12, -12)
#: Framings around the second look: zoom, degrees, and shift to the right and
#: down as shares of the side.
VIEWS = (
    (1.0, 0, 0.0, 0.0),
    (0.9, 0, 0.0, 0.0),
    (1.1, 0, 0.0, 0.0),
    (1.0, 5, 0.0, 0.0),
    (1.0, -5, 0.0, 0.0),
    (1.0, 10, 0.0, 0.0),
    (1.0, -10, 0.0, 0.0),
    (1.0, 0, 0.035, 0.015),
    (1.0, 0, -0.03, 0.025),
)
# Pixels of the network's square input.
_SIDE = FaceLandmarkerV2.input_size[0]


class CropFrame(NamedTuple):
    """A square crop of an image: its centre and side in pixels.

    (0, 0) is a pixel's centre; ``angle`` is the clockwise turn of its upper
    edge, in radians.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    @classmethod
    def around_box(cls, box: Box) -> 'CropFrame':
        """The upright crop around a box of :func:`.detect_faces`."""
        x, y, width, height = box
        # Its origin is the corner of the first pixel.
        centre = x + width / 2 - 0.5, y + height / 2 - 0.5
        return cls(*centre, MARGIN * max(width, height))

    @classmethod
    def around_points(cls, points: np.ndarray) -> 'CropFrame':
        """The crop around 478 points, turned until the eyes are level."""
        plane = points[:, :2]
        across = plane[EYE_CORNERS[1]] - plane[EYE_CORNERS[0]]
        angle = float(np.arctan2(across[1], across[0]))
        turned = plane @ _turn(angle)
        low, high = turned.min(axis=0), turned.max(axis=0)
        x, y = map(float, _turn(angle) @ ((low + high) / 2))
        return cls(x, y, MARGIN * float((high - low).max()), angle)

    def changed(
        self, zoom: float, degrees: float, right: float, down: float
    ) -> 'CropFrame':
        """The crop with the face ``zoom`` times as large, and moved."""
        shift = _turn(self.angle) @ (right, down) * self.side
        return CropFrame(
            self.x + float(shift[0]),
            self.y + float(shift[1]),
            self.side / zoom,
            self.angle + float(np.radians(degrees)),
        )

    def matrix(self) -> np.ndarray:
        """From the network's input to the image, (2, 3)."""
        turn = _turn(self.angle) * (self.side / _SIDE)
        shift = (self.x, self.y) - turn @ (_SIDE / 2, _SIDE / 2)
        return np.column_stack([turn, shift])


def _turn(angle: float) -> np.ndarray:
    return np.array(
        [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    )


class FaceMesh:
    """MediaPipe's second face landmarker on photographs.

    Args:
        checkpoint (str | Path, optional): Written by ``mmpose_ctd download
            face-landmarker``. Defaults to ``face_landmarker.pth`` in
            ``$CTD_CHECKPOINTS``, else in ``checkpoints``.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is another one.
    """

    def __init__(self, checkpoint: str | Path | None = None) -> None:
        path = _checkpoint(checkpoint)
        if not os.path.isfile(path):
            raise MissingFileError(
                where=path,
                found='no such file',
                expected='the face landmarker',
                cure='Get it: mmpose_ctd download face-landmarker',
            )
        state = load_source_state(path)
        trunk = FaceLandmarkerV2(out_indices=(4,))
        self.parts = trunk, FaceLandmarkerV2Head()
        for name, part in zip(('backbone', 'head'), self.parts):
            load_strictly(
                part,
                state[name],
                f'{path!r} as a face landmarker',
                'Get it: mmpose_ctd download face-landmarker',
            )
            part.to(memory_format=torch.channels_last).eval()

    def find(
        self,
        image: np.ndarray,
        box: Box | None = None,
        looks: int = 2,
        views: int = 1,
    ) -> np.ndarray | None:
        """See :func:`mesh_points`."""
        check_image(image, 'FaceMesh.find: image')
        for name, value, most in (
            ('looks', looks, math.inf),
            ('views', views, len(VIEWS)),
        ):
            if type(value) is not int or not 1 <= value <= most:
                raise InputError(
                    where=f'FaceMesh.find: {name}',
                    found=repr(value),
                    expected='1 or more'
                    + (f', at most {most}' * (most < math.inf)),
                )
        height, width = image.shape[:2]
        if box is None:
            box = detect_face(image, quick=True)
        else:
            box = _in_image(box, image)
        frame = CropFrame(
            (width - 1) / 2, (height - 1) / 2, max(width, height)
        )
        if box is not None:
            frame = CropFrame.around_box(box)
        # A first crop that is tilted or too wide may hide a face from the
        # network: only the last look decides whether there is one.
        before = None
        for _ in range(looks - 1):
            (before,), _ = self.look(image, [frame])
            frame = CropFrame.around_points(before)
        frames = [frame.changed(*view) for view in VIEWS[:views]]
        points, presence = self.look(image, frames)
        seen = presence >= LEAST_PRESENCE
        if not seen[0] or not self._stays(image, frame, points[0], before):
            return None
        return np.median(points[seen], axis=0)

    def _stays(
        self,
        image: np.ndarray,
        frame: CropFrame,
        points: np.ndarray,
        before: np.ndarray | None,
    ) -> bool:
        """Whether the points are the image's, not the crop's."""
        if before is not None and _move(before, points) < STEADY:
            return True
        frames = [frame.changed(1, angle, 0, 0) for angle in _TURNED]
        turned, _ = self.look(image, frames)
        return max(_move(one, points) for one in turned) < LARGEST_MOVE

    @torch.no_grad()
    def look(
        self, image: np.ndarray, frames: Sequence[CropFrame]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run the network once on F crops of an image.

        Returns the points in pixels of the image, (F, 478, 3), and the
        probability of a face, (F,).
        """
        crops = [_crop(image, frame) for frame in frames]
        batch = torch.from_numpy(np.stack(crops))
        batch = batch.permute(0, 3, 1, 2).flip(1).float() / 255
        batch = batch.contiguous(memory_format=torch.channels_last)
        trunk, head = self.parts
        found = head(trunk(batch))
        points = found.points.double().cpu().numpy()
        for own, frame in zip(points, frames):
            matrix = frame.matrix()
            own[:, :2] = own[:, :2] @ matrix[:, :2].T + matrix[:, 2]
            own[:, 2] *= frame.side / _SIDE
        return points, found.presence.cpu().numpy()


def mesh_points(
    image: np.ndarray,
    *,
    box: Box | None = None,
    looks: int = 2,
    views: int = 1,
    checkpoint: str | Path | None = None,
) -> np.ndarray | None:
    """Find 478 dense landmarks of a face.

    The network is loaded once for each checkpoint.

    Args:
        image (np.ndarray): (H, W, 3), uint8, BGR.
        box (tuple, optional): x, y, width, height of the face, as
            :func:`.detect_faces` gives it. Defaults to None: the largest
            detected face, else the whole image.
        looks (int): Number of crops, the first around the box, each other
            around the points of the one before, turned upright. Defaults to
            2.
        views (int): Framings of the last crop whose median is taken, 1 to 9.
            Defaults to 1.
        checkpoint (str | Path, optional): Written by ``mmpose_ctd download
            face-landmarker``. Defaults to ``face_landmarker.pth`` in
            ``$CTD_CHECKPOINTS``, else in ``checkpoints``.

    Returns:
        np.ndarray: (478, 3): x and y in pixels of the image, with (0, 0) at
        the centre of the top left pixel; z on the same scale, smaller towards
        the camera. None if the network sees no face, or one that moves with
        the crop: the photograph may be turned.

    Raises:
        MissingFileError: If there is no checkpoint.
        InputError: If an argument is not as described.

    Examples:
        >>> import cv2
        >>> from mmpose_ctd.apis import mesh_points
        >>> points = mesh_points(cv2.imread('face.jpg'))  # doctest: +SKIP
        >>> points.shape  # doctest: +SKIP
        (478, 3)
    """
    mesh = _loaded(os.path.abspath(_checkpoint(checkpoint)))
    return mesh.find(image, box=box, looks=looks, views=views)


@functools.lru_cache(maxsize=2)
def _loaded(checkpoint: str) -> FaceMesh:
    return FaceMesh(checkpoint)


def _move(points: np.ndarray, others: np.ndarray) -> float:
    """Root mean square distance, in longer sides of the second face."""
    moved = ((points[:, :2] - others[:, :2]) ** 2).sum(axis=1).mean()
    return float(
        np.sqrt(moved) / max(np.ptp(others[:, :2], axis=0).max(), 1e-9)
    )


def _checkpoint(given: str | Path | None) -> str:
    folder = os.environ.get('CTD_CHECKPOINTS') or 'checkpoints'
    return str(given or os.path.join(folder, CHECKPOINT))


def _crop(image: np.ndarray, frame: CropFrame) -> np.ndarray:
    """The crop at the network's input size, (256, 256, 3)."""
    matrix = frame.matrix()
    share = 2 * _SIDE / frame.side
    if share < 1:
        # Without this, bilinear sampling would skip pixels.
        height, width = image.shape[:2]
        size = max(1, round(width * share)), max(1, round(height * share))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        scale = np.array([size[0] / width, size[1] / height])
        matrix = matrix * scale[:, None]
        matrix[:, 2] += scale / 2 - 0.5
    return cv2.warpAffine(
        image,
        matrix,
        (_SIDE, _SIDE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _in_image(box: Box, image: np.ndarray) -> Box:
    height, width = image.shape[:2]
    numbers = np.asarray(box, dtype=float).ravel()
    good = len(numbers) == 4 and np.isfinite(numbers).all()
    if good:
        x, y, across, down = numbers
        good = (
            min(across, down) > 0
            and -across < x < width
            and -down < y < height
        )
    if not good:
        raise InputError(
            where='FaceMesh.find: box',
            found=repr(box),
            expected='x, y, width, height in pixels, partly in an image of '
            f'{width}x{height}',
        )
    return tuple(numbers)
