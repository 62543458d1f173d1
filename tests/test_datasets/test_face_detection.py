"""Where the face is."""

import json
import time

import cv2
import numpy as np
import pytest

from mmpose_ctd.datasets.face_detection import detect_face
from mmpose_ctd.datasets.upright_image import read_upright
from mmpose_ctd.errors import InputError


def test_there_is_no_face_on_a_wall():
    assert detect_face(np.full((300, 400, 3), 90, np.uint8)) is None


@pytest.mark.parametrize('shape', [(1, 1, 3), (3, 4000, 3), (19, 19, 3)])
def test_tiny_and_narrow_images_have_no_face(shape):
    assert detect_face(np.zeros(shape, np.uint8)) is None


@pytest.mark.parametrize(
    'image',
    [
        np.zeros((30, 40), np.uint8),
        np.zeros((30, 40, 4), np.uint8),
        np.zeros((30, 40, 3), np.float32),
        np.zeros((0, 40, 3), np.uint8),
        None,
    ],
)
def test_what_is_no_image_is_refused(image):
    with pytest.raises(InputError, match='expected an image of uint8'):
        detect_face(image)


def _points(record: dict) -> np.ndarray:
    return np.array(record['keypoints']).reshape(-1, 3)[:, :2]


@pytest.mark.real_data
def test_the_box_holds_eyes_nose_and_mouth_of_real_faces(shared_root):
    root = shared_root / 'data' / 'frl_faces'
    content = json.loads((root / 'annotations/landmarks19.json').read_text())
    names = content['categories'][0]['keypoints']
    inner = [i for i, name in enumerate(names) if name != 'gnathion']
    pairs = list(zip(content['images'], content['annotations']))
    found = []
    for image, annotation in pairs[::17]:
        picture = cv2.imread(str(root / 'images' / image['file_name']))
        x, y, w, h = detect_face(picture)
        points = _points(annotation)[inner]
        low, high = np.array([x, y]), np.array([x + w, y + h])
        found.append(((points > low) & (points < high)).all())
    assert all(found)


@pytest.mark.real_data
def test_a_large_photograph_is_searched_fast_and_in_its_own_pixels(
    shared_root,
):
    path = shared_root / 'data/frl_raw/inst/neutral_front/001_03.jpg'
    image = read_upright(path)
    large = cv2.resize(image, None, fx=4, fy=4)
    detect_face(image)
    start = time.process_time()
    box = detect_face(large)
    assert time.process_time() - start < 1
    side = image.shape[1]
    assert np.allclose(np.array(box) / 4, detect_face(image), atol=side / 20)


@pytest.mark.real_data
def test_of_two_faces_the_larger_is_taken(shared_root):
    path = shared_root / 'data/frl_raw/inst/neutral_front/001_03.jpg'
    image = cv2.resize(read_upright(path), (600, 600))
    canvas = np.full((600, 1000, 3), 128, np.uint8)
    canvas[:, 400:] = image
    canvas[100:400, 50:350] = cv2.resize(image, (300, 300))
    x, _, width, _ = detect_face(canvas)
    assert x > 400
    assert width > 200


@pytest.mark.real_data
def test_a_face_that_fills_the_frame_is_found(shared_root):
    path = shared_root / 'data/frl_raw/inst/neutral_front/001_03.jpg'
    image = read_upright(path)
    x, y, width, height = map(round, detect_face(image))
    tight = np.ascontiguousarray(image[y : y + height, x : x + width])
    again = detect_face(tight)
    assert again is not None
    assert again[2] > 0.7 * width
