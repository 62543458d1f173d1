"""Finds landmarks with the face framed as the training faces were."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .framing import Frame, frame_by_template
from .landmark_model import LandmarkModel, Prediction

__all__ = ['Framing', 'locate']

# The first finds the face's place, the second refines it, the third measures.
_PASSES = 3


class Framing(NamedTuple):
    """How the training faces were framed.

    Attributes:
        template (np.ndarray): Of :func:`.landmark_template`, (K, 2).
        crop_size (tuple[int, int]): Width and height in pixels of the
            training images' frames.
        face_box (tuple[float, float, float], optional): Where the frame lies
            around the box of the face detector: from the box's centre to the
            frame's, along x and y, and the frame's width, in widths of the
            box. ``None`` if the detector finds no faces in such images.
    """

    template: np.ndarray
    crop_size: tuple
    face_box: tuple | None = None

    def frame_of_face(
        self, box: tuple[float, float, float, float], aspect: float
    ) -> Frame:
        """The frame for a box of the face detector: where to begin.

        Args:
            box (tuple): x, y, width, height in pixels of the photograph.
            aspect (float): Height of the network input divided by its width.
        """
        x, y, w, h = box
        right, down, wide = self.face_box
        width = wide * w
        centre = x + w / 2 + right * w, y + h / 2 + down * w
        height = width * aspect
        return Frame(
            centre[0] - width / 2, centre[1] - height / 2, width, height
        )


def locate(
    model: LandmarkModel,
    images: Sequence[np.ndarray],
    frames: Sequence[Frame],
    framing: Framing,
) -> tuple[Prediction, np.ndarray]:
    """Predict, frame anew by what was predicted, and predict again.

    Args:
        model (LandmarkModel): Trained.
        images (Sequence[np.ndarray]): N photographs (H, W, 3), BGR.
        frames (Sequence[Frame]): Where to begin in each.
        framing (Framing): Of the training faces.

    Returns:
        tuple[Prediction, np.ndarray]: What was predicted last, and how far
        the landmarks moved since the time before, root mean square in frame
        units, (N,).
    """
    found = model.predict(images, frames, framing.crop_size)
    for _ in range(_PASSES - 1):
        before = found
        frames = [
            frame_by_template(
                framing.template, points, model.aspect, image.shape[1::-1]
            )
            for points, image in zip(found.points, images)
        ]
        found = model.predict(images, frames, framing.crop_size)
    moves = (found.points - before.points) / found.scales[:, None, None]
    return found, np.sqrt((moves**2).sum(axis=-1).mean(axis=-1))
