"""Framing by the face detector, on real photographs."""

import json
import types

import cv2
import numpy as np
import pytest

from mmpose_ctd.apis.measuring.framing import Frame
from mmpose_ctd.apis.measuring.labelled_faces import (
    LabelledFaces,
    training_framing,
)
from mmpose_ctd.datasets.annotation_formats.pts_tem import read_tem
from mmpose_ctd.datasets.face_detection import detect_face

# Indices of the 19 landmarks in the template of the originals.
INDICES = (
    [18, 22, 23, 27, 64, 69, 55, 170, 172, 171, 173, 89, 90, 91]
    + [87, 93, 96, 106, 129]
)  # fmt: skip
ORIGINALS = [
    'neutral_front/001_03',
    'neutral_front/017_03',
    '3dsk/female/agata',
    '3dsk/male/alex',
]


@pytest.mark.real_data
def test_originals_are_framed_as_the_crops_that_train(shared_root):
    """Learned from 256x256 crops, used on photographs of 1350 pixels."""
    root = shared_root / 'data' / 'frl_faces'
    content = json.loads((root / 'annotations/landmarks19.json').read_text())
    of = {a['image_id']: a['keypoints'] for a in content['annotations']}
    images = content['images'][::8]
    points = np.array([of[i['id']] for i in images]).reshape(-1, 19, 3)
    faces = LabelledFaces(
        [str(root / 'images' / i['file_name']) for i in images],
        [Frame(0, 0, 256, 256)] * len(images),
        points[..., :2],
        np.array([i['subject'] for i in images]),
        [i['site'] for i in images],
    )
    framing = training_framing(
        faces, types.SimpleNamespace(input_size=(256, 256), aspect=1.0)
    )
    for name in ORIGINALS:
        path = shared_root / 'data' / 'frl_raw' / 'inst' / name
        image = cv2.imread(f'{path}.jpg')
        truth = read_tem(path.with_suffix('.tem'))
        box = detect_face(image)
        frame = framing.frame_of_face(box, 1.0)
        off = frame.to_units(truth[INDICES]) - framing.template
        # Training scales by 0.8 to 1.2 and crops were shifted at random:
        # what is this near to the mean, the model has seen.
        assert np.abs(off).max() < 0.12
