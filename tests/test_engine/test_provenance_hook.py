"""Checkpoints know who trained, without naming anyone."""

import copy
import re
import shutil
import zipfile

import pytest
import torch
from landmark_set import logged
from mmengine.runner import Runner
from mmpose.registry import DATASETS
from people_set import (
    PEOPLE,
    REDRAWN,
    SPLITS,
    people_config,
    run_test,
    train_people,
    write_people,
    write_splits,
)
from refusals import refused

from mmpose_ctd import trained_people
from mmpose_ctd.datasets.subject_key import (
    KEY_FILE,
    fingerprint,
    hash_subjects,
    read_key,
)
from mmpose_ctd.trained_people import compare_people, people_record


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    place = tmp_path_factory.mktemp('place')
    root = write_people(place / 'data')
    cfg, checkpoint = train_people(place / 'run', root)
    return root, cfg, checkpoint


@pytest.fixture
def place(trained, tmp_path):
    """A copy of the set, for a test to change, and the trained model."""
    root, cfg, checkpoint = trained
    copy_of_set = tmp_path / 'data'
    shutil.copytree(root, copy_of_set)
    cfg = copy.deepcopy(cfg)
    for loader in ('train', 'val', 'test'):
        dataset = cfg[f'{loader}_dataloader'].dataset
        dataset.data_root = str(copy_of_set)
    cfg.work_dir = str(tmp_path / 'run')
    cfg.experiment_name = tmp_path.name
    return copy_of_set, cfg, checkpoint


def meta_of(checkpoint):
    return torch.load(checkpoint, weights_only=False)['meta']


def ann_file(root):
    return str(root / 'annotations/landmarks.json')


def test_a_checkpoint_holds_keyed_hashes_of_its_people(trained):
    root, _, checkpoint = trained
    key = read_key(str(root / KEY_FILE))
    record = meta_of(checkpoint)['training_people']
    assert record == dict(
        hashes={fingerprint(key): sorted(hash_subjects(key, SPLITS['train']))},
        nameless=0,
        missing=[],
    )


def test_nothing_in_a_checkpoint_names_a_person_or_the_key(trained):
    root, _, checkpoint = trained
    with zipfile.ZipFile(checkpoint) as file:
        pickled = file.read(
            next(n for n in file.namelist() if n.endswith('data.pkl'))
        )
    found = compare_people(
        torch.load(checkpoint, weights_only=False),
        ann_file(root),
        {*PEOPLE},
    )
    # The key tells; the file without it does not.
    assert found.trained == {*SPLITS['train']}
    key = (root / KEY_FILE).read_text().split()[-1]
    for secret in (key.encode(), bytes.fromhex(key)):
        assert secret not in pickled
    # A hash may hold the letters of an id by chance.
    readable = re.sub(rb'[0-9a-f]{32,}', b'', pickled)
    assert not [one for one in PEOPLE if one.encode() in readable]


def test_unlabelled_and_wrapped_people_train_too(place):
    root, cfg, _ = place
    write_splits(root, dict(train=PEOPLE[:5], more=PEOPLE[5:10]))
    inner = cfg.train_dataloader.dataset.to_dict()
    inner['serialize_data'] = False
    unlabelled = dict(
        ann_file='annotations/landmarks.json',
        exclude=['splits/val.txt', 'splits/test.txt'],
        split='splits/more.txt',
    )
    partly = dict(inner, type='PartlyLabelledDataset', unlabelled=unlabelled)
    both = [partly, dict(inner, split='splits/val.txt')]
    wrapped = dict(type='ConcatDataset', datasets=both)
    for dataset, people in (
        (partly, PEOPLE[:10]),
        (dict(type='RepeatDataset', times=1, dataset=wrapped), PEOPLE[:20]),
    ):
        record = people_record(DATASETS.build(dataset))
        content = dict(meta=dict(training_people=record))
        found = compare_people(content, ann_file(root), {*PEOPLE})
        assert found.trained == {*people} and not found.note


def test_people_of_the_checkpoint_that_was_started_from_count(trained, place):
    root, cfg, checkpoint = place
    write_splits(root, dict(train=PEOPLE[10:12]))
    cfg.load_from = str(checkpoint)
    cfg.train_cfg.max_epochs = 1
    Runner.from_cfg(cfg).train()
    content = torch.load(f'{cfg.work_dir}/epoch_1.pth', weights_only=False)
    found = compare_people(content, ann_file(root), {*PEOPLE})
    assert found.trained == {*PEOPLE[:12]} and not found.note


def test_a_start_that_does_not_name_its_people_is_remembered(place, tmp_path):
    root, cfg, checkpoint = place
    content = torch.load(checkpoint, weights_only=False)
    del content['meta']['training_people']
    torch.save(content, tmp_path / 'old.pth')
    cfg.load_from = str(tmp_path / 'old.pth')
    cfg.train_cfg.max_epochs = 1
    Runner.from_cfg(cfg).train()
    content = torch.load(f'{cfg.work_dir}/epoch_1.pth', weights_only=False)
    found = compare_people(content, ann_file(root), {*PEOPLE})
    assert found.comparable and found.note


def test_a_redrawn_split_is_refused(place):
    root, cfg, checkpoint = place
    assert not any('people' in text for text in run_test(cfg, checkpoint))
    write_splits(root, REDRAWN)
    with refused(found='4 of the 10') as error:
        run_test(cfg, checkpoint)
    assert not any(one in str(error.value) for one in PEOPLE)


def test_people_on_both_sides_of_the_configs_own_splits_are_a_warning(place):
    root, cfg, checkpoint = place
    write_splits(root, dict(test=PEOPLE[8:12]))
    messages = run_test(cfg, checkpoint)
    assert any('2 of the 4' in message for message in messages)


@pytest.mark.parametrize('key', ['absent', 'another', 'damaged'])
def test_with_another_key_people_cannot_be_compared(place, key):
    root, cfg, checkpoint = place
    write_splits(root, REDRAWN)
    file = root / KEY_FILE
    if key == 'absent':
        file.unlink()
    else:
        file.write_text('0' * (64 if key == 'another' else 63))
    if key == 'damaged':
        with refused(str(file)):
            run_test(cfg, checkpoint)
        return
    messages = run_test(cfg, checkpoint)
    assert any('cannot be compared' in message for message in messages)
    # A test makes no key.
    assert file.exists() == (key == 'another')


def test_images_without_a_subject_stand_for_themselves(tmp_path):
    def change(content):
        for image in content['images'][8:12]:
            del image['subject']

    root = write_people(tmp_path / 'data', change)
    lines = [*PEOPLE[:8], 'image:009.png', 'image:010.png']
    write_splits(root, dict(train=lines, val=PEOPLE[12:20]))
    cfg, checkpoint = train_people(tmp_path / 'run', root)
    content = torch.load(checkpoint, weights_only=False)
    assert content['meta']['training_people']['nameless'] == 2
    write_splits(root, dict(test=['image:009.png', *PEOPLE[20:24]]))
    write_splits(root, dict(train=PEOPLE[:8]))
    with refused(found='1 of the 5'):
        run_test(cfg, checkpoint)
    write_splits(root, dict(test=['image:011.png', *PEOPLE[20:24]]))
    messages = run_test(cfg, checkpoint)
    assert any('no subject' in message for message in messages)


def test_a_set_that_cannot_be_written_trains_with_a_warning(
    tmp_path, monkeypatch
):
    def refuse(path):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(trained_people, 'make_key', refuse)
    root = write_people(tmp_path / 'data')
    cfg = people_config(tmp_path / 'run', root)
    checkpoint = tmp_path / 'run/epoch_2.pth'
    runner = Runner.from_cfg(copy.deepcopy(cfg))
    with logged() as messages:
        runner.train()
    assert any('Permission denied' in message for message in messages)
    assert str(root) not in str(meta_of(checkpoint)['training_people'])
    messages = run_test(cfg, checkpoint)
    assert any('cannot be compared' in message for message in messages)


@pytest.mark.parametrize('record', [3, dict(hashes={'a': 'b'})])
def test_a_strange_record_is_as_good_as_none(trained, record):
    root, _, _ = trained
    content = dict(meta=dict(training_people=record))
    found = compare_people(content, ann_file(root), {'c001'})
    assert not found.comparable and found.note and not found.trained


def test_another_framing_is_refused(place):
    _, cfg, checkpoint = place
    key = 'test_dataloader.dataset.pipeline.1.padding'
    cfg.merge_from_dict({key: 1.5})
    with refused(str(checkpoint)):
        run_test(cfg, checkpoint)
