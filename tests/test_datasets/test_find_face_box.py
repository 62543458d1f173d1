"""FindFaceBox: the network sees the face that a detector finds."""

import os

import cv2
import numpy as np
import pytest
from mmpose.registry import TRANSFORMS

import mmpose_ctd.datasets.transforms.find_face_box as module
from mmpose_ctd.datasets import CIFASDDataset
from mmpose_ctd.errors import InputError

IMAGE = np.zeros((200, 300, 3), np.uint8)


@pytest.fixture
def looked_at(monkeypatch):
    """A detector that finds one face and remembers what it was shown."""
    shown = []

    def detect(image):
        shown.append(image)
        return None if image.max() else (100.0, 20.0, 80.0, 80.0)

    monkeypatch.setattr(module, 'detect_face', detect)
    return shown


def results(path='a.jpg', image=IMAGE):
    whole = np.array([[0, 0, 300, 200]], np.float32)
    return dict(img=image, img_path=path, bbox=whole)


def test_the_square_stands_on_the_detectors_box(looked_at):
    step = TRANSFORMS.build(dict(type='FindFaceBox', centre=0.5, side=2.0))
    # Centre (140, 60), side 160: it reaches above the image.
    np.testing.assert_array_equal(
        step(results())['bbox'], [[60, -20, 220, 140]]
    )


@pytest.mark.parametrize('side', [-1, 0, 11, float('nan')])
def test_a_side_that_shows_no_face_is_refused(side):
    with pytest.raises(InputError) as error:
        TRANSFORMS.build(dict(type='FindFaceBox', side=side))
    assert error.value.where == 'FindFaceBox.side'
    assert error.value.found == repr(side)


def of_file(path):
    """What a dataset's pipeline hands to FindFaceBox."""
    load = TRANSFORMS.build(dict(type='LoadLandmarkImage'))
    whole = np.array([[0, 0, 300, 200]], np.float32)
    return load(dict(img_path=str(path), bbox=whole))


def test_a_file_is_searched_once_until_it_changes(looked_at, tmp_path):
    step = TRANSFORMS.build(dict(type='FindFaceBox'))
    path = tmp_path / 'a.png'
    cv2.imwrite(str(path), IMAGE)
    first = step(of_file(path))['bbox']
    np.testing.assert_array_equal(first, step(of_file(path))['bbox'])
    assert len(looked_at) == 1
    cv2.imwrite(str(path), np.full_like(IMAGE, 255))
    os.utime(path, ns=(1, 1))
    np.testing.assert_array_equal(
        step(of_file(path))['bbox'], [[0, 0, 300, 200]]
    )
    cv2.imwrite(str(tmp_path / 'b.png'), IMAGE)
    step(of_file(tmp_path / 'b.png'))
    assert len(looked_at) == 3


@pytest.mark.parametrize('name', [None, '000000.jpg', 'a.png'])
def test_arrays_of_one_name_are_not_mixed_up(
    looked_at, tmp_path, monkeypatch, name
):
    """MMPoseInferencer calls every array 000000.jpg; a file may be, too."""
    monkeypatch.chdir(tmp_path)
    cv2.imwrite('a.png', IMAGE)
    step = TRANSFORMS.build(dict(type='FindFaceBox'))
    load = TRANSFORMS.build(dict(type='LoadLandmarkImage'))
    found = step(load(results(name)))['bbox']
    kept = step(load(results(name, np.full_like(IMAGE, 255))))['bbox']
    assert len(looked_at) == 2
    np.testing.assert_array_equal(kept, [[0, 0, 300, 200]])
    assert not np.array_equal(found, kept)


def test_without_a_face_the_box_stays(looked_at):
    step = TRANSFORMS.build(dict(type='FindFaceBox'))
    blank = results(image=np.full_like(IMAGE, 255))
    np.testing.assert_array_equal(step(blank)['bbox'], [[0, 0, 300, 200]])


@pytest.mark.real_data
def test_every_real_landmark_lies_in_the_square(shared_root):
    dataset = CIFASDDataset(
        ann_file='annotations/landmarks19.json',
        data_root=str(shared_root / 'data' / 'frl_faces'),
        pipeline=[dict(type='LoadLandmarkImage'), dict(type='FindFaceBox')],
        test_mode=True,
    )
    outside = 0
    for i in range(0, len(dataset), 10):
        found = dataset[i]
        x1, y1, x2, y2 = found['bbox'][0]
        assert x2 - x1 < 256
        points = found['keypoints'][0]
        inside = ((points >= [x1, y1]) & (points <= [x2, y2])).all(axis=1)
        outside += (~inside).sum()
    # Of one face in twenty the chin's tip is cut off.
    assert outside <= 1
