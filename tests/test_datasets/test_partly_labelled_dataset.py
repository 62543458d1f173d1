"""Unlabelled images next to labelled ones, and whose they may be."""

import json

import numpy as np
import pytest
import torch
from landmark_set import (
    NAMES,
    build_set,
    landmark_content,
    logged,
    write_landmark_set,
)
from mmengine.config import Config
from mmengine.dataset import DefaultSampler, InfiniteSampler
from mmengine.runner import Runner
from refusals import refused

from mmpose_ctd.apis.feature_extractor import plain_training_data
from mmpose_ctd.datasets import (
    PartlyLabelledBatchSampler,
    PartlyLabelledDataset,
    partly_labelled,
)
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.people_overlap import refuse_unlabelled_overlap

CODEC = dict(
    type='UDPHeatmap', input_size=(32, 32), heatmap_size=(8, 8), sigma=1
)
PIPELINE = [
    dict(type='LoadLandmarkImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    dict(type='RandomFlip', prob=0.5),
    dict(type='TopdownAffine', input_size=(32, 32), use_udp=True),
    dict(type='RandomThinPlateWarp'),
    dict(type='GenerateTarget', encoder=CODEC),
    dict(type='PackLandmarkInputs'),
]
UNLABELLED = dict(
    ann_file='annotations/unlabelled.json', exclude=['splits/test.txt']
)


@pytest.fixture
def root(tmp_path):
    """Labelled: subject0 to 5, two images each; 7 without labels."""
    content = landmark_content(12)
    splits = dict(
        train=['subject0', 'subject1'],
        test=['subject4', 'subject5'],
        some=['subject2', 'subject4'],
    )
    write_landmark_set(tmp_path, content, splits)
    images = [
        dict(image, id=200 + i, file_name=f'smile_{i}.png')
        for i, image in enumerate(content['images'])
        if i % 2 == 0
    ]
    images.append(dict(images[0], id=300, subject='x', file_name='x.png'))
    write_landmark_set(
        tmp_path, dict(images=images), ann_file=UNLABELLED['ann_file']
    )
    return tmp_path


def build(root, pipeline=(), **unlabelled):
    return PartlyLabelledDataset(
        ann_file='annotations/landmarks.json',
        data_root=str(root),
        split='splits/train.txt',
        num_keypoints=len(NAMES),
        pipeline=list(pipeline),
        unlabelled=UNLABELLED | unlabelled,
    )


def people(dataset, labelled):
    wanted = set(dataset.labelled_indices())
    return {
        dataset.get_data_info(i)['subject']
        for i in range(len(dataset))
        if (i in wanted) == labelled
    }


def test_labelled_images_come_first_and_as_without_the_others(root):
    with logged() as messages:
        dataset = build(root)
    assert any('4 labelled and 5 unlabelled' in m for m in messages)
    plain = build_set(root, split='splits/train.txt')
    assert dataset.labelled_indices() == list(range(len(plain)))
    for i in range(len(plain)):
        ours, theirs = dataset.get_data_info(i), plain.get_data_info(i)
        assert set(ours) == set(theirs)
        assert ours['img_path'] == theirs['img_path']
        assert np.array_equal(ours['keypoints'], theirs['keypoints'])


def test_people_who_are_tested_are_left_out(root):
    dataset = build(root)
    assert people(dataset, labelled=True) == {'subject0', 'subject1'}
    assert people(dataset, labelled=False) == {
        *('subject0', 'subject1', 'subject2', 'subject3', 'x')
    }
    dataset = build(root, **dict(split='splits/some.txt'))
    assert people(dataset, labelled=False) == {'subject2'}
    # A split of single images excludes their people.
    (root / 'splits' / 'images.txt').write_text('image:009.png\n')
    dataset = build(root, exclude=['splits/images.txt'])
    assert 'subject4' not in people(dataset, labelled=False)
    assert 'subject5' in people(dataset, labelled=False)


def test_a_batch_is_so_many_of_both(root):
    config = dict(
        batch_size=3,
        num_workers=0,
        sampler=dict(type='InfiniteSampler', shuffle=True),
        batch_sampler=dict(type='PartlyLabelledBatchSampler', unlabelled=2),
        dataset=build(root, pipeline=PIPELINE),
    )
    loader = Runner.build_dataloader(config, seed=1)
    for _, batch in zip(range(4), loader):
        samples = batch['data_samples']
        weights = torch.cat(
            [s.gt_instance_labels.keypoint_weights for s in samples]
        )
        assert weights.shape == (5, len(NAMES))
        assert weights[:3].any(1).all() and not weights[3:].any()


def test_labelled_images_are_drawn_as_without_the_others(root):
    dataset = build(root)
    sampler = InfiniteSampler(dataset, seed=5)
    batches = iter(PartlyLabelledBatchSampler(sampler, 3, unlabelled=2))
    plain = iter(InfiniteSampler(range(4), seed=5))
    drawn = []
    for _ in range(20):
        batch = next(batches)
        assert batch[:3] == [next(plain) for _ in range(3)]
        drawn += batch[3:]
    for other in (InfiniteSampler(range(5)), DefaultSampler(dataset)):
        with refused(expected='PartlyLabelledDataset'):
            PartlyLabelledBatchSampler(other, 2, unlabelled=1)
    for wrong in (
        dict(unlabelled=0),
        dict(equal_at=0),
        dict(unlabelled=1, equal_at=1),
        {},
    ):
        with refused(expected='one of them'):
            PartlyLabelledBatchSampler(sampler, 2, **wrong)
    with pytest.raises(InputError, match='batch_size'):
        PartlyLabelledBatchSampler(sampler, 1, equal_at=20)
    # A round through the unlabelled ones shows each once.
    assert sorted(drawn[:5]) == list(range(4, 9))
    assert sorted(drawn[5:10]) == list(range(4, 9))


@pytest.mark.parametrize(
    'equal_at, size, unlabelled',
    [
        (4, 8, 4),
        (1, 8, 2),
        # No unlabelled image more often than a labelled one: 5 of 9.
        (400, 9, 5),
        # At least one of each.
        (1, 2, 1),
    ],
)
def test_the_more_labels_the_fewer_others(root, equal_at, size, unlabelled):
    dataset = build(root)
    labelled = {*dataset.labelled_indices()}
    assert (len(labelled), len(dataset)) == (4, 9)
    batches = PartlyLabelledBatchSampler(
        InfiniteSampler(dataset, seed=0), size, equal_at=equal_at
    )
    for _, batch in zip(range(3), batches):
        assert len(batch) == size
        assert sum(i not in labelled for i in batch) == unlabelled


@pytest.mark.parametrize(
    'changes, where',
    [
        (dict(splits='x'), ''),
        (dict(exclude=[]), '.exclude'),
        (dict(exclude='splits/test.txt'), '.exclude'),
    ],
)
def test_a_wrong_argument_is_refused(root, changes, where):
    with refused(f'dataset.unlabelled{where}'):
        build(root, **changes)
    with refused('dataset.crop'):
        PartlyLabelledDataset('a.json', unlabelled=UNLABELLED, crop='bbox')


def test_unknown_people_nobody_and_missing_files_are_refused(root):
    subjects = [f'subject{i}' for i in range(6)]
    (root / 'splits' / 'all.txt').write_text('\n'.join([*subjects, 'x']))
    with refused(found='no image is left'):
        build(root, exclude=['splits/all.txt'])
    file = root / UNLABELLED['ann_file']
    content = json.loads(file.read_text())
    subject = content['images'][1].pop('subject')
    file.write_text(json.dumps(content))
    with refused(f'{file}: image id=202'):
        build(root)
    content['images'][1]['subject'] = subject
    file.write_text(json.dumps(content))
    for missing in (
        dict(ann_file='annotations/nothing.json'),
        dict(exclude=['splits/nobody.txt']),
    ):
        with pytest.raises(MissingFileError, match='nothing|nobody'):
            build(root, **missing)
    (root / 'images' / 'smile_0.png').unlink()
    with refused(found='smile_0.png', kind=MissingFileError):
        build(root)


def config_of(root, test='splits/test.txt', **unlabelled):
    shared = dict(ann_file='annotations/landmarks.json', data_root=str(root))
    return Config(
        dict(
            train_dataloader=dict(
                dataset=dict(
                    shared,
                    split='splits/train.txt',
                    unlabelled=UNLABELLED | unlabelled,
                )
            ),
            test_dataloader=dict(dataset=dict(shared, split=test)),
            val_dataloader=None,
        )
    )


def test_a_run_that_shows_tested_people_is_refused(root):
    refuse_unlabelled_overlap(config_of(root))
    refuse_unlabelled_overlap(Config(dict(train_dataloader=None)))
    with pytest.raises(InputError) as error:
        refuse_unlabelled_overlap(
            config_of(root, exclude=['splits/train.txt'])
        )
    message = str(error.value)
    assert '2 of the people of test_dataloader' in message
    assert 'unlabelled.exclude' in message
    assert 'subject4' not in message
    # Everyone of a test set without split.
    with pytest.raises(InputError, match='4 of the people'):
        refuse_unlabelled_overlap(config_of(root, test=None))


def test_the_plain_training_data_are_the_labelled_ones(root):
    cfg = config_of(root)
    cfg.train_dataloader.update(
        batch_size=4,
        num_workers=0,
        sampler=dict(type='InfiniteSampler'),
        batch_sampler=dict(type='PartlyLabelledBatchSampler', unlabelled=2),
    )
    cfg.train_dataloader.dataset.update(
        type='PartlyLabelledDataset', pipeline=PIPELINE
    )
    steps = [s for s in PIPELINE if not s['type'].startswith('Random')]
    cfg.test_dataloader.dataset.pipeline = steps
    (batch,) = plain_training_data(cfg)
    names = {s.subject for s in batch['data_samples']}
    assert len(batch['data_samples']) == 4
    assert names == {'subject0', 'subject1'}


def test_several_files_train_without_labels_each_image_once(root):
    both = [UNLABELLED['ann_file'], 'annotations/landmarks.json']
    one = build(root)
    dataset = build(root, ann_file=both + both)
    paths = [
        info['img_path']
        for info in map(dataset.get_data_info, range(len(dataset)))
    ]
    assert len({*paths}) == len(paths) > len(one)
    # Labels of the second file are not used.
    own = {*dataset.labelled_indices()}
    assert own == {*one.labelled_indices()}
    assert not any(
        dataset.get_data_info(i)['keypoints_visible'].any()
        for i in range(len(dataset))
        if i not in own
    )


def test_mesh_labels_train_but_are_not_labels_of_their_own(root, monkeypatch):
    def label(labelled, others):
        for info in others:
            info['keypoints'] = np.full((1, len(NAMES), 2), 5.0)
            info['keypoints_visible'] = np.ones((1, len(NAMES)))
        return others[1:]

    monkeypatch.setattr(partly_labelled, 'label_by_mesh', label)
    # With what a Runner's data set leaves out.
    plain, dataset = (
        build(root, PIPELINE),
        build(root, PIPELINE, mesh_labels=True),
    )
    assert len(dataset) == len(plain) - 1
    assert dataset.labelled_indices() == plain.labelled_indices()
    assert all(
        dataset.get_data_info(i)['keypoints_visible'].any()
        for i in range(len(dataset))
    )
