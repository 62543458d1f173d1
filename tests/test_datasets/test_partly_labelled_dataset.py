"""Unlabelled images beside labelled ones, and whose they may be."""

import json

import numpy as np
import pytest
import torch
from landmark_set import NAMES, landmark_content, logged, write_landmark_set
from mmengine.config import Config
from mmengine.dataset import DefaultSampler, InfiniteSampler
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmpose_ctd.apis.feature_extractor import plain_training_data
from mmpose_ctd.datasets import (
    CIFASDDataset,
    PartlyLabelledBatchSampler,
    PartlyLabelledDataset,
)
from mmpose_ctd.datasets.unlabelled_images import labelled_part
from mmpose_ctd.errors import InputError, MissingFileError
from mmpose_ctd.models.losses import HeatmapFrobeniusLoss
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


def build(root, split='splits/train.txt', pipeline=(), **unlabelled):
    return PartlyLabelledDataset(
        ann_file='annotations/landmarks.json',
        data_root=str(root),
        split=split,
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
    dataset = build(root)
    plain = CIFASDDataset(
        ann_file='annotations/landmarks.json',
        data_root=str(root),
        split='splits/train.txt',
        num_keypoints=len(NAMES),
    )
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


def test_a_split_of_single_images_excludes_their_people(root):
    lines = 'image:009.png\n'
    (root / 'splits' / 'images.txt').write_text(lines)
    dataset = build(root, exclude=['splits/images.txt'])
    assert 'subject4' not in people(dataset, labelled=False)
    assert 'subject5' in people(dataset, labelled=False)


def test_a_split_of_the_unlabelled_names_who_may(root):
    unlabelled = UNLABELLED | dict(split='splits/some.txt')
    dataset = PartlyLabelledDataset(
        ann_file='annotations/landmarks.json',
        data_root=str(root),
        split='splits/train.txt',
        unlabelled=unlabelled,
    )
    assert people(dataset, labelled=False) == {'subject2'}


def test_labels_of_unlabelled_images_are_not_used(root):
    """The labelled file itself can serve, all others' labels unseen."""
    dataset = build(root, ann_file='annotations/landmarks.json')
    assert dataset.labelled_indices() == list(range(4))
    assert people(dataset, labelled=False) == {'subject2', 'subject3'}
    for i in range(4, len(dataset)):
        info = dataset.get_data_info(i)
        assert not info['keypoints'].any()
        assert not info['keypoints_visible'].any()


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
        weights = torch.cat(
            [
                s.gt_instance_labels.keypoint_weights
                for s in batch['data_samples']
            ]
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
    # A round through the unlabelled ones shows each once.
    assert sorted(drawn[:5]) == list(range(4, 9))
    assert sorted(drawn[5:10]) == list(range(4, 9))


def test_the_loss_is_that_of_the_labelled_images_alone(root):
    dataset = build(root, pipeline=PIPELINE)
    sampler = InfiniteSampler(dataset, seed=0)
    loader = DataLoader(
        dataset,
        batch_sampler=PartlyLabelledBatchSampler(sampler, 4, unlabelled=3),
        collate_fn=list,
    )
    samples = [s['data_samples'] for s in next(iter(loader))]
    target = torch.stack([s.gt_fields.heatmaps for s in samples])
    weights = torch.cat(
        [s.gt_instance_labels.keypoint_weights for s in samples]
    )
    output = torch.rand(target.shape)
    mixed = HeatmapFrobeniusLoss(labelled_only=True)(output, target, weights)
    alone = HeatmapFrobeniusLoss()(output[:4], target[:4], weights[:4])
    torch.testing.assert_close(mixed, alone)
    assert alone > 0


def test_the_number_of_both_is_told(root):
    with logged() as messages:
        build(root)
    assert any('4 labelled and 5 unlabelled' in m for m in messages)


def test_nobody_can_forget_who_is_tested(root):
    for exclude in ([], 'splits/test.txt'):
        with pytest.raises(InputError, match='expected a list of split files'):
            build(root, exclude=exclude)


@pytest.mark.parametrize('unlabelled', [{}, UNLABELLED | dict(splits='x')])
def test_missing_and_strange_keys_are_told(root, unlabelled):
    with pytest.raises(InputError, match='expected ann_file, exclude and'):
        PartlyLabelledDataset(
            ann_file='annotations/landmarks.json',
            data_root=str(root),
            unlabelled=unlabelled,
        )


def test_an_image_of_an_unknown_person_is_refused(root):
    file = root / UNLABELLED['ann_file']
    content = json.loads(file.read_text())
    del content['images'][1]['subject']
    file.write_text(json.dumps(content))
    with pytest.raises(InputError, match="id=202 has no 'subject'"):
        build(root)


def test_nobody_left_is_told(root):
    subjects = [f'subject{i}' for i in range(6)]
    (root / 'splits' / 'all.txt').write_text('\n'.join([*subjects, 'x']))
    with pytest.raises(InputError, match='no image is left'):
        build(root, exclude=['splits/all.txt'])


def test_missing_files_are_told(root):
    with pytest.raises(MissingFileError, match=r'nothing\.json'):
        build(root, ann_file='annotations/nothing.json')
    with pytest.raises(MissingFileError, match=r'nobody\.txt'):
        build(root, exclude=['splits/nobody.txt'])
    (root / 'images' / 'smile_0.png').unlink()
    with pytest.raises(MissingFileError, match=r'smile_0\.png'):
        build(root)


def test_boxes_and_unlabelled_images_do_not_go_together(root):
    with pytest.raises(InputError, match="needs crop='image'"):
        PartlyLabelledDataset(
            ann_file='annotations/landmarks.json',
            data_root=str(root),
            crop='bbox',
            unlabelled=UNLABELLED,
        )


def test_the_sampler_refuses_what_it_cannot_mix(root):
    dataset = build(root)
    for sampler in (InfiniteSampler(range(5)), DefaultSampler(dataset)):
        with pytest.raises(InputError, match='InfiniteSampler of a Partly'):
            PartlyLabelledBatchSampler(sampler, 2, unlabelled=1)
    with pytest.raises(InputError, match='unlabelled=0'):
        PartlyLabelledBatchSampler(InfiniteSampler(dataset), 2, unlabelled=0)


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


def test_what_looks_at_labels_takes_the_labelled_part(root):
    config = config_of(root).train_dataloader.dataset
    dataset = dict(config, type='PartlyLabelledDataset')
    assert labelled_part(dataset) == dict(
        type='CIFASDDataset',
        **{k: v for k, v in config.items() if k != 'unlabelled'},
    )
    plain = dict(type='CIFASDDataset', split='x.txt')
    assert labelled_part(dict(plain)) == plain


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
