"""The files of a set as training gets them, and the sets it refuses."""

import json
import math

import numpy as np
import pytest
from landmark_set import (
    NAMES,
    build_set,
    landmark_content,
    logged,
    write_landmark_set,
)
from mmengine.runner import Runner
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from refusals import refused

from mmpose_ctd.apis.config_components import accepted_keys
from mmpose_ctd.datasets import CIFASDDataset, ReducedCIFASDDataset
from mmpose_ctd.datasets.landmark_names import landmark_metainfo
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.evaluation.functional import measurements_of_set

ANN = 'annotations/landmarks.json'
PIPELINE = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='TopdownAffine', input_size=(32, 32), use_udp=True),
    dict(type='PackLandmarkInputs'),
]


def build(root, **changes):
    return build_set(root, **dict(pipeline=PIPELINE) | changes)


def build_loader(root, **changes):
    return Runner.build_dataloader(
        dict(
            batch_size=1,
            num_workers=0,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(
                type='CIFASDDataset',
                data_root=str(root),
                ann_file=ANN,
                **changes,
            ),
        )
    )


@pytest.fixture
def root(tmp_path):
    splits = dict(
        train=['subject2', '# of site 2', 'subject0'], test=['subject1']
    )
    return write_landmark_set(tmp_path, splits=splits)


def infos(dataset):
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def test_landmarks_and_names_are_those_of_the_file(tmp_path):
    content = landmark_content()
    content['categories'][0]['skeleton'] = [[1, 3], [3, 2]]
    dataset = build(write_landmark_set(tmp_path, content), num_keypoints=4)
    assert dataset.metainfo['num_keypoints'] == 4
    assert dataset.metainfo['keypoint_id2name'] == dict(enumerate(NAMES))
    assert dataset.metainfo['skeleton_links'] == [(0, 2), (2, 1)]
    assert len(dataset) == 6
    for i, annotation in enumerate(content['annotations']):
        info = dataset[i]['data_samples'].gt_instances
        values = np.reshape(annotation['keypoints'], (1, 4, 3))
        np.testing.assert_allclose(info.keypoints, values[..., :2], rtol=1e-6)
        np.testing.assert_array_equal(info.keypoints_visible, np.ones((1, 4)))


def test_unlabelled_landmarks_and_records(tmp_path):
    content = landmark_content()
    first, second, third, fourth, *_ = content['annotations']
    first['keypoints'][3:6] = [0, 0, 0]
    first['keypoints'][8] = 1
    second['keypoints'] = [0.0] * 12
    # Visibilities count, and no further field is needed.
    for key in ('category_id', 'num_keypoints', 'bbox', 'area', 'iscrowd'):
        del third[key]
    fourth['keypoints'][2::3] = [0] * 4
    # An image without annotation needs no file.
    del content['annotations'][4]
    write_landmark_set(tmp_path, content)
    (tmp_path / 'images' / '005.png').unlink()
    with logged() as log:
        dataset = build(tmp_path)
    found = infos(dataset)
    assert [info['id'] for info in found] == [100, 102, 105]
    assert found[0]['keypoints_visible'].tolist() == [[1, 0, 1, 1]]
    (message,) = [m for m in log if 'left out' in m]
    assert '2 annotations' in message and 'id=101' in message


def test_the_metainfo_names_no_subject_and_may_be_replaced(root):
    # Checkpoints carry the training set's metainfo.
    metainfo = build(root, split='splits/train.txt').metainfo
    assert 'exocanthion_R' in str(metainfo)
    assert 'subject0' not in str(metainfo)
    mine = landmark_metainfo(['a', 'b', 'c', 'd'])
    expected = parse_pose_metainfo(mine)['keypoint_id2name']
    found = build(root, metainfo=mine).metainfo
    assert found['keypoint_id2name'] == expected


def test_a_landmark_that_no_training_image_has_is_said(tmp_path):
    content = landmark_content(6)
    for annotation in content['annotations']:
        annotation['keypoints'][2] = 0
    root = write_landmark_set(tmp_path / 'faces', content)
    with logged() as lines:
        build(root)
        build(root, test_mode=True)
    assert sum(NAMES[0] in line for line in lines) == 1


def test_the_deprecated_name_builds_a_cifasd_dataset_and_warns(root):
    extra = dict(cache_dir=str(root / 'kept'), memory_mb=1024, detail=2.0)
    with logged() as lines:
        old = build(root, type='ReducedCIFASDDataset', **extra)
    assert sum("type='CIFASDDataset'" in line for line in lines) == 1
    assert len(old) == 6 and not (root / 'kept').exists()
    old = accepted_keys(ReducedCIFASDDataset) - accepted_keys(CIFASDDataset)
    assert old == {*extra}


# ------------------------------------------------------------- measures

EYES = dict(
    name='eyes', kind='distance', landmarks=['exocanthion_R', 'exocanthion_L']
)


def read_measures(root, measurements, **changes):
    content = landmark_content()
    if measurements is not None:
        content['categories'][0]['measurements'] = measurements
    return build(write_landmark_set(root, content), **changes).metainfo


def test_the_metainfo_has_the_measures_of_file_or_config(tmp_path):
    for listed, name in (([EYES], 'eyes'), (None, 'outer_canthal_distance')):
        meta = read_measures(tmp_path, listed)
        assert meta.get('measurements') == listed
        assert [one.name for one in measurements_of_set(meta)] == [name]
    mine = landmark_metainfo(list(NAMES), measurements=[EYES])
    found = read_measures(tmp_path, None, metainfo=mine)
    assert found['measurements'] == [EYES]
    mine['measurements'] = [EYES | dict(name='')]
    with pytest.raises(InputError, match='dataset.metainfo.measurements'):
        read_measures(tmp_path, None, metainfo=mine)


# ------------------------------------------------------------- refusals


@pytest.mark.parametrize('make', [build, build_loader])
def test_errors_keep_their_fields_however_the_dataset_is_built(root, make):
    expected, cure = 'dataset.num_keypoints=19', 'model.head.out_channels'
    with refused(str(root / ANN), '4 landmarks', expected, cure) as caught:
        make(root, num_keypoints=19)
    # Text, not the repr of a tuple or of an errno.
    assert '\\n' not in str(caught.value) and 'Errno' not in str(caught.value)
    lost = root / 'images' / '002.png'
    lost.unlink()
    found = ['1 of 6 images', str(lost)]
    with refused(found=found, cure='data_prefix.img', kind=MissingFileError):
        make(root)


@pytest.mark.parametrize(
    'changes, where, found',
    [
        (dict(ann_file='other.json'), 'dataset.ann_file', 'other.json'),
        (dict(split='other.txt'), 'dataset.split', 'other.txt'),
        (dict(crop='face'), 'dataset.crop', "'face'"),
        (dict(data_mode='bottomup'), 'dataset.data_mode', "'bottomup'"),
        (dict(bbox_file='a.json'), 'dataset.bbox_file', "'a.json'"),
        (dict(sample_interval=2), 'dataset.sample_interval', '2'),
        (dict(flip_pairs=[['nose', 'x']]), 'dataset.flip_pairs', 'nose'),
        (
            dict(metainfo=landmark_metainfo(['a', 'b'])),
            'dataset.metainfo',
            '2 landmarks',
        ),
    ],
)
def test_a_wrong_argument_is_refused(root, changes, where, found):
    with refused(where, found):
        build(root, **changes)


@pytest.mark.parametrize(
    'lines, found',
    [
        (['# nobody yet'], 'empty'),
        (['subject0', 'subjekt1'], ['1 of 2 subjects', ': subjekt1']),
        (['image:x.png'], ['1 of 1 images', 'x.png']),
        ([f'other{i}' for i in range(40)], ['40 of 40', 'other4 ...']),
    ],
)
def test_a_split_that_selects_nothing_is_refused(root, lines, found):
    file = root / 'splits' / 'wrong.txt'
    file.write_text('\n'.join(lines))
    with refused(found=found, within=str(file)) as caught:
        build(root, split='splits/wrong.txt')
    assert 'subject0' not in caught.value.found and caught.value.expected


DELETE = object()


def change(root, kind, index, **fields) -> None:
    """Rewrite the annotation file with fields of one record changed."""
    content = landmark_content()
    record = content[kind][index] | fields
    content[kind][index] = {k: v for k, v in record.items() if v is not DELETE}
    (root / ANN).write_text(json.dumps(content))


@pytest.mark.parametrize(
    'kind, fields, where, found',
    [
        ('annotations', dict(keypoints=[math.nan] * 12), 'id=102', 'nan'),
        ('annotations', dict(image_id=99), 'id=102', 'image_id=99'),
        ('images', dict(mm_per_px='fine'), 'id=3', "mm_per_px='fine'"),
    ],
)
def test_a_wrong_record_of_the_split_is_refused(
    root, kind, fields, where, found
):
    change(root, kind, 2, **fields)
    with refused(found=found, within=[str(root / ANN), where]):
        build(root)
    # Of a subject outside the split only an unknown image matters.
    if 'image_id' not in fields:
        assert len(build(root, split='splits/train.txt')) == 4


def test_a_set_without_any_labelled_image_is_refused(root):
    content = dict(landmark_content(), annotations=[])
    (root / ANN).write_text(json.dumps(content))
    file = str(root / 'splits' / 'train.txt')
    with refused(found=['no annotated image', file]):
        build(root, split='splits/train.txt')


@pytest.mark.parametrize(
    'box', [DELETE, [5, 5, 10, -1], [5, 5, math.nan, 10], [-20, 5, 10, 10]]
)
def test_a_wrong_box_matters_only_if_it_is_cropped_to(root, box):
    change(root, 'annotations', 2, bbox=box)
    assert len(build(root)) == 6
    found = f'bbox={None if box is DELETE else box}'
    with refused(None, found, "dataset.crop='image'", within='id=102'):
        build(root, crop='bbox')


def test_two_faces_of_a_whole_image_are_refused(tmp_path):
    content = landmark_content()
    annotations = content['annotations']
    # The same face twice contradicts nothing.
    annotations.append(dict(annotations[0], id=900))
    assert len(build(write_landmark_set(tmp_path, content))) == 7
    for place in (1, 4):
        other = dict(annotations[place], id=910 + place)
        other['keypoints'] = annotations[0]['keypoints']
        annotations.append(other)
    write_landmark_set(tmp_path, content)
    found = ['2 images', '002.png']
    with refused(str(tmp_path / ANN), found, cure='bbox'):
        build(tmp_path)
    assert len(build(tmp_path, crop='bbox')) == 9
