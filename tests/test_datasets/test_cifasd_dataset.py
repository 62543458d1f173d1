"""What a set's files say is what training gets."""

import json
import math
import pickle

import numpy as np
import pytest
from landmark_set import NAMES, landmark_content, logged, write_landmark_set
from mmengine.dataset import pseudo_collate
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS
from torch.utils.data import DataLoader

from mmpose_ctd.datasets.landmark_names import landmark_metainfo

PIPELINE = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
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


@pytest.fixture
def root(tmp_path):
    splits = dict(
        train=['subject2', '# of site 2', 'subject0'], test=['subject1']
    )
    return write_landmark_set(tmp_path, splits=splits)


def test_landmarks_and_names_are_those_of_the_file(root):
    dataset = build(root, num_keypoints=4)
    assert dataset.metainfo['num_keypoints'] == 4
    assert dataset.metainfo['keypoint_id2name'] == dict(enumerate(NAMES))
    content = landmark_content()
    assert len(dataset) == 6
    for i, annotation in enumerate(content['annotations']):
        info = dataset[i]['data_samples'].gt_instances
        values = np.reshape(annotation['keypoints'], (1, 4, 3))
        np.testing.assert_allclose(info.keypoints, values[..., :2], rtol=1e-6)
        np.testing.assert_array_equal(info.keypoints_visible, np.ones((1, 4)))


def test_a_split_chooses_subjects(root):
    subjects = [
        sample['data_samples'].metainfo['subject']
        for sample in build(root, split='splits/train.txt')
    ]
    assert subjects == ['subject0'] * 2 + ['subject2'] * 2
    assert len(build(root, split='splits/test.txt')) == 2


def test_a_split_may_lie_anywhere(root, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp('elsewhere') / 'mine.txt'
    elsewhere.write_text('subject1\n')
    assert len(build(root, split=str(elsewhere))) == 2


def test_subjects_that_are_numbers_can_be_split(tmp_path):
    content = landmark_content()
    for i, image in enumerate(content['images']):
        image['subject'] = 100 + i
    splits = dict(train=['101', '104'])
    write_landmark_set(tmp_path, content, splits)
    dataset = build(tmp_path, split='splits/train.txt')
    ids = [dataset.get_data_info(i)['img_id'] for i in range(len(dataset))]
    assert ids == [2, 5]


def test_invisible_landmarks_weigh_nothing(tmp_path):
    content = landmark_content(num_images=1)
    content['annotations'][0]['keypoints'][3:6] = [0, 0, 0]
    content['annotations'][0]['keypoints'][8] = 1
    dataset = build(write_landmark_set(tmp_path, content))
    visible = dataset.get_data_info(0)['keypoints_visible']
    assert visible.tolist() == [[1, 0, 1, 1]]


def test_records_without_a_labelled_landmark_are_left_out_and_logged(tmp_path):
    content = landmark_content()
    content['annotations'][1]['keypoints'] = [0.0] * 12
    # Its own count may be wrong; what counts are the visibilities.
    content['annotations'][2]['num_keypoints'] = 0
    content['annotations'][3]['keypoints'][2::3] = [0] * 4
    write_landmark_set(tmp_path, content)
    with logged() as log:
        dataset = build(tmp_path)
    ids = [dataset.get_data_info(i)['id'] for i in range(len(dataset))]
    assert ids == [100, 102, 104, 105]
    (message,) = [m for m in log if 'left out' in m]
    assert '2 annotations' in message and 'id=101' in message


def test_images_without_annotation_are_no_samples_and_need_no_file(tmp_path):
    content = landmark_content()
    del content['annotations'][4]
    write_landmark_set(tmp_path, content)
    (tmp_path / 'images' / '005.png').unlink()
    assert len(build(tmp_path)) == 5


def test_an_annotation_needs_only_what_landmarks_need(tmp_path):
    content = landmark_content(num_images=2)
    for annotation in content['annotations']:
        for key in ('category_id', 'num_keypoints', 'bbox', 'area', 'iscrowd'):
            del annotation[key]
    assert len(build(write_landmark_set(tmp_path, content))) == 2


def test_names_that_repeat_become_different_landmarks(tmp_path):
    content = landmark_content(names=['hairline', 'nose', 'hairline'])
    write_landmark_set(tmp_path, content)
    pairs = [['hairline', 'hairline_2']]
    metainfo = build(tmp_path, flip_pairs=pairs).metainfo
    assert list(metainfo['keypoint_name2id']) == [
        'hairline',
        'nose',
        'hairline_2',
    ]
    assert metainfo['flip_indices'] == [2, 1, 0]


def test_the_skeleton_reaches_the_metainfo(tmp_path):
    content = landmark_content()
    content['categories'][0]['skeleton'] = [[1, 3], [3, 2]]
    dataset = build(write_landmark_set(tmp_path, content))
    assert dataset.metainfo['skeleton_links'] == [(0, 2), (2, 1)]


def test_metainfo_of_the_config_replaces_the_files(root):
    mine = landmark_metainfo(['a', 'b', 'c', 'd'], dataset_name='mine')
    dataset = build(root, metainfo=mine)
    expected = parse_pose_metainfo(mine)['keypoint_id2name']
    assert dataset.metainfo['keypoint_id2name'] == expected


def test_metainfo_holds_no_subject_so_that_checkpoints_do_not(root):
    # Checkpoints carry the training set's metainfo.
    metainfo = build(root, split='splits/train.txt').metainfo
    assert 'exocanthion_R' in str(metainfo)
    assert 'subject0' not in str(metainfo)


def test_indices_and_serialization_of_the_parent_work(root):
    plain = build(root, serialize_data=False)
    packed = build(root, serialize_data=True)
    few = build(root, indices=2)
    assert (len(plain), len(packed), len(few)) == (6, 6, 2)
    assert len(packed.get_subset([4, 5])) == 2
    assert packed.get_subset([4, 5]).get_data_info(0)['id'] == 104
    for i in range(6):
        one, other = plain.get_data_info(i), packed.get_data_info(i)
        assert one.keys() == other.keys()
        np.testing.assert_array_equal(one['keypoints'], other['keypoints'])


def test_a_filter_of_the_parent_works(root):
    # Boxes that nobody detected score 1.
    for threshold, left in ((0.5, 6), (1.5, 0)):
        filters = dict(bbox_score_thr=threshold)
        dataset = build(root, filter_cfg=filters, serialize_data=False)
        assert len(dataset) == left


def test_a_lazy_dataset_reads_its_records_later(root):
    (root / 'images' / '001.png').rename(root / 'images' / 'away.png')
    dataset = build(root, lazy_init=True)
    assert dataset.metainfo['num_keypoints'] == 4
    (root / 'images' / 'away.png').rename(root / 'images' / '001.png')
    dataset.full_init()
    assert len(dataset) == 6


def test_a_pickled_dataset_gives_the_same_samples(root):
    dataset = build(root)
    again = pickle.loads(pickle.dumps(dataset))
    assert again.metainfo['keypoint_id2name'] == dict(enumerate(NAMES))
    for one, other in zip(dataset, again):
        assert (one['inputs'] == other['inputs']).all()
        metas = (one['data_samples'].metainfo, other['data_samples'].metainfo)
        assert metas[0]['subject'] == metas[1]['subject']


def test_workers_give_what_the_dataset_gives(root):
    dataset = build(root)
    loader = DataLoader(
        dataset, batch_size=4, num_workers=2, collate_fn=pseudo_collate
    )
    batches = list(loader)
    images = [image for batch in batches for image in batch['inputs']]
    samples = [s for batch in batches for s in batch['data_samples']]
    assert len(images) == 6
    for i, (image, sample) in enumerate(zip(images, samples)):
        assert (image == dataset[i]['inputs']).all()
        assert sample.metainfo['subject'] == f'subject{i // 2}'
        assert sample.metainfo['site'] == ('3dsk' if i in (2, 3) else 'london')


@pytest.mark.real_data
@pytest.mark.parametrize(
    'split, subjects',
    [('train_n010_seed0', 10), ('train_n142_seed4', 142), ('test', 60)],
)
def test_the_real_faces_are_read_by_split(shared_root, split, subjects):
    root = shared_root / 'data' / 'frl_faces'
    dataset = build(
        root,
        ann_file='annotations/landmarks19.json',
        split=f'splits/{split}.txt',
        num_keypoints=19,
    )
    wanted = (root / 'splits' / f'{split}.txt').read_text().split()
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert {info['subject'] for info in infos} == set(wanted)
    assert len(infos) == len(wanted) == subjects
    if split == 'test':
        sites = [info['site'] for info in infos]
        assert sites.count('london') == sites.count('3dsk') == 30
    content = json.loads((root / 'annotations/landmarks19.json').read_text())
    names = content['categories'][0]['keypoints']
    assert list(dataset.metainfo['keypoint_name2id']) == names
    packed = dataset[0]['data_samples']
    assert packed.metainfo['sex'] in ('female', 'male')


@pytest.mark.real_data
def test_all_real_faces_are_upright_and_flip_onto_themselves(shared_root):
    dataset = build(
        shared_root / 'data' / 'frl_faces',
        ann_file='annotations/landmarks19.json',
    )
    assert len(dataset) == 202
    points = np.concatenate(
        [dataset.get_data_info(i)['keypoints'] for i in range(202)]
    )
    ids = dataset.metainfo['keypoint_name2id']
    right, left = points[:, ids['cheilion_R']], points[:, ids['cheilion_L']]
    # The subject's right is at the image's left.
    assert (right[:, 0] < left[:, 0]).all()
    # The mirrored mean face is the mean face, as far as faces are symmetric.
    points -= points.mean(axis=1, keepdims=True)
    mean = points.mean(axis=0)
    mirrored = mean[dataset.metainfo['flip_indices']] * [-1, 1]
    size = math.sqrt((mean**2).sum(axis=1).mean())
    assert np.abs(mirrored - mean).max() < 0.05 * size
