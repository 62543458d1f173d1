"""FindFaceBox: the network sees the face that a detector finds."""

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
    with pytest.raises(InputError, match=f'side={side}; expected .*CTD_FACE'):
        TRANSFORMS.build(dict(type='FindFaceBox', side=side))


def test_a_photograph_is_searched_once(looked_at):
    step = TRANSFORMS.build(dict(type='FindFaceBox'))
    first = step(results())['bbox']
    np.testing.assert_array_equal(first, step(results())['bbox'])
    assert len(looked_at) == 1
    step(results('b.jpg'))
    assert len(looked_at) == 2


def test_images_without_a_name_are_not_mixed_up(looked_at):
    step = TRANSFORMS.build(dict(type='FindFaceBox'))
    found = step(results(None))['bbox']
    kept = step(results(None, np.full_like(IMAGE, 255)))['bbox']
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
