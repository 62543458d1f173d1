"""Embeds the faces of a set with the face-recognition network SFace."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from mmpose.registry import MODELS

from mmpose_ctd.models.teachers import SourceModel

from .photo import Photo
from .shapes import Shapes

__all__ = ['face_embeddings']

# SFace's input: a face of 112 x 112 pixels. Its published crops have the
# eyes at a third of the height; here the landmarks' mean shape is put where
# theirs would be.
_SIDE = 112
_CENTRE = (56.0, 66.0)
_RADIUS = 25.0
_BATCH = 32

_SFACE = dict(
    backbone=dict(type='SFaceNet'),
    head=dict(type='SFaceEmbedding'),
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[127.5, 127.5, 127.5],
        std=[128.0, 128.0, 128.0],
        bgr_to_rgb=True,
    ),
)


def face_embeddings(
    photos: Sequence[Photo], shapes: Shapes, checkpoint: str
) -> dict[int, np.ndarray]:
    """Cut the faces out by their landmarks, upright, and embed them.

    Args:
        photos (Sequence[Photo]): Labelled photographs.
        shapes (Shapes): How each lies to the mean.
        checkpoint (str): SFace's weights, as ``tools/download.py sface``
            writes them.

    Returns:
        dict[int, np.ndarray]: Place of a record -> (128,), of length 1; the
        mean of the face's and of its mirror image's.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is not SFace's.
    """
    model = SourceModel(
        **_SFACE,
        checkpoint=checkpoint,
        how_to_get='python tools/download.py sface',
    )
    model.adapt_to(MODELS.build(_SFACE['data_preprocessor']))
    crops = {}
    for photo in photos:
        fit = shapes.fits.get(photo.place)
        crop = None if fit is None else _crop(photo, fit, shapes)
        if crop is not None:
            crops[photo.place] = crop
    found: dict[int, np.ndarray] = {}
    places = list(crops)
    for start in range(0, len(places), _BATCH):
        batch = places[start : start + _BATCH]
        faces = np.stack([crops[place] for place in batch])
        pixels = torch.from_numpy(faces[..., ::-1].copy()).float()
        pixels = (pixels.permute(0, 3, 1, 2) - 127.5) / 128
        embedded = sum(
            model(x, with_final=True).final for x in (pixels, pixels.flip(3))
        )
        embedded = torch.nn.functional.normalize(embedded).numpy()
        found.update(zip(batch, embedded))
    return found


def _crop(photo: Photo, fit, shapes: Shapes) -> np.ndarray | None:
    image = cv2.imread(str(photo.path), cv2.IMREAD_COLOR)
    if image is None:
        return None
    seen = np.isfinite(fit.expected).all(axis=1)
    mean = np.stack([shapes.model.mean.real, shapes.model.mean.imag], 1)
    target = mean * _RADIUS + _CENTRE
    matrix, _ = cv2.estimateAffinePartial2D(
        fit.expected[seen], target[seen], method=cv2.LMEDS
    )
    if matrix is None:
        return None
    return cv2.warpAffine(
        image, matrix, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE
    )
