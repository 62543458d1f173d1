import json

import pytest
from mmengine.config import Config

from mmpose_ctd.people_overlap import (
    split_overlap,
    split_people,
    stated_overlap,
)


@pytest.fixture
def config(tmp_path):
    def config(train, test, ann_file='a.json'):
        for name, subjects in (('train', train), ('test', test)):
            (tmp_path / f'{name}.txt').write_text('\n'.join(subjects))
        sets = {
            f'{name}_dataloader': dict(
                dataset=dict(
                    data_root=str(tmp_path), ann_file=ann, split=f'{name}.txt'
                )
            )
            for name, ann in (('train', 'a.json'), ('test', ann_file))
        }
        return Config(sets)

    return config


def write_people(tmp_path, *subjects):
    images = [
        dict(id=i, file_name=f'{i}.png', subject=subject)
        for i, subject in enumerate(subjects)
    ]
    category = dict(keypoints=['a'])
    content = dict(images=images, annotations=[], categories=[category])
    (tmp_path / 'a.json').write_text(json.dumps(content))


def test_shared_subjects_are_counted_not_named(config):
    found = split_overlap(config(['anna', 'bob', 'cyd'], ['cyd', 'dan']))
    assert found.startswith('1 of the 2 subjects of test_dataloader')
    assert 'cyd' not in found
    # Another file of the same set shows the same people.
    assert split_overlap(config(['anna'], ['anna'], 'b.json')) != ''


def test_other_people_and_other_sets_are_silent(config, tmp_path):
    assert split_overlap(config(['anna', 'bob'], ['cyd'])) == ''
    # Ids of another set may be the same by chance.
    elsewhere = 'other/annotations/a.json'
    assert split_overlap(config(['anna'], ['anna'], elsewhere)) == ''
    assert split_overlap(Config(dict(train_dataloader=None))) == ''
    # The dataset reports a missing file.
    cfg = config(['anna'], ['anna'])
    (tmp_path / 'test.txt').unlink()
    assert split_overlap(cfg) == ''


def test_without_a_split_everybody_counts(config, tmp_path):
    write_people(tmp_path, 'anna', 'bob', None)
    cfg = config(['anna'], ['bob'])
    del cfg.test_dataloader.dataset['split']
    assert split_overlap(cfg).startswith('1 of the 3')
    assert stated_overlap(cfg) == {'anna'}


@pytest.mark.parametrize(
    'train, test, found',
    [
        (['image:0.png', 'image:2.png'], ['image:1.png'], '1 of the 1'),
        (['image:0.png', 'image:2.png'], ['anna', 'bob'], '2 of the 2'),
        (['bob'], ['image:1.png'], ''),
        # Without a subject, an image is only itself.
        (['bob'], ['image:3.png'], ''),
        (['image:3.png'], ['image:3.png'], '1 of the 1'),
    ],
)
def test_lines_of_images_stand_for_their_people(
    config, tmp_path, train, test, found
):
    write_people(tmp_path, 'anna', 'anna', 'bob', None)
    assert split_overlap(config(train, test))[: len('1 of the 1')] == found


def test_the_people_of_a_split_are_subjects(config, tmp_path):
    write_people(tmp_path, 'anna', 'anna', 'bob', None)
    cfg = config(['image:0.png', 'image:3.png'], ['bob'])
    found = split_people(cfg, 'train_dataloader')
    assert found == {'anna', 'image:3.png'}
    test = str(tmp_path / 'test.txt')
    assert split_people(cfg, 'train_dataloader', test) == {'bob'}
    assert split_people(cfg, 'val_dataloader') is None
