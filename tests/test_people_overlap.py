import json

import pytest
from mmengine.config import Config

from mmpose_ctd.people_overlap import split_overlap, stated_overlap


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


def test_shared_subjects_are_counted_not_named(config):
    told = split_overlap(config(['anna', 'bob', 'cyd'], ['cyd', 'dan']))
    assert told.startswith('1 of the 2 subjects of test_dataloader')
    assert 'cyd' not in told


def test_nothing_is_said_of_sets_apart(config):
    assert split_overlap(config(['anna', 'bob'], ['cyd'])) == ''
    # Ids of another set may be the same by chance.
    elsewhere = 'other/annotations/a.json'
    assert split_overlap(config(['anna'], ['anna'], elsewhere)) == ''
    assert split_overlap(Config(dict(train_dataloader=None))) == ''


def test_two_annotation_files_of_a_set_show_the_same_people(config):
    assert split_overlap(config(['anna'], ['anna'], 'b.json')) != ''


def test_without_a_split_everybody_counts(config, tmp_path):
    images = [
        dict(id=i, file_name=f'{i}.png', subject=subject)
        for i, subject in enumerate(['anna', 'bob', None])
    ]
    content = dict(
        images=images, annotations=[], categories=[dict(keypoints=['a'])]
    )
    (tmp_path / 'a.json').write_text(json.dumps(content))
    cfg = config(['anna'], ['bob'])
    del cfg.test_dataloader.dataset['split']
    assert split_overlap(cfg).startswith('1 of the 3')
    assert stated_overlap(cfg) == {'anna'}


def test_a_missing_split_is_left_to_the_dataset(config, tmp_path):
    cfg = config(['anna'], ['anna'])
    (tmp_path / 'test.txt').unlink()
    assert split_overlap(cfg) == ''


def test_a_subject_shared_by_images_is_noticed(config, tmp_path):
    images = [
        dict(id=i, file_name=f'{i}.png', subject=subject)
        for i, subject in enumerate(['anna', 'anna', 'bob', None])
    ]
    category = dict(keypoints=['a'])
    content = dict(images=images, annotations=[], categories=[category])
    (tmp_path / 'a.json').write_text(json.dumps(content))
    one = ['image:0.png', 'image:2.png', 'image:3.png']
    assert split_overlap(config(one, ['image:1.png'])).startswith('1 of the 1')
    # A file of subjects beside one of images.
    assert split_overlap(config(one, ['anna', 'bob'])).startswith('2 of the 2')
    assert split_overlap(config(['bob'], ['image:1.png'])) == ''
    # Without a subject, an image is only itself.
    assert split_overlap(config(['bob'], ['image:3.png'])) == ''
    assert split_overlap(config(one, ['image:3.png'])) != ''
