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
from .shape_model import FaceFit
from .survey import PhotoRecord, Survey

# SFace's input, 112 x 112 pixels, and where its training crops (ArcFace's)
# have the centres of the eyes and the corners of the mouth, R and L.
_SIDE = 112
_EYES = ((38.29, 51.70), (73.53, 51.50))
_MOUTH = ((41.55, 92.37), (70.73, 92.20))
_EYE_NAMES = r'exocanth|endocanth|canth|pupil|eye_?(?:in|out|corner|cent)'
_MOUTH_NAMES = r'cheilion|mouth_?corner|corner_of_(?:the_)?mouth|^mouth$'
_MEAN, _STD = 127.5, 128.0
_BATCH = 32

_SFACE = dict(
    backbone=dict(type='SFaceNet'),
    head=dict(type='SFaceEmbedding'),
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=3 * [_MEAN],
        std=3 * [_STD],
        bgr_to_rgb=True,
    ),
)


def face_embeddings(survey: Survey) -> dict[int, np.ndarray]:
    """Crop the faces by their landmarks, upright, and embed them.

    Args:
        survey (Survey): The set, with its ``teacher``: SFace's weights as
            ``mmpose_ctd download sface`` writes them, and ``shapes``.

    Returns:
        dict[int, np.ndarray]: Position of a labelled record with a subject ->
        (128,), of norm 1; the sum of the face's and its mirror image's.
        Empty if no landmark's name is of an eye.

    Raises:
        MissingFileError: If there is no such file.
        InputError: If it is not SFace's.
    """
    model = SourceModel(
        **_SFACE,
        checkpoint=survey.teacher,
        how_to_get='mmpose_ctd download sface',
    )
    model.adapt_to(MODELS.build(_SFACE['data_preprocessor']))
    template = _template(survey.names, survey.partners)
    if not any(place in _EYES for place in template.values()):
        return {}
    crops = {}
    for photo in survey.labelled:
        fit = survey.shapes.fits.get(photo.place)
        if photo.subject and fit is not None:
            crop = _crop(photo, fit, template)
            if crop is not None:
                crops[photo.place] = crop
    found: dict[int, np.ndarray] = {}
    places = list(crops)
    for start in range(0, len(places), _BATCH):
        batch = places[start : start + _BATCH]
        faces = np.stack([crops[place] for place in batch])
        pixels = torch.from_numpy(faces[..., ::-1].copy()).float()
        pixels = (pixels.permute(0, 3, 1, 2) - _MEAN) / _STD
        embedded = sum(
            model(x, with_final=True).final for x in (pixels, pixels.flip(3))
        )
        embedded = torch.nn.functional.normalize(embedded).numpy()
        found.update(zip(batch, embedded))
    return found


def _template(names: Sequence[str], partners: Sequence[int]) -> dict:
    """Landmarks of one side -> where the crop shall have their mean."""
    found = {}
    for pattern, (right_place, left_place) in (
        (_EYE_NAMES, _EYES),
        (_MOUTH_NAMES, _MOUTH),
    ):
        right = tuple(
            k
            for k, name in enumerate(names)
            if re.search(pattern, canonical(name)[0])
            and partners[k] != k
            and side_of(name) == 'R'
        )
        if right:
            left = tuple(partners[k] for k in right)
            found |= {right: right_place, left: left_place}
    return found


def _crop(
    photo: PhotoRecord, fit: FaceFit, template: dict
) -> np.ndarray | None:
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
