"""What a record says beside its landmarks reaches whoever evaluates."""

import cv2
import numpy as np
import pytest
from landmark_set import landmark_content, write_landmark_set
from mmpose.registry import DATASETS, TRANSFORMS

from mmpose_ctd.datasets.image_fields import taken_names
from mmpose_ctd.errors import InputError

PIPELINE = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='TopdownAffine', input_size=(32, 32), use_udp=True),
    dict(type='PackLandmarkInputs'),
]


def build(root, **changes):
    config = dict(
        type='CIFASDDataset',
        data_root=str(root),
        ann_file='annotations/landmarks.json',
        pipeline=PIPELINE,
    )
    return DATASETS.build(dict(config, **changes))


def test_subject_site_scale_age_and_any_other_field_arrive(tmp_path):
    content = landmark_content(num_images=2)
    fields = dict(mm_per_px=0.25, age=7.5, **{'visit (month)': [3, {'a': 1}]})
    content['images'][1].update(fields)
    dataset = build(write_landmark_set(tmp_path, content))
    first, second = (dataset[i]['data_samples'].metainfo for i in range(2))
    assert first['subject'] == 'subject0' and first['site'] == 'london'
    assert 'age' not in first
    assert {key: second[key] for key in fields} == fields


def test_what_mmpose_packs_is_still_there(tmp_path):
    content = landmark_content(num_images=1)
    dataset = build(write_landmark_set(tmp_path, content))
    packed = dataset[0]
    assert packed['inputs'].shape == (3, 32, 32)
    meta = packed['data_samples'].metainfo
    assert (meta['id'], meta['img_id']) == (100, 1)
    assert meta['img_path'] == str(tmp_path / 'images' / '001.png')
    assert meta['raw_ann_info'] == content['annotations'][0]
    assert meta['flip_indices'] == [1, 0, 2, 3]


def test_arguments_are_those_of_mmposes_own_packing(tmp_path):
    pipeline = [*PIPELINE[:-1], dict(PIPELINE[-1], meta_keys=('id',))]
    root = write_landmark_set(tmp_path)
    meta = build(root, pipeline=pipeline)[0]['data_samples'].metainfo
    assert set(meta) == {'id', 'subject', 'site'}


@pytest.mark.parametrize(
    'name',
    [
        'bbox',
        'bbox_center',
        'crowd_index',
        'dataset',
        'flip',
        'flip_pairs',
        'flip_indices',
        'gt_instances',
        'heatmaps',
        'image_fields',
        'img',
        'img_id',
        'img_path',
        'input_size',
        'keypoints',
        'num_keypoints',
        'sample_idx',
        'sigmas',
        'to',
        '_metainfo_fields',
    ],
)
def test_a_field_named_like_one_of_mmposes_is_refused(tmp_path, name):
    content = landmark_content(num_images=2)
    content['images'][1][name] = 3
    root = write_landmark_set(tmp_path, content)
    with pytest.raises(InputError) as caught:
        build(root)
    message = str(caught.value)
    assert 'landmarks.json: image id=2' in message
    assert f"['{name}']" in message and 'rename' in message


def test_every_name_that_the_pipeline_writes_is_kept_from_users(tmp_path):
    # Whatever a version of MMPose puts into the results is found here.
    seen = {}

    def spy(results):
        seen.update(results)
        return results

    pipeline = [*PIPELINE[:-1], spy, PIPELINE[-1]]
    dataset = build(write_landmark_set(tmp_path), pipeline=pipeline)
    sample = dataset[0]['data_samples']
    written = {*seen, *sample.metainfo} - {'subject', 'site'}
    assert {'img', 'bbox_scale', 'flip_direction', 'dataset'} <= written
    coco = {'id', 'file_name', 'width', 'height', 'license'}
    record = dict.fromkeys(written)
    free = written - coco - {*taken_names(record, dataset.metainfo)}
    assert free == set()


@pytest.mark.parametrize('size', [(40, 48), (64, 50), (48, 64), (128, 96)])
def test_an_image_of_another_size_than_its_record_is_refused(tmp_path, size):
    root = write_landmark_set(tmp_path, landmark_content(num_images=1))
    path = str(root / 'images' / '001.png')
    cv2.imwrite(path, cv2.resize(cv2.imread(path), size))
    with pytest.raises(InputError) as caught:
        build(root)[0]
    message = str(caught.value)
    assert path in message
    assert f'the image is {size[0]}x{size[1]} pixels' in message
    assert 'its record in the annotation file says 64x48' in message
    assert 'EXIF' in message


def test_samples_of_other_datasets_pass():
    pack = TRANSFORMS.build(dict(type='PackLandmarkInputs'))
    image = np.zeros((8, 9, 3), np.uint8)
    packed = pack(dict(img=image, ori_shape=(8, 9), img_id=3))
    assert packed['inputs'].shape == (3, 8, 9)
    assert packed['data_samples'].metainfo['img_id'] == 3
