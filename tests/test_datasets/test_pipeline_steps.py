"""Loading, cropping to the face and packing a sample."""

import os

import cv2
import numpy as np
import pytest
from landmark_set import build_set, landmark_content, write_landmark_set
from mmpose.registry import TRANSFORMS
from refusals import refused

import mmpose_ctd.datasets.transforms.find_face_box as find_face_box
from mmpose_ctd.datasets import CIFASDDataset, face_detection
from mmpose_ctd.datasets.image_fields import taken_names

PIPELINE = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='TopdownAffine', input_size=(32, 32), use_udp=True),
    dict(type='PackLandmarkInputs'),
]


def step(name, **arguments):
    return TRANSFORMS.build(dict(type=name, **arguments))


@pytest.mark.parametrize('content', [b'', b'text', b'\x89PNG\r\n', None])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / 'face.png'
    if content is not None:
        path.write_bytes(content)
    with refused(str(path)):
        step('LoadLandmarkImage')(dict(img_path=str(path)))
    empty = step('LoadLandmarkImage', ignore_empty=True)
    assert empty(dict(img_path=str(path))) is None


# ----------------------------------------------------- PackLandmarkInputs


def test_fields_of_the_record_and_of_mmpose_arrive(tmp_path):
    content = landmark_content(num_images=2)
    fields = dict(mm_per_px=0.25, age=7.5, **{'visit (month)': [3, {'a': 1}]})
    content['images'][1].update(fields)
    dataset = build_set(
        write_landmark_set(tmp_path, content), pipeline=PIPELINE
    )
    first, second = (dataset[i]['data_samples'].metainfo for i in range(2))
    assert first['subject'] == 'subject0' and first['site'] == 'london'
    assert 'age' not in first
    assert {key: second[key] for key in fields} == fields
    assert (first['id'], first['img_id']) == (100, 1)
    assert first['img_path'] == str(tmp_path / 'images' / '001.png')
    assert first['raw_ann_info'] == content['annotations'][0]
    assert first['flip_indices'] == [1, 0, 2, 3]
    assert dataset[0]['inputs'].shape == (3, 32, 32)
    pipeline = [*PIPELINE[:-1], dict(PIPELINE[-1], meta_keys=('id',))]
    meta = build_set(tmp_path, pipeline=pipeline)[0]['data_samples'].metainfo
    assert set(meta) == {'id', 'subject', 'site'}


def test_every_name_that_mmpose_uses_is_refused(tmp_path):
    # All that a version of MMPose puts into the results is found here.
    seen = {}

    def spy(results):
        seen.update(results)
        return results

    pipeline = [*PIPELINE[:-1], spy, PIPELINE[-1]]
    dataset = build_set(write_landmark_set(tmp_path), pipeline=pipeline)
    sample = dataset[0]['data_samples']
    written = {*seen, *sample.metainfo} - {'subject', 'site'}
    assert {'img', 'bbox_scale', 'flip_direction', 'dataset'} <= written
    written |= {'gt_instances', 'heatmaps', 'to', '_metainfo_fields', 'sigmas'}
    coco = {'id', 'file_name', 'width', 'height', 'license'}
    record = dict.fromkeys(written)
    assert {*taken_names(record, dataset.metainfo)} >= written - coco
    content = landmark_content(num_images=2)
    content['images'][1]['bbox'] = 3
    with refused(found="['bbox']") as caught:
        build_set(write_landmark_set(tmp_path, content), pipeline=PIPELINE)
    assert caught.value.where.endswith('landmarks.json: image id=2')


@pytest.mark.parametrize('size', [(40, 48), (48, 64)])
def test_an_image_of_another_size_than_its_record_is_refused(tmp_path, size):
    root = write_landmark_set(tmp_path, landmark_content(num_images=1))
    path = str(root / 'images' / '001.png')
    cv2.imwrite(path, cv2.resize(cv2.imread(path), size))
    with refused(
        path, found=f'{size[0]}x{size[1]} pixels', cure='EXIF'
    ) as caught:
        build_set(root, pipeline=PIPELINE)[0]
    assert caught.value.expected.startswith('64x48')


# ------------------------------------------------------------ FindFaceBox

IMAGE = np.zeros((200, 300, 3), np.uint8)
WHOLE = [[0, 0, 300, 200]]


@pytest.fixture
def searched(monkeypatch):
    """A detector that finds a face on black images; the searched images."""
    shown = []

    def detect(image):
        shown.append(image)
        return None if image.max() else (100.0, 20.0, 80.0, 80.0)

    monkeypatch.setattr(find_face_box, 'detect_face', detect)
    return shown


def results(path='a.jpg', image=IMAGE):
    return dict(img=image, img_path=path, bbox=np.array(WHOLE, np.float32))


def of_file(path):
    """A sample of a file, as a dataset's pipeline passes it."""
    whole = np.array(WHOLE, np.float32)
    return step('LoadLandmarkImage')(dict(img_path=str(path), bbox=whole))


def test_the_square_stands_on_the_detected_box(searched):
    find = step('FindFaceBox', centre=0.5, side=2.0)
    # Centre (140, 60), side 160: it reaches above the image.
    assert find(results())['bbox'].tolist() == [[60, -20, 220, 140]]
    blank = results(image=np.full_like(IMAGE, 255))
    assert find(blank)['bbox'].tolist() == WHOLE


def test_each_box_of_a_file_has_its_own_face(monkeypatch, tmp_path):
    """Detectors of people give one box for each of them."""
    faces = [(10.0, 20.0, 100.0, 100.0), (200.0, 30.0, 60.0, 60.0)]
    monkeypatch.setattr(face_detection, 'detect_faces', lambda _: faces)
    cv2.imwrite(str(tmp_path / 'two.png'), IMAGE)
    find = step('FindFaceBox', centre=0.5, side=1.0)
    for box, expected in (
        ([180, 0, 300, 200], [200, 30, 260, 90]),
        ([0, 0, 150, 200], [10, 20, 110, 120]),
        ([120, 0, 180, 200], [120, 0, 180, 200]),
        (WHOLE[0], [10, 20, 110, 120]),
    ):
        sample = of_file(tmp_path / 'two.png')
        sample['bbox'] = np.float32([box])
        assert find(sample)['bbox'].tolist() == [expected]


@pytest.mark.parametrize('kind', ['FindFaceBox', 'FindMeshBox'])
@pytest.mark.parametrize('side', [0, 11, float('nan')])
def test_a_side_that_shows_no_face_is_refused(kind, side):
    with refused(f'{kind}.side', found=repr(side)):
        step(kind, side=side)


def test_a_file_is_searched_once_until_it_changes(searched, tmp_path):
    find = step('FindFaceBox')
    path = tmp_path / 'a.png'
    cv2.imwrite(str(path), IMAGE)
    first = find(of_file(path))['bbox']
    np.testing.assert_array_equal(first, find(of_file(path))['bbox'])
    assert len(searched) == 1
    cv2.imwrite(str(path), np.full_like(IMAGE, 255))
    os.utime(path, ns=(1, 1))
    assert find(of_file(path))['bbox'].tolist() == WHOLE
    cv2.imwrite(str(tmp_path / 'b.png'), IMAGE)
    find(of_file(tmp_path / 'b.png'))
    assert len(searched) == 3


def test_arrays_of_one_name_are_all_searched(searched, tmp_path, monkeypatch):
    """MMPoseInferencer calls every array 000000.jpg; a file may be, too."""
    monkeypatch.chdir(tmp_path)
    cv2.imwrite('000000.jpg', IMAGE)
    find, load = step('FindFaceBox'), step('LoadLandmarkImage')
    found = find(load(results('000000.jpg')))['bbox']
    other = results('000000.jpg', np.full_like(IMAGE, 255))
    kept = find(load(other))['bbox']
    assert len(searched) == 2
    assert kept.tolist() == WHOLE != found.tolist()


@pytest.mark.real_data
def test_every_real_landmark_lies_in_the_square(shared_root):
    dataset = CIFASDDataset(
        ann_file='annotations/landmarks19.json',
        data_root=str(shared_root / 'data' / 'frl_faces'),
        pipeline=[dict(type='LoadLandmarkImage'), dict(type='FindFaceBox')],
        test_mode=True,
    )
    outside = 0
    for i in range(0, len(dataset), 40):
        found = dataset[i]
        x1, y1, x2, y2 = found['bbox'][0]
        assert x2 - x1 < 256
        points = found['keypoints'][0]
        inside = ((points >= [x1, y1]) & (points <= [x2, y2])).all(axis=1)
        outside += (~inside).sum()
    # The tip of one chin is cut off.
    assert outside <= 1
