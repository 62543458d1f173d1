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
    """

    template: np.ndarray
    crop_size: tuple


def locate(
    model: LandmarkModel,
    images: Sequence[np.ndarray],
    frames: Sequence[Frame],
    framing: Framing | None,
) -> tuple[Prediction, np.ndarray]:
    """Predict, frame anew by what was predicted, and predict again.

    Args:
        model (LandmarkModel): Trained.
        images (Sequence[np.ndarray]): N photographs (H, W, 3), BGR.
        frames (Sequence[Frame]): Where to begin in each.
        framing (Framing, optional): Of the training faces; None keeps the
            frames as they are.

    Returns:
        tuple[Prediction, np.ndarray]: What was predicted last, and how far
        the landmarks moved since the time before, root mean square in frame
        units, (N,); 0 without framing.
    """
    if framing is None:
        size = model.pipeline.input_size
        # Twice the input: what it needs, and no aliasing.
        found = model.predict(images, frames, (2 * size[0], 2 * size[1]))
        return found, np.zeros(len(images))
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
