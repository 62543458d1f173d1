"""Embeds the faces of a set with the face-recognition network SFace."""

import re
from collections.abc import Sequence

import cv2
import numpy as np
import torch
from mmpose.registry import MODELS

from mmpose_ctd.errors import InputError
from mmpose_ctd.landmark_sides import canonical, side_of
from mmpose_ctd.models.teachers import SourceModel

from ..upright_image import read_upright
from .alignment import similarity
from .photo import Photo
from .shape_model import FaceFit
from .shapes import Shapes

__all__ = ['face_embeddings']

# SFace's input, 112 x 112 pixels, and where ArcFace's and SFace's training
# crops have the centres of the eyes and the corners of the mouth, R and L.
_SIDE = 112
_EYES = ((38.29, 51.70), (73.53, 51.50))
_MOUTH = ((41.55, 92.37), (70.73, 92.20))
_EYE_NAMES = r'exocanth|endocanth|canth|pupil|eye_?(?:in|out|corner|cent)'
_MOUTH_NAMES = r'cheilion|mouth_?corner|corner_of_(?:the_)?mouth|^mouth$'
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


def _template(names: Sequence[str], partners: Sequence[int]) -> dict:
    """Landmarks on both sides -> where the crop should have their mean."""
    found = {}
    for pattern, places in ((_EYE_NAMES, _EYES), (_MOUTH_NAMES, _MOUTH)):
        both = [
            k
            for k, name in enumerate(names)
            if re.search(pattern, canonical(name)[0]) and partners[k] != k
        ]
        right = tuple(k for k in both if side_of(names[k]) == 'R')
        left = tuple(partners[k] for k in right)
        if right:
            found[right], found[left] = places
    return found


def face_embeddings(
    photos: Sequence[Photo],
    shapes: Shapes,
    names: Sequence[str],
    partners: Sequence[int],
    checkpoint: str,
) -> dict[int, np.ndarray]:
    """Cut the faces out by their landmarks, upright, and embed them.

    Args:
        photos (Sequence[Photo]): Labelled photographs.
        shapes (Shapes): How each lies to the mean.
        names (Sequence[str]): The K landmarks.
        partners (Sequence[int]): Place of each one's mirror image.
        checkpoint (str): SFace's weights, as ``mmpose_ctd download sface``
            writes them.

    Returns:
        dict[int, np.ndarray]: Place of a record -> (128,), of length 1; the
        sum of the face's and its mirror image's. Empty where the names tell
        of no eyes.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is not SFace's.
    """
    model = SourceModel(
        **_SFACE,
        checkpoint=checkpoint,
        how_to_get='mmpose_ctd download sface',
    )
    model.adapt_to(MODELS.build(_SFACE['data_preprocessor']))
    crops = {}
    template = _template(names, partners)
    if not any(place in _EYES for place in template.values()):
        return {}
    for photo in photos:
        fit = shapes.fits.get(photo.place)
        crop = None if fit is None else _crop(photo, fit, template)
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


def _crop(photo: Photo, fit: FaceFit, template: dict) -> np.ndarray | None:
    try:
        image = read_upright(photo.path)
    except InputError:
        # The check of files reports it.
        return None
    source = [fit.expected[list(marks)].mean(axis=0) for marks in template]
    z, m = (np.asarray(p) @ (1, 1j) for p in (source, [*template.values()]))
    a, b = similarity(z, m)
    if not np.isfinite(a):
        return None
    matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
    return cv2.warpAffine(
        image, matrix, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE
    )
